// SPDX-License-Identifier: Apache-2.0
#include "books/gaps.hpp"

#include <algorithm>

namespace signalfoundry::books {

Coverage coverage(std::vector<store::Interval> intervals) {
  Coverage out;
  std::erase_if(intervals, [](const store::Interval& v) { return !v.complete; });
  std::sort(intervals.begin(), intervals.end(), [](const auto& a, const auto& b) { return a.from_ms < b.from_ms; });
  for (const auto& v : intervals) {
    if (out.watermark_ms && v.from_ms > *out.watermark_ms) out.gaps.push_back({*out.watermark_ms, v.from_ms});
    out.watermark_ms = std::max(out.watermark_ms.value_or(v.to_ms), v.to_ms);
  }
  return out;
}

}  // namespace signalfoundry::books
