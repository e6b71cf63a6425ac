// SPDX-License-Identifier: Apache-2.0
#include "clock.hpp"

#include <algorithm>
#include <cstdlib>

namespace search {
namespace {

constexpr std::int64_t kSkewToTellMs = 30'000;
constexpr std::int64_t kClockToleranceMs = 60'000;
constexpr std::int64_t kProgramMadeMs = 1'704'067'200'000;  // 2024: no right clock is before it

}  // namespace

std::int64_t trusted_now(const sf::Host& host, const std::string& who, std::optional<std::int64_t> told_ms,
                         std::int64_t local_ms) {
  const auto skew = told_ms.value_or(local_ms) - local_ms;
  host.gauge("source_clock_skew_seconds", static_cast<double>(skew) / 1000);
  if (std::abs(skew) > kSkewToTellMs)
    host.warn("the clock of " + who + " is " + std::to_string(std::abs(skew) / 1000) + " s " +
              (skew > 0 ? "ahead of" : "behind") +
              " this machine's; set both by NTP (the earlier is used, unless it is before 2024)");
  if (local_ms < kProgramMadeMs) return local_ms + skew;
  return skew > kSkewToTellMs ? local_ms : local_ms + skew;
}

std::int64_t base_of(const Mark& last, const Reach& reach) {
  auto base = std::min(last.read_ms, reach.to_ms);
  // This machine's clock stood ahead at the last run, and the mark with it: nobody knows by how much.
  if (reach.local_ms < last.local_ms && last.read_ms > reach.to_ms) base = reach.to_ms - reach.start_ms;
  // A server whose clock lost its battery says 1970, and the time line is not to be read again from there.
  return std::max(base, std::min(last.read_ms, reach.local_ms) - reach.start_ms);
}

std::string set_back_warning(const Mark& last, std::int64_t base_ms, std::int64_t to_ms) {
  if (base_ms >= last.read_ms - kClockToleranceMs) return {};
  if (base_ms > to_ms)
    return "a clock was set back since the last run, by more than start: nothing is read until it is right or " +
           std::to_string((base_ms - to_ms) / 1000) + " s have passed; set both clocks by NTP";
  return "a clock was set back since the last run: reading again from " +
         std::to_string((last.read_ms - base_ms) / 1000) + " s before the cursor; set both clocks by NTP";
}

}  // namespace search
