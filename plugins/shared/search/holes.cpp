// SPDX-License-Identifier: Apache-2.0
#include "holes.hpp"

#include <algorithm>

namespace search {

void Holes::add(std::int64_t from_ms, std::int64_t to_ms, bool failed) {
  if (from_ms >= to_ms) return;
  remove(from_ms, to_ms);
  const auto after = std::find_if(all_.begin(), all_.end(), [&](const Stretch& s) { return s.from_ms >= to_ms; });
  all_.insert(after, {from_ms, to_ms, failed});
  join_touching();
  while (all_.size() > kMostHoles) {
    auto closest = all_.begin();
    for (auto at = all_.begin(); std::next(at) != all_.end(); ++at)
      if (std::next(at)->from_ms - at->to_ms < std::next(closest)->from_ms - closest->to_ms) closest = at;
    const auto next = std::next(closest);
    *closest = {closest->from_ms, next->to_ms, closest->failed && next->failed};
    all_.erase(next);
    join_touching();
  }
}

void Holes::remove(std::int64_t from_ms, std::int64_t to_ms) {
  if (from_ms >= to_ms) return;
  std::vector<Stretch> left;
  left.reserve(all_.size() + 1);
  for (const auto& s : all_) {
    if (s.to_ms <= from_ms || s.from_ms >= to_ms) {
      left.push_back(s);
      continue;
    }
    if (s.from_ms < from_ms) left.push_back({s.from_ms, from_ms, s.failed});
    if (s.to_ms > to_ms) left.push_back({to_ms, s.to_ms, s.failed});
  }
  all_ = std::move(left);
}

bool Holes::covers(std::int64_t from_ms, std::int64_t to_ms) const {
  for (const auto& s : all_)
    if (s.from_ms <= from_ms && s.to_ms > from_ms) from_ms = s.to_ms;
  return from_ms >= to_ms;
}

std::int64_t Holes::length_ms() const {
  std::int64_t sum = 0;
  for (const auto& s : all_) sum += s.to_ms - s.from_ms;
  return sum;
}

void Holes::join_touching() {
  std::vector<Stretch> joined;
  joined.reserve(all_.size());
  for (const auto& s : all_) {
    if (!joined.empty() && joined.back().to_ms == s.from_ms && joined.back().failed == s.failed)
      joined.back().to_ms = s.to_ms;
    else
      joined.push_back(s);
  }
  all_ = std::move(joined);
}

}  // namespace search
