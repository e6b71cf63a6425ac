// SPDX-License-Identifier: Apache-2.0
//
// What a position means: everything before it was pushed, and the next run goes on there.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "conformance/check.hpp"

namespace signalfoundry::conformance {

namespace {

constexpr std::size_t kResumesMax = 16;

void need_alerts(Bench& bench) {
  if (bench.profile.protocol == Protocol::none) skip("the kit has nothing that speaks this source's protocol");
  bench.begin();
}

void open_resume(Bench& bench) {
  need_alerts(bench);
  const auto first = bench.run();
  bench.require_good(first, "the first run");
  bench.require_all({&first}, "the first run");
  if (bench.can_add()) {
    bench.put(bench.some(5, 0, kSecondMs));
    bench.clock.pass(5 * kMinuteMs);
  }
  const auto second = bench.run_after(first);
  bench.require_good(second, "the run after it");
  if (bench.can_add()) {
    bench.require_all({&first, &second}, "the run after it");
  } else {
    bench.require_all({&second}, "the run after it");
  }
}

void open_garbage_position(Bench& bench) {
  if (bench.profile.protocol != Protocol::none) bench.begin();
  std::vector<std::string> garbage = {"no position",
                                      "{}",
                                      "[]",
                                      "null",
                                      std::string("\xff\xfe\0\x01", 4),
                                      R"({"v":999999})",
                                      "{\"v\":1",
                                      "-1",
                                      std::string(1U << 20U, '[')};
  if (bench.profile.protocol != Protocol::none) {
    const auto whole = bench.run();
    // Half of a number may be a number: only what has an end can be cut.
    if (whole.position.starts_with('{')) {
      garbage.push_back(whole.position.substr(0, whole.position.size() / 2));
      garbage.push_back(whole.position + "x");
    }
  }
  for (const auto& position : garbage) {
    RunOptions options;
    options.position = position;
    const auto t = bench.run(options);
    if (t.status < 0 || bench.profile.protocol == Protocol::none) continue;
    const auto when = fmt::format("opened at the position \"{}\", which it did not refuse", printable(position, 60));
    bench.require_all({&t}, when);
  }
}

void positions_unique(Bench& bench) {
  need_alerts(bench);
  const auto t = bench.run();
  bench.require_good(t, "a first run");
  std::map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < t.pushed.size(); ++i) {
    const auto& one = t.pushed[i];
    if (one.position.empty()) continue;
    const auto [first, fresh] = at.try_emplace(one.position, i);
    if (!fresh && t.pushed[first->second].key != one.key)
      fail(
          fmt::format("alerts {} and {} were pushed with the same position \"{}\": who resumes there loses one or "
                      "reads one twice",
                      first->second + 1, i + 1, printable(one.position, 120)));
  }
  if (at.empty() && t.position.empty()) skip("the source gives no positions: each run reads everything");
}

// The process may be killed at any moment; then the books hold a position that was given before, with what was taken
// until then, and nothing of what came later.
void kill_at_every_position(Bench& bench) {
  need_alerts(bench);
  RunOptions small;
  small.max_records = 4;
  const auto whole = bench.run(small);
  bench.require_good(whole, "a first run");
  std::vector<Commit> points = whole.commits;
  points.insert(points.begin(), Commit{});
  const auto step = points.size() / kResumesMax + 1;
  for (std::size_t i = 0; i < points.size(); i += step) {
    Transcript before;
    before.mapping = whole.mapping;
    before.pushed.assign(whole.pushed.begin(), whole.pushed.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                          points[i].taken, whole.pushed.size())));
    if (!whole.rejected.empty()) before.rejected = whole.rejected;
    const auto rest = bench.run_at(points[i]);
    bench.require_all({&before, &rest}, fmt::format("killed when the books held {} alerts and the position \"{}\"",
                                                    points[i].taken, printable(points[i].position, 120)));
  }
}

void clock_jump_back(Bench& bench) {
  need_alerts(bench);
  const auto first = bench.run();
  bench.require_good(first, "the first run");
  if (!bench.can_add()) {
    bench.clock.set_by(-kHourMs);
    const auto back = bench.run_after(first);
    bench.require_good(back, "an hour back");
    return;
  }
  bench.put(bench.some(3, 0, kSecondMs));
  bench.clock.set_by(-kHourMs);
  const auto back = bench.run_after(first);
  bench.clock.set_by(kHourMs);
  bench.put(bench.some(3, 0, kSecondMs));
  bench.clock.pass(5 * kMinuteMs);
  const auto right = bench.run_after(back);
  bench.require_good(right, "with the clock right again");
  bench.require_all({&first, &back, &right}, "after the clock was an hour back for one run");
}

void clock_jump_in_run(Bench& bench) {
  need_alerts(bench);
  RunOptions options;
  options.max_records = 5;
  options.answer = [&](std::size_t n) -> sf_status {
    if (n == 3) bench.clock.set_by(-2 * kHourMs);
    if (n == 9) bench.clock.set_by(5 * kHourMs);
    return SF_OK;
  };
  const auto first = bench.run(options);
  bench.clock.set_by(-3 * kHourMs);
  const auto second = bench.run_after(first);
  bench.require_good(second, "the run after it");
  bench.require_all({&first, &second}, "after the clock jumped about in a run");
}

}  // namespace

std::vector<Check> position_checks() {
  return {
      {"open-resume", "A second run goes on where the first ended, and brings what is new.", "ABI", open_resume},
      {"open-garbage-position",
       "A position that is none is refused with a sentence, or everything is read again; nothing is skipped.", "ABI",
       open_garbage_position},
      {"positions-unique", "No two alerts are pushed with one position.", "ABI", positions_unique},
      {"kill-at-every-position", "Killed at any position that it gave, the next run brings all that is missing.",
       "SIEM 7", kill_at_every_position},
      {"clock-jump-back", "A wall clock that is set back for a run, and right again later, loses nothing.", "ABI",
       clock_jump_back},
      {"clock-jump-in-run", "A wall clock that jumps back and forth while a run goes on loses nothing.", "ABI",
       clock_jump_in_run},
  };
}

}  // namespace signalfoundry::conformance
