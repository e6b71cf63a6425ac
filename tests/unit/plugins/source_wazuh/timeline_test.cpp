// SPDX-License-Identifier: Apache-2.0
//
// The time line without holes: what a run reads, in which order, and what it leaves (docs/adr/0009-live-first.md).
#include <signalfoundry/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "../../../../plugins/shared/search/cursor.hpp"
#include "../../../../plugins/shared/search/holes.hpp"
#include "../../../../plugins/shared/search/sweep.hpp"
#include "../../../../plugins/shared/search/timeline.hpp"
#include "support/catch.h"

using namespace search;

namespace {

// SF_SEED, or one of chance; printed with every failure.
std::uint32_t seed() {
  static const std::uint32_t value = std::getenv("SF_SEED") != nullptr
                                         ? static_cast<std::uint32_t>(std::stoul(std::getenv("SF_SEED")))
                                         : std::random_device()();
  return value;
}

std::string shown(const Holes& holes) {
  std::string out;
  for (const auto& s : holes.all())
    out += (out.empty() ? "" : " ") + std::to_string(s.from_ms) + "-" + std::to_string(s.to_ms) + (s.failed ? "!" : "");
  return out;
}

Settings small() {
  Settings s;
  s.overlap_ms = 10;
  s.visibility_delay_ms = 5;
  s.start_ms = 200;
  s.window_ms = 20;
  s.backfill_max = 1000;
  return s;
}

Cursor at(std::int64_t watermark_ms) {
  Cursor out;
  out.watermark_ms = watermark_ms;
  return out;
}

}  // namespace

TEST_CASE("source_wazuh holes: touching ones of a kind are one, and the last word on a stretch counts",
          "[source_wazuh]") {
  Holes holes;
  holes.add(10, 20, false);
  holes.add(30, 40, false);
  CHECK(shown(holes) == "10-20 30-40");
  holes.add(20, 30, false);
  CHECK(shown(holes) == "10-40");
  holes.add(20, 25, true);
  CHECK(shown(holes) == "10-20 20-25! 25-40");
  holes.add(25, 30, true);
  CHECK(shown(holes) == "10-20 20-30! 30-40");
  holes.add(22, 28, false);
  CHECK(shown(holes) == "10-20 20-22! 22-28 28-30! 30-40");
  holes.remove(15, 35);
  CHECK(shown(holes) == "10-15 35-40");
  holes.add(7, 7, false);
  holes.add(9, 3, false);
  CHECK(holes.length_ms() == 10);
  CHECK(holes.covers(35, 40));
  CHECK_FALSE(holes.covers(14, 36));
}

TEST_CASE("source_wazuh holes: beyond the bound the closest are merged, and nothing is lost", "[source_wazuh]") {
  Holes holes;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const auto from = i * 100 + i % 7;
    holes.add(from, from + 10, i % 3 == 0);
    CHECK(holes.all().size() <= kMostHoles);
  }
  for (std::int64_t i = 0; i < 1000; ++i) CHECK(holes.covers(i * 100 + i % 7, i * 100 + i % 7 + 10));
}

TEST_CASE("source_wazuh timeline: after an outage the newest stretch is read first, then the hole, oldest first",
          "[source_wazuh]") {
  const auto next = plan(at(1000), small(), 2005, 0, "f");
  CHECK(next.from_ms == 990);
  CHECK(next.live_from_ms == 1970);
  TimeLine line(next, small());
  std::vector<std::int64_t> froms;
  while (const auto window = line.next()) {
    froms.push_back(window->from_ms);
    line.done(*window, 100);
    if (froms.size() == 2) CHECK(line.cursor().watermark_ms == 2000);
  }
  CHECK(froms == std::vector<std::int64_t>{1970, 1990, 990, 1010, 1030, 1050, 1070, 1090, 1110, 1130, 1150, 1170});
  CHECK(shown(line.cursor().holes) == "1190-1970");
  TimeLine after(plan(line.cursor(), small(), 2015, 0, "f"), small());
  CHECK(after.next()->from_ms == 2000);  // what is new, before the overlap
  CHECK(after.next()->from_ms == 1990);
  CHECK(after.next()->from_ms == 1190);
}

