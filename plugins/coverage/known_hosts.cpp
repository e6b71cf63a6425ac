// SPDX-License-Identifier: Apache-2.0
#include "known_hosts.hpp"

#include <algorithm>
#include <stdexcept>

#include "../shared/cursor_json.hpp"

namespace coverage {

namespace {
constexpr std::size_t kNameMax = 128;
constexpr std::uint32_t kGapsMax = 1'000'000;
}  // namespace

void KnownHosts::hear(const std::string& name, std::int64_t time_ms) {
  auto it = hosts_.find(name);
  if (it == hosts_.end()) {
    if (hosts_.size() >= max_ && !make_room()) {
      ++left_out_;
      return;
    }
    hosts_.emplace(name, KnownHost{time_ms, 0, 0});
    return;
  }
  auto& host = it->second;
  const auto gap = time_ms - host.last_ms;
  if (gap < kLeastGapMs) return;
  host.last_ms = time_ms;
  if (host.gaps == 0) host.median_ms = gap;
  if (host.gaps < kGapsMax) ++host.gaps;
  const auto step = std::max<std::int64_t>(1, host.median_ms / 10);
  if (gap > host.median_ms) host.median_ms += step;
  if (gap < host.median_ms) host.median_ms = std::max(kLeastGapMs, host.median_ms - step);
}

// A quarter of those without a rhythm go, the longest silent first: so often as that is the whole looked at.
bool KnownHosts::make_room() {
  std::vector<std::pair<std::int64_t, const std::string*>> loose;
  for (const auto& [name, host] : hosts_)
    if (host.gaps < kGapsMin) loose.emplace_back(host.last_ms, &name);
  if (loose.empty()) return false;
  const auto count = loose.size() / 4 + 1;
  std::nth_element(
      loose.begin(), loose.begin() + static_cast<std::ptrdiff_t>(count - 1), loose.end(),
      [](const auto& a, const auto& b) { return a.first != b.first ? a.first < b.first : *a.second < *b.second; });
  std::vector<std::string> gone;
  for (std::size_t i = 0; i < count; ++i) gone.push_back(*loose[i].second);
  for (const auto& name : gone) hosts_.erase(name);
  left_out_ += count;
  return true;
}

void KnownHosts::no_later_than(std::int64_t now_ms) {
  for (auto& [name, host] : hosts_) host.last_ms = std::min(host.last_ms, now_ms);
}

void KnownHosts::forget(std::int64_t now_ms) {
  std::erase_if(hosts_, [&](const auto& one) { return now_ms - one.second.last_ms > kForgetMs; });
}

const KnownHost* KnownHosts::find(const std::string& name) const {
  const auto it = hosts_.find(name);
  return it == hosts_.end() ? nullptr : &it->second;
}

bool KnownHosts::quiet(const KnownHost& host, std::int64_t now_ms, std::int64_t factor, std::int64_t floor_ms) {
  if (factor == 0 || host.gaps < kGapsMin) return false;
  const auto silence = now_ms - host.last_ms;
  return silence > floor_ms && silence / factor > host.median_ms;
}

nlohmann::json KnownHosts::json() const {
  auto out = nlohmann::json::object();
  for (const auto& [name, host] : hosts_) out[name] = {host.last_ms, host.median_ms, host.gaps};
  return out;
}

void KnownHosts::read(const nlohmann::json& json) {
  if (!json.is_object()) throw std::out_of_range("known");
  for (const auto& [name, one] : json.items()) {
    if (name.size() > kNameMax) continue;  // one that nobody expects costs the others nothing
    if (!one.is_array() || one.size() != 3 || !one[2].is_number_unsigned()) throw std::out_of_range("known");
    const auto last = shared::time_of(one[0]);
    const auto median = shared::time_of(one[1]);
    const auto gaps = one[2].get<std::uint64_t>();
    if (!last || !median || *median < 0 || gaps > kGapsMax) throw std::out_of_range("known");
    if (hosts_.size() < max_) hosts_[name] = {*last, *median, static_cast<std::uint32_t>(gaps)};
  }
}

}  // namespace coverage
