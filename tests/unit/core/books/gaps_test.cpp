// SPDX-License-Identifier: Apache-2.0
//
// Goal: no stretch of the SIEM's time line that no complete poll covers is taken for covered, and none is invented.
#include "books/gaps.hpp"

#include "support/catch.h"

using signalfoundry::books::coverage;
using signalfoundry::store::Interval;

namespace {

Interval span(std::int64_t from, std::int64_t to, bool complete = true) {
  return {"poll", from, to, "f", 1, 1, complete};
}

// "10-20 30-40 | 50": gaps and watermark.
std::string shown(std::vector<Interval> intervals) {
  const auto found = coverage(std::move(intervals));
  std::string out;
  for (const auto& gap : found.gaps) out += std::to_string(gap.from_ms) + "-" + std::to_string(gap.to_ms) + " ";
  return out + "| " + (found.watermark_ms ? std::to_string(*found.watermark_ms) : "none");
}

}  // namespace

TEST_CASE("gaps: without a complete poll there is no watermark and no gap") {
  CHECK(shown({}) == "| none");
  CHECK(shown({span(0, 10, false)}) == "| none");
}

TEST_CASE("gaps: intervals that touch or overlap leave none") {
  CHECK(shown({span(0, 10)}) == "| 10");
  CHECK(shown({span(0, 10), span(10, 20)}) == "| 20");
  CHECK(shown({span(0, 15), span(10, 20)}) == "| 20");
  CHECK(shown({span(0, 100), span(10, 20), span(30, 40)}) == "| 100");
  CHECK(shown({span(0, 10), span(0, 10)}) == "| 10");
}

TEST_CASE("gaps: what lies between two complete ones is a gap, in any order of asking") {
  CHECK(shown({span(0, 10), span(11, 20)}) == "10-11 | 20");
  CHECK(shown({span(40, 50), span(0, 10), span(20, 30)}) == "10-20 30-40 | 50");
  CHECK(shown({span(0, 100), span(20, 30), span(110, 120)}) == "100-110 | 120");
}

TEST_CASE("gaps: an incomplete interval closes none and moves no watermark") {
  CHECK(shown({span(0, 10), span(10, 20, false), span(20, 30)}) == "10-20 | 30");
  CHECK(shown({span(0, 10), span(10, 99, false)}) == "| 10");
}

TEST_CASE("gaps: times before 1970 and empty intervals are times like any other") {
  CHECK(shown({span(-20, -10), span(-5, 5)}) == "-10--5 | 5");
  CHECK(shown({span(10, 10), span(10, 20)}) == "| 20");
}