TEST_CASE("source_wazuh timeline: a failed window comes before other holes, and then gives way to the others",
          "[source_wazuh]") {
  Cursor cursor = at(2000);
  cursor.holes.add(100, 140, false);
  cursor.holes.add(300, 320, true);
  cursor.holes.add(500, 520, true);
  const auto order = [&](const Cursor& from, const std::vector<std::int64_t>& bad) {
    TimeLine line(plan(from, small(), 2005, 0, "f"), small());
    std::vector<std::int64_t> froms;
    while (const auto window = line.next()) {
      froms.push_back(window->from_ms);
      if (std::find(bad.begin(), bad.end(), window->from_ms) != bad.end())
        line.failed(*window);
      else
        line.done(*window, 0);
    }
    cursor = line.cursor();
    return froms;
  };
  CHECK(order(cursor, {300, 120}) == std::vector<std::int64_t>{1990, 300, 100, 120});
  CHECK(shown(cursor.holes) == "120-140! 300-320! 500-520!");
  CHECK(order(cursor, {300, 120}) == std::vector<std::int64_t>{1990, 500, 120});
  CHECK(order(cursor, {120}) == std::vector<std::int64_t>{1990, 300, 120});
  CHECK(order(cursor, {}) == std::vector<std::int64_t>{1990, 120});
  CHECK(shown(cursor.holes).empty());
}

