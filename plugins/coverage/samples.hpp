// SPDX-License-Identifier: Apache-2.0
//
// samples.hpp - quantiles of the ages of one run's alerts: exact up to 8,192 of them, then of a fair sample of that
// many (Vitter's algorithm R). Thread: one at a time.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace coverage {

class Samples {
 public:
  static constexpr std::size_t kKept = 8'192;

  void add(std::int64_t value) {
    ++seen_;
    if (kept_.size() < kKept) return kept_.push_back(value);
    const auto at = random_() % seen_;
    if (at < kKept) kept_[at] = value;
  }
  std::uint64_t count() const { return seen_; }
  // The value that `percent` of 100 do not exceed (nearest rank); nothing where there is none.
  std::optional<std::int64_t> quantile(std::size_t percent) const {
    if (kept_.empty()) return std::nullopt;
    auto values = kept_;
    const auto rank = (values.size() * percent + 99) / 100;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
    std::nth_element(values.begin(), at, values.end());
    return *at;
  }

 private:
  std::vector<std::int64_t> kept_;
  std::uint64_t seen_ = 0;
  std::mt19937_64 random_;  // the same each time: a report can be had again
};

}  // namespace coverage
