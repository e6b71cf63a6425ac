// SPDX-License-Identifier: Apache-2.0
#include "plugin/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace signalfoundry::plugin {

namespace {
constexpr std::size_t kNamesMax = 1'000;
bool valid(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}
}  // namespace

bool Metrics::add(std::string_view stage, std::string_view name, std::uint64_t by) {
  const std::lock_guard lock(mutex_);
  if (!valid(name) || counters_.size() >= kNamesMax) return false;
  counters_[{std::string(name), std::string(stage)}] += by;
  return true;
}

bool Metrics::set(std::string_view stage, std::string_view name, double value) {
  const std::lock_guard lock(mutex_);
  if (!valid(name) || gauges_.size() >= kNamesMax) return false;
  gauges_[{std::string(name), std::string(stage)}] = value;
  return true;
}

void Metrics::set_total(std::string_view name, std::uint64_t value) {
  const std::lock_guard lock(mutex_);
  counters_[{std::string(name), ""}] = value;
}

std::string Metrics::render() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  const auto write = [&](const auto& all, std::string_view type, std::string_view suffix) {
    std::string last;
    for (const auto& [key, value] : all) {
      const std::string name = fmt::format("signalfoundry_{}{}", key.first, suffix);
      if (name != last) out += fmt::format("# TYPE {} {}\n", name, type);
      last = name;
      out += key.second.empty() ? fmt::format("{} {}\n", name, value)
                                : fmt::format("{}{{stage=\"{}\"}} {}\n", name, key.second, value);
    }
  };
  write(counters_, "counter", "_total");
  write(gauges_, "gauge", "");
  return out;
}

}  // namespace signalfoundry::plugin