TEST_CASE("source_wazuh timeline: whatever fails or is cut, read and unread make up the whole", "[source_wazuh]") {
  // Goal, against a model of one flag a millisecond: what may hold an alert nobody asked for is in a hole or after the
  // watermark less the overlap; and when all goes well again, no hole stays.
  INFO("SF_SEED=" << seed());
  std::mt19937 random(seed());
  const auto chance = [&](unsigned of) { return random() % of == 0; };
  for (int round = 0; round < 200; ++round) {
    auto settings = small();
    settings.window_ms = 5 + random() % 40;
    settings.overlap_ms = random() % 60;
    settings.backfill_max = 1 + random() % 300;
    std::int64_t now = 1000;
    std::vector<bool> read(20'000, false);
    std::optional<Cursor> cursor;
    std::int64_t begin = -1;
    for (int run = 0; run < 40; ++run) {
      const bool calm = run >= 25;  // the last runs meet no fault
      now += calm ? 10 : random() % 300;
      const auto next = plan(cursor, settings, now, 0, "f");
      if (begin < 0) begin = next.from_ms;
      if (!calm && chance(4) && next.from_ms > 200)  // late alerts
        for (auto ms = std::max(begin, next.from_ms - 150), end = ms + 20; ms < end; ++ms)
          read[static_cast<std::size_t>(ms)] = false;
      auto late = next;
      for (auto ms = begin; ms < next.from_ms; ++ms)
        if (!read[static_cast<std::size_t>(ms)] && !next.cursor.holes.covers(ms, ms + 1))
          late.cursor.holes.add(ms, ms + 1, false);
      TimeLine line(late, settings);
      while (const auto window = line.next()) {
        if (!calm && chance(30)) break;  // the indexer went away
        if (!calm && chance(6)) {
          line.failed(*window);
          continue;
        }
        auto whole = *window;
        if (!calm && window->kind != Window::Kind::live && whole.to_ms - whole.from_ms > 2 && chance(5))
          whole.to_ms = whole.from_ms + 1 + random() % (whole.to_ms - whole.from_ms - 1);
        for (auto ms = whole.from_ms; ms < whole.to_ms; ++ms) read[static_cast<std::size_t>(ms)] = true;
        line.done(whole, calm ? 0 : static_cast<std::uint64_t>(whole.to_ms - whole.from_ms));
      }
      if (line.progress() || late.cursor.holes.length_ms() != next.cursor.holes.length_ms())
        cursor = from_position(to_position(line.cursor()), "source_wazuh");
      if (!cursor) continue;
      REQUIRE(cursor->holes.all().size() <= 2 * kMostHoles);
      REQUIRE(cursor->watermark_ms <= next.to_ms);
      for (auto ms = begin; ms < cursor->watermark_ms - settings.overlap_ms; ++ms)
        REQUIRE((read[static_cast<std::size_t>(ms)] || cursor->holes.covers(ms, ms + 1)));
    }
    REQUIRE(cursor->holes.empty());
    REQUIRE(cursor->watermark_ms == now - settings.visibility_delay_ms);
  }
}

TEST_CASE("source_wazuh cursor: holes are written and read, and older positions are taken", "[source_wazuh]") {
  const auto old = from_position(R"({"v":1,"watermark_ms":5000,"local_ms":6000,"filter":"abc"})", "source_wazuh");
  REQUIRE(old);
  CHECK(old->holes.empty());
  CHECK(to_position(*old) == R"({"v":1,"watermark_ms":5000,"local_ms":6000,"filter":"abc"})");
  auto cursor = *old;
  cursor.retry_ms = 20;
  cursor.holes.add(10, 20, true);
  cursor.holes.add(30, 40, false);
  CHECK(to_position(cursor) ==
        R"({"v":2,"watermark_ms":5000,"local_ms":6000,"filter":"abc","retry_ms":20,"holes":[[10,20,1],[30,40]]})");
  const auto again = from_position(to_position(cursor), "source_wazuh");
  CHECK(shown(again->holes) == "10-20! 30-40");
  CHECK(again->retry_ms == 20);
}

TEST_CASE("source_wazuh cursor: holes that no version wrote are no cursor", "[source_wazuh]") {
  const auto with = [](const std::string& holes) {
    return R"({"v":2,"watermark_ms":5000,"local_ms":0,"filter":"","retry_ms":0,"holes":)" + holes + "}";
  };
  CHECK(from_position(with("[]"), "source_wazuh"));
  std::string many = "[";
  for (int i = 0; i < 200; ++i) many += "[" + std::to_string(i * 2) + "," + std::to_string(i * 2 + 1) + "],";
  many.back() = ']';
  for (const auto& holes :
       {std::string("7"), std::string("null"), std::string("[7]"), std::string("[[1]]"), std::string("[[2,1]]"),
        std::string("[[1,1]]"), std::string("[[1,5001]]"), std::string("[[1.5,2]]"), std::string("[[\"1\",2]]"),
        std::string("[[-9223372036854775808,2]]"), std::string("{\"a\":1}"), many,
        "[[" + std::string(30'000, '[') + std::string(30'000, ']') + ",1]]",
        std::string(100'000, '[') + std::string(100'000, ']')}) {
    INFO(holes.substr(0, 60));
    CHECK_THROWS_AS(from_position(with(holes), "source_wazuh"), sf::Error);
  }
  CHECK_THROWS_AS(from_position(R"({"v":2,"watermark_ms":5000,"local_ms":0,"filter":""})", "source_wazuh"), sf::Error);
}

TEST_CASE("source_wazuh sweep: counts are kept and read back, and what is none is forgotten", "[source_wazuh]") {
  SweepMemory memory{"abc", 7'200'000, {3'600'000, {0, 0, 0, 7, 12, 12, 99'999'999}}};
  CHECK(to_state(memory) ==
        R"({"v":1,"filter":"abc","swept_ms":7200000,"first_ms":3600000,"counts":"0*3,7,12*2,99999999"})");
  const auto again = from_state(to_state(memory));
  REQUIRE(again);
  CHECK(again->seen.counts == memory.seen.counts);
  memory.seen.counts.clear();  // the most that is ever kept fits
  for (std::uint32_t i = 0; i < kMostSweepMs / kMinuteMs; ++i) memory.seen.counts.push_back(99'999'999 - i % 2);
  CHECK(to_state(memory).size() < 65'536);
  CHECK(from_state(to_state(memory)));
  const auto with = [](const std::string& counts, const std::string& first = "60000") {
    return R"({"v":1,"filter":"","swept_ms":1,"first_ms":)" + first + R"(,"counts":)" + counts + "}";
  };
  CHECK(from_state(with("\"\""))->seen.counts.empty());
  for (const auto& text :
       {std::string(), std::string("7"), std::string("{}"), with("7"), with("\"x\""), with("\"1*\""), with("\"*2\""),
        with("\"-1\""), with("\"1*99999999\""), with("\"1*5761,1*5761\""), with("\"100000000\""), with("\"1,,2\""),
        with("\"1\"", "61"), with("\"1\"", "1e300"), std::string(70'000, '[')}) {
    INFO(text.substr(0, 80));
    CHECK_FALSE(from_state(text));
  }
}

TEST_CASE("source_wazuh sweep: the indexer's buckets are taken, or all refused", "[source_wazuh]") {
  const auto told = minutes_of(R"({"minutes":{"buckets":[{"key":60000,"doc_count":3},{"key":180000,"doc_count":1}]}})");
  REQUIRE(told);
  CHECK(told->size() == 2);
  CHECK(told->at(1).ms == 180'000);
  for (const std::string text :
       {"", "[]", "{}", R"({"minutes":7})", R"({"minutes":{"buckets":{}}})", R"({"minutes":{"buckets":[7]}})",
        R"({"minutes":{"buckets":[{"key":60000}]}})", R"({"minutes":{"buckets":[{"key":60001,"doc_count":1}]}})",
        R"({"minutes":{"buckets":[{"key":60000,"doc_count":-1}]}})"}) {
    INFO(text);
    CHECK_FALSE(minutes_of(text));
  }
}

TEST_CASE("source_wazuh sweep: a minute that grew since it was read is read again, once", "[source_wazuh]") {
  auto settings = small();
  settings.overlap_ms = 10 * kMinuteMs;
  settings.visibility_delay_ms = 0;
  settings.sweep_back_ms = 60 * kMinuteMs;
  settings.sweep_every_ms = 30 * kMinuteMs;
  const auto now = 1000 * kMinuteMs;
  const auto run = [&](const std::optional<SweepMemory>& last, const std::vector<MinuteCount>& told,
                       const Holes& holes = {}) {
    auto cursor = at(now);
    cursor.holes = holes;
    const auto next = plan(cursor, settings, now, 0, "f");
    const SweepAsk ask{now - settings.sweep_back_ms, true};
    return sweep(last, ask, told, next, ask.from_ms, settings);
  };
  const auto minute = [&](std::int64_t before, std::uint32_t count) {
    return MinuteCount{now - before * kMinuteMs, count};
  };
  const auto first = run(std::nullopt, {minute(30, 5), minute(20, 1), minute(5, 2)});
  CHECK(first.grown.empty());  // there is nothing to compare with
  CHECK(first.memory.seen.counts.size() == 60);
  const auto second = run(first.memory, {minute(40, 1), minute(30, 7), minute(20, 1), minute(5, 9)});
  REQUIRE(second.grown.size() == 2);  // that of 5 minutes ago is read anyway
  CHECK(second.grown[0].from_ms == now - 40 * kMinuteMs);
  CHECK(second.grown[1].from_ms == now - 30 * kMinuteMs);
  CHECK(run(second.memory, {minute(40, 1), minute(30, 7), minute(20, 1)}).grown.empty());
  const auto shrunk = run(second.memory, {minute(30, 6), minute(20, 1)});
  CHECK(shrunk.grown.empty());
  CHECK(run(shrunk.memory, {minute(30, 7), minute(20, 1)}).grown.size() == 1);
  Holes unread;
  unread.add(now - 31 * kMinuteMs, now - 29 * kMinuteMs, true);
  CHECK(run(first.memory, {minute(30, 7), minute(20, 1)}, unread).grown.empty());  // and read later than counted
  // What was read after the memory ends was read without being counted.
  auto short_memory = first.memory;
  short_memory.seen.counts.resize(25);
  const auto caught = run(short_memory, {minute(30, 5), minute(20, 1)});
  REQUIRE(caught.grown.size() == 2);
  CHECK(run(caught.memory, {minute(30, 5), minute(20, 1)}).grown.empty());
}

TEST_CASE("source_wazuh sweep: a look at everything is due by the memory's own clock", "[source_wazuh]") {
  auto settings = small();
  settings.sweep_back_ms = 48 * 60 * kMinuteMs;
  settings.sweep_every_ms = 30 * kMinuteMs;
  const auto now = 100'000 * kMinuteMs;
  const auto next = plan(at(now), settings, now, 0, "f");
  SweepMemory memory{"f", now - 29 * kMinuteMs, {now - 100 * kMinuteMs, std::vector<std::uint32_t>(90)}};
  CHECK(sweep_ask(std::nullopt, settings, next, now).full);
  CHECK_FALSE(sweep_ask(memory, settings, next, now).full);
  CHECK(sweep_ask(memory, settings, next, now).from_ms == now - 10 * kMinuteMs);  // where the memory ends
  memory.swept_ms = now - 30 * kMinuteMs;
  CHECK(sweep_ask(memory, settings, next, now).full);
  CHECK(sweep_ask(memory, settings, next, now).from_ms == now - 100 * kMinuteMs);
  memory.swept_ms = now + kMinuteMs;  // a clock was set back
  CHECK(sweep_ask(memory, settings, next, now).full);
}
