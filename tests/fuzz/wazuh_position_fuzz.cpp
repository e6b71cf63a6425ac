// SPDX-License-Identifier: Apache-2.0
//
// Goal: a cursor that is read is written as itself, and no cursor or clock leads to a stretch that runs backwards into
// nonsense; no alert between the cursor and now is left out, whatever fails: it was read, is in a hole, or comes after
// the watermark less the overlap; counts that are read are written as themselves. An answer's headers give a time and a
// wait within bounds, or nothing. Input: a cursor in the first line, a header's value in the second, this machine's and
// the indexer's clock in the third, what becomes of each window in the fourth, kept counts in the fifth, told ones in
// the sixth.
#include <signalfoundry/error.hpp>

#include <charconv>

#include "cursor.hpp"
#include "fuzz.hpp"
#include "retry.hpp"
#include "sweep.hpp"
#include "timeline.hpp"

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

bool same(const Holes& a, const Holes& b) {
  return a.all() == b.all();
}

// One run: of each window, a byte says whether it is read (r), read in part (p), fails (f), or the indexer goes away.
void check_run(const Plan& next, const Settings& settings, std::string_view fates) {
  Holes owed = next.cursor.holes;
  owed.add(next.from_ms, next.to_ms, false);
  TimeLine line(next, settings);
  for (const char fate : fates.substr(0, 1000)) {
    const auto window = line.next();
    if (!window) break;
    hold(window->from_ms < window->to_ms && window->to_ms <= next.to_ms);
    auto read = *window;
    if (fate == 'f') {
      line.failed(*window);
      continue;
    }
    if (fate == 'p' && read.kind != Window::Kind::live)
      read.to_ms = read.from_ms + (read.to_ms - read.from_ms + 1) / 2;
    else if (fate != 'r' && fate != 'p')
      break;
    line.done(read, 7);
    owed.remove(read.from_ms, read.to_ms);
  }
  const auto cursor = from_position(to_position(line.cursor()), "source_wazuh");
  hold(cursor && cursor->watermark_ms <= next.to_ms && to_position(*cursor).size() <= 8192);
  hold(same(cursor->holes, line.cursor().holes) || line.cursor().holes.all().size() > kMostHoles);
  auto kept = cursor->holes;
  kept.add(cursor->watermark_ms - settings.overlap_ms, next.to_ms, false);
  for (const auto& stretch : owed.all()) hold(kept.covers(stretch.from_ms, stretch.to_ms));
}

void check_counts(std::string_view kept, std::string_view told, const Plan& next, std::int64_t local_ms) {
  Settings settings;
  settings.sweep_back_ms = kMostSweepMs;
  settings.sweep_every_ms = 1;
  const auto memory = from_state(kept);
  if (memory) hold(from_state(to_state(*memory))->seen.counts == memory->seen.counts);
  const auto minutes = minutes_of(told);
  const auto ask = sweep_ask(memory, settings, next, local_ms);
  const auto found = sweep(memory, ask, minutes.value_or(std::vector<MinuteCount>{}), next, ask.from_ms, settings);
  const auto text = to_state(found.memory);
  hold(text.size() <= 65'536 && from_state(text));
  for (const auto& minute : found.grown) hold(minute.to_ms <= next.to_ms);
}

void check_cursor(std::string_view text, std::int64_t now_ms, std::int64_t local_ms, std::string_view rest) {
  Settings settings;
  settings.window_ms = 3'600'000;
  settings.backfill_max = 100;
  settings.overlap_ms = 600'000;
  settings.visibility_delay_ms = 20'000;
  settings.start_ms = kDayMs;
  try {
    const auto cursor = from_position(text, "source_wazuh");
    const Plan next = plan(cursor, settings, now_ms, local_ms, "filter");
    hold(next.from_ms <= next.live_from_ms && next.live_from_ms <= next.to_ms &&
         next.to_ms == now_ms - settings.visibility_delay_ms);
    hold(next.warning.empty() || fuzz::sentence(next.warning, 400));
    const auto written = from_position(to_position(next.cursor), "source_wazuh");
    hold(written && written->watermark_ms == next.cursor.watermark_ms && written->local_ms == local_ms);
    const auto [fates, counts] = fuzz::cut(rest, "\n");
    const auto [kept, told] = fuzz::cut(counts, "\n");
    check_run(next, settings, fates);
    check_counts(kept, told, next, local_ms);
    if (!cursor) return;
    hold(next.from_ms <= cursor->watermark_ms - settings.overlap_ms);  // what may be new is always read again
    const auto again = from_position(to_position(*cursor), "source_wazuh");
    hold(again && again->watermark_ms == cursor->watermark_ms && again->local_ms == cursor->local_ms &&
         again->filter == cursor->filter && same(again->holes, cursor->holes));
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
  const auto [times, more] = fuzz::cut(clocks, "\n");
  const auto [local, now] = fuzz::cut(times, " ");
  check_cursor(position, clock_of(now), clock_of(local), more);
  check_header(header, clock_of(now));
  return 0;
}
