// SPDX-License-Identifier: Apache-2.0
//
// Goal: from what is known of a partition follows where it is read from, and whatever is missing before is a gap.
#include <string>

#include "../../../../plugins/source_kafka/plan.hpp"
#include "support/catch.h"

using namespace source_kafka;
using Why = Plan::Why;

namespace {

Known at(std::int64_t next, std::int64_t last_ms = 1000) {
  Known known;
  known.place = Place{next, last_ms};
  known.topic_was_read = true;
  return known;
}

}  // namespace

TEST_CASE("source_kafka plan: the first run begins where start says, within what the partition holds",
          "[source_kafka]") {
  Known known;
  for (const auto& [start, from] : {std::pair{0, 10}, {10, 10}, {15, 15}, {20, 20}, {99, 20}}) {
    known.start_offset = start;
    const auto out = plan(known, {10, 20});
    CHECK(out.why == Why::first);
    CHECK(out.from == from);
    CHECK_FALSE(out.gap());
    CHECK_FALSE(out.verify);
  }
}

TEST_CASE("source_kafka plan: a run goes on at its place, and looks at the record before it", "[source_kafka]") {
  const auto out = plan(at(15), {10, 20});
  CHECK(out.why == Why::resumed);
  CHECK(out.from == 15);
  CHECK_FALSE(out.gap());
  CHECK(out.verify);
  CHECK(plan(at(20), {10, 20}).verify);            // also where nothing is new
  CHECK_FALSE(plan(at(10), {10, 20}).verify);      // the record before is gone, and was read
  CHECK_FALSE(plan(at(15, -1), {10, 20}).verify);  // it had no time to compare
  CHECK(plan(at(0), {0, 0}).from == 0);
}

TEST_CASE("source_kafka plan: records that were removed unread are a gap of so many", "[source_kafka]") {
  const auto known = at(7);
  const auto out = plan(known, {10, 20});
  CHECK(out.why == Why::removed);
  CHECK(out.from == 10);
  CHECK(out.missing == 3);
  CHECK(gap_sentence(out, "t", 4, known, {10, 20}) ==
        "3 records of t/4 were removed before they were read (offsets 7 to 9); reading goes on at offset 10; lengthen "
        "the topic's retention, or run more often");
  CHECK(plan(at(7), {10, 10}).from == 10);  // all of them
}

TEST_CASE("source_kafka plan: a partition that came later is read from its earliest record", "[source_kafka]") {
  Known known;
  known.topic_was_read = true;
  known.start_offset = 20;  // "latest" is for the first run of a topic
  CHECK(plan(known, {0, 20}).from == 0);
  CHECK_FALSE(plan(known, {0, 20}).gap());
  const auto out = plan(known, {5, 20});
  CHECK(out.why == Why::new_partition);
  CHECK(out.missing == 5);
}

TEST_CASE("source_kafka plan: offsets of another log are a gap of unknown size, from the earliest on",
          "[source_kafka]") {
  auto known = at(15);
  known.place->other_log = true;
  for (const auto& [given, marks] : {std::pair{at(21), Marks{10, 20}}, {at(1), Marks{0, 0}}, {known, Marks{10, 20}}}) {
    const auto out = plan(given, marks);
    CHECK(out.why == Why::other_log);
    CHECK(out.from == marks.low);
    CHECK(out.missing == -1);
    CHECK(out.gap());
    CHECK_FALSE(out.verify);
    CHECK(gap_sentence(out, "t", 0, given, marks).find("t/0 is not the log that was read before") == 0);
  }
}
