// SPDX-License-Identifier: Apache-2.0
//
// gaps.hpp - the parts of a source's time line that no complete poll covers. [any-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "store/store.hpp"

namespace signalfoundry::books {

struct Gap {
  std::int64_t from_ms;
  std::int64_t to_ms;
};
struct Coverage {
  std::vector<Gap> gaps;                     // between complete intervals, oldest first
  std::optional<std::int64_t> watermark_ms;  // everything asked for ends here; nothing: no poll was complete yet
};
// `intervals` of one stage, in any order.
Coverage coverage(std::vector<store::Interval> intervals);

}  // namespace signalfoundry::books
