// SPDX-License-Identifier: Apache-2.0
//
// retry.hpp - how long to wait before asking again, and when to give up. No clock of its own. [stage-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

namespace search {

// "Sun, 06 Nov 1994 08:49:37 GMT" to Unix milliseconds; nothing for anything else.
std::optional<std::int64_t> parse_http_date(std::string_view text);

// A Retry-After header: seconds, or a date seen from `now_ms` (the server's clock). Milliseconds, at least 0, at most
// a day.
std::optional<std::uint32_t> parse_retry_after(std::string_view text, std::int64_t now_ms);

// One series of failures of the same request.
class Backoff {
 public:
  // The series began at `began_ms` (monotonic) and may last `budget_ms`.
  Backoff(std::int64_t began_ms, std::int64_t budget_ms, std::uint32_t seed)
      : began_ms_(began_ms), budget_ms_(budget_ms), random_(seed) {}

  // After a failure at `now_ms`: the wait before the next try, or nothing when the budget would be over by then. What
  // the server asked for is the least; else it doubles from half a second to 30 s, with up to as much again by chance
  // taken off, so that several pollers do not come back together.
  std::optional<std::uint32_t> next(std::int64_t now_ms, std::optional<std::uint32_t> retry_after_ms);
  unsigned tries() const { return tries_; }

 private:
  std::int64_t began_ms_;
  std::int64_t budget_ms_;
  std::minstd_rand random_;
  unsigned tries_ = 0;
};

}  // namespace search
