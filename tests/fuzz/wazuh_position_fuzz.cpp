// SPDX-License-Identifier: Apache-2.0
//
// Goal: a cursor that is read is written as itself, and no cursor or clock leads to a stretch that runs backwards into
// nonsense; an answer's headers give a time and a wait within bounds, or nothing. Input: a cursor in the first line, a
// header's value in the second, this machine's and the indexer's clock in the third.
#include <signalfoundry/error.hpp>

#include <charconv>

#include "cursor.hpp"
#include "fuzz.hpp"
#include "retry.hpp"

using namespace search;
using fuzz::hold;

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kLastClockMs = 100'000'000'000'000;  // of a clock that read_answer() believes

std::int64_t clock_of(std::string_view text) {
  std::int64_t out = 1'726'653'704'788;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out < 0 || out > kLastClockMs ? kLastClockMs : out;
}

void check_cursor(std::string_view text, std::int64_t now_ms, std::int64_t local_ms) {
  Settings settings;
  settings.overlap_ms = 600'000;
  settings.visibility_delay_ms = 20'000;
  settings.start_ms = kDayMs;
  try {
    const auto cursor = from_position(text, "source_wazuh");
    const Plan next = plan(cursor, settings, now_ms, local_ms, "filter");
    hold(next.from_ms <= next.to_ms && next.to_ms == now_ms - settings.visibility_delay_ms);
    hold(next.warning.empty() || fuzz::sentence(next.warning, 400));
    const auto written = from_position(to_position(next.cursor), "source_wazuh");
    hold(written && written->watermark_ms == next.cursor.watermark_ms && written->local_ms == local_ms);
    if (!cursor) return;
    hold(next.from_ms <= cursor->watermark_ms - settings.overlap_ms);  // what may be new is always read again
    const auto again = from_position(to_position(*cursor), "source_wazuh");
    hold(again && again->watermark_ms == cursor->watermark_ms && again->local_ms == cursor->local_ms &&
         again->filter == cursor->filter);
  } catch (const sf::Error& error) {
    hold(fuzz::sentence(error.what(), 500));
  }
}

void check_header(std::string_view text, std::int64_t now_ms) {
  if (const auto date = parse_http_date(text)) hold(*date >= 0 && *date <= 253'402'300'800'000 + 31 * kDayMs);
  const auto wait = parse_retry_after(text, now_ms);
  hold(!wait || *wait <= kDayMs);
  Backoff backoff(0, 60'000, 7);
  std::int64_t at = 0;
  while (const auto pause = backoff.next(at, wait)) {
    hold(*pause >= wait.value_or(0) && at + *pause <= 60'000);
    at += *pause;
    hold(backoff.tries() < 1000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [position, rest] = fuzz::cut(fuzz::text_of(data, size), "\n");
  const auto [header, clocks] = fuzz::cut(rest, "\n");
  const auto [local, now] = fuzz::cut(clocks, " ");
  check_cursor(position, clock_of(now), clock_of(local));
  check_header(header, clock_of(now));
  return 0;
}
