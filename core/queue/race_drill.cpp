// SPDX-License-Identifier: Apache-2.0
#include "queue/race_drill.hpp"

#include <functional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace signalfoundry::queue {

namespace {

constexpr std::size_t kErrorsMax = 10;
using Names = std::vector<std::string>;
enum class Found : std::uint8_t { present, vanished, changed };

Names list_names(const fs::Dir& queue) {
  Names out;
  queue.list([&](const fs::Listed& entry) {
    if (entry.kind == fs::Kind::file && entry.name.ends_with(".json") && entry.name.front() != '.')
      out.emplace_back(entry.name);
    return true;
  });
  return out;
}

Names spread(const Names& all, std::uint64_t count) {
  if (count >= all.size()) return all;
  Names out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back(all[i * all.size() / count]);
  return out;
}

Found of(fs::Gone gone) {
  return gone == fs::Gone::vanished ? Found::vanished : Found::changed;
}

// Leaves in `names` what is present.
Guard pass(const char* guard_name, Names& names, DrillLevel& level,
           const std::function<Found(const std::string&)>& touch) {
  Guard guard{guard_name};
  Names present;
  for (auto& name : names) {
    ++guard.touched;
    try {
      const Found found = touch(name);
      if (found == Found::vanished) ++guard.vanished;
      if (found == Found::changed) ++guard.changed;
      if (found != Found::present) continue;
      ++guard.present;
      present.push_back(std::move(name));
    } catch (const Error& e) {
      ++guard.unhandled;
      if (level.errors.size() < kErrorsMax) level.errors.push_back(printable(e.what(), 300));
    }
  }
  names = std::move(present);
  return guard;
}

}  // namespace

std::uint64_t DrillLevel::unhandled() const {
  std::uint64_t sum = 0;
  for (const auto& guard : guards) sum += guard.unhandled;
  return sum;
}

DrillLevel drill_race(const fs::Dir& queue, std::optional<std::uint64_t> sample, std::uint64_t limit) {
  DrillLevel level;
  level.name = sample ? "sample" : "listing";
  const auto started = monotonic_ms();
  Names names = list_names(queue);
  if (sample) names = spread(names, *sample);
  level.enumerated = names.size();
  level.guards.push_back(pass("stat", names, level, [&](const std::string& name) {
    return queue.stat(name).match(
        [](const fs::Info& info) { return info.kind == fs::Kind::file ? Found::present : Found::changed; }, of);
  }));
  level.guards.push_back(pass("read", names, level, [&](const std::string& name) {
    return queue.read(name, limit).match([](const fs::Content&) { return Found::present; }, of);
  }));
  level.duration_s = static_cast<double>(monotonic_ms() - started) / 1000.0;
  return level;
}

}  // namespace signalfoundry::queue
