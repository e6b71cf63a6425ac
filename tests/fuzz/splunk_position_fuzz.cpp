// SPDX-License-Identifier: Apache-2.0
//
// Goal: a cursor that is read is written as itself, and no cursor or clock leads to a stretch that runs backwards,
// skips what was not read, or is cut into slices with gaps. Input: a cursor in the first line, this machine's and the
// server's clock in the second.
#include <signalfoundry/error.hpp>

#include <algorithm>
#include <charconv>

#include "cursor.hpp"
#include "fuzz.hpp"

using namespace source_splunk;
using fuzz::hold;

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kLastClockMs = 253'402'300'800'000;  // the last that an HTTP date can give

std::int64_t clock_of(std::string_view text) {
  std::int64_t out = 1'795'549'345'788;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out < 0 || out > kLastClockMs ? kLastClockMs : out;
}

void check_slices(const Plan& plan) {
  const std::int64_t longest = std::max<std::int64_t>(1000, (plan.to_ms - plan.from_ms) / 7000 * 1000);
  std::int64_t at = plan.from_ms;
  while (at < plan.to_ms) {
    auto slice = slice_after(plan, at, longest);
    hold(slice.from_ms == at && slice.to_ms > at && slice.to_ms <= plan.to_ms);
    const auto smaller = half(slice);
    hold(smaller.from_ms == at && smaller.to_ms > at && smaller.to_ms <= slice.to_ms && smaller.to_ms % 1000 == 0);
    at = slice.to_ms;
  }
  hold(at == plan.to_ms);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [text, clocks] = fuzz::cut(fuzz::text_of(data, size), "\n");
  const auto [local, now] = fuzz::cut(clocks, " ");
  Settings settings;
  settings.overlap_ms = 300'000;
  settings.visibility_delay_ms = 30'000;
  settings.start_ms = kDayMs;
  try {
    const auto cursor = from_position(text);
    const Plan next = plan(cursor, settings, clock_of(now), clock_of(local), "filter");
    hold(next.from_ms <= next.to_ms && next.from_ms >= 0 && next.from_ms % 1000 == 0 && next.to_ms % 1000 == 0);
    hold(next.to_ms <= std::max<std::int64_t>(0, clock_of(now) - settings.visibility_delay_ms));
    hold(next.warning.empty() || fuzz::sentence(next.warning, 400));
    check_slices(next);
    const auto written = from_position(to_position(next.cursor));
    hold(written && written->indexed_ms == next.cursor.indexed_ms && written->local_ms == clock_of(local));
    if (!cursor) return 0;
    hold(next.from_ms <= std::max<std::int64_t>(0, cursor->indexed_ms - settings.overlap_ms));
    const auto again = from_position(to_position(*cursor));
    hold(again && again->indexed_ms == cursor->indexed_ms && again->filter == cursor->filter);
  } catch (const sf::Error& error) {
    hold(fuzz::sentence(error.what(), 500));
  }
  return 0;
}
