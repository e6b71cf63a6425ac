// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <limits>
#include <string>
#include <vector>

#include "support/catch.h"

using signalfoundry::date_path;
using signalfoundry::parse_duration;
using signalfoundry::parse_time;
using signalfoundry::rfc3339;

namespace {
constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kAlert = 1'726'653'704'788;  // 2024-09-18T10:01:44.788Z
}  // namespace

// Goal: every shape that a supported SIEM writes is read as the same instant.
TEST_CASE("parse_time: one instant in every shape a SIEM writes") {
  const std::vector<std::string> same{
      "2024-09-18T10:01:44.788Z",
      "2024-09-18T10:01:44.788z",
      "2024-09-18t10:01:44.788Z",
      "2024-09-18 10:01:44.788Z",
      "2024-09-18T15:31:44.788+0530",
      "2024-09-18T15:31:44.788+05:30",
      "2024-09-18 15:31:44.788+0530",
      "2024-09-18T10:01:44.788+0000",
      "2024-09-18T10:01:44.788-00:00",
      "2024-09-18T06:01:44.788-0400",
      "2024-09-18T10:01:44.788000Z",
      "2024-09-18T10:01:44.788999Z",
      "2024-09-18T10:01:44.788999999Z",
      "2024-09-19T00:01:44.788+1400",
      "2024-09-17T22:01:44.788-1200",
      "1726653704788",
      "1726653704.788",
      "1726653704.788999",
  };
  for (const auto& text : same) {
    INFO(text);
    CHECK(parse_time(text) == kAlert);
  }
}

TEST_CASE("parse_time: fractions of one to nine digits, or none") {
  CHECK(parse_time("2024-09-18T10:01:44Z") == kAlert - 788);
  CHECK(parse_time("2024-09-18T10:01:44+0000") == kAlert - 788);
  CHECK(parse_time("2024-09-18T10:01:44.7Z") == kAlert - 88);
  CHECK(parse_time("2024-09-18T10:01:44.78Z") == kAlert - 8);
  CHECK(parse_time("2024-09-18T10:01:44.000000001Z") == kAlert - 788);
  CHECK(parse_time("1726653704") == kAlert - 788);
  CHECK_FALSE(parse_time("2024-09-18T10:01:44.Z"));
  CHECK_FALSE(parse_time("2024-09-18T10:01:44.0123456789Z"));
  CHECK_FALSE(parse_time("1726653704."));
}

TEST_CASE("parse_time: epoch seconds have 9 or 10 digits, milliseconds 12 or 13") {
  CHECK(parse_time("999999999") == 999'999'999'000);
  CHECK(parse_time("9999999999") == 9'999'999'999'000);
  CHECK(parse_time("999999999999") == 999'999'999'999);
  for (const char* text : {"0", "2024", "20240918", "17266537047", "17266537047880", "1726653704788.1", "-1726653704",
                           "+1726653704", "1726653704e0", "172665370x", "0x12345678"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text));
  }
}

// Goal: what is no instant is refused, not guessed: an alert then counts as one without a time.
TEST_CASE("parse_time: anything else is nothing") {
  const std::vector<std::string> wrong{
      "",
      " ",
      "TIMESTAMP",
      "2024 Jan 01 00:00:00",
      "Jan 01 00:00:00",
      "2024-09-18",
      "2024-09-18T10:01:44",
      "2024-09-18T10:01:44.788",
      "2024-09-18T10:01Z",
      "2024-09-18T10:01:44.788 Z",
      " 2024-09-18T10:01:44.788Z",
      "2024-09-18T10:01:44.788Z ",
      "2024-09-18T10:01:44.788Zx",
      "2024-09-18T10:01:44,788Z",
      "2024-09-18  10:01:44.788Z",
      "2024-09-18T10:01:44.788+05",
      "2024-09-18T10:01:44.788+5:30",
      "2024-09-18T10:01:44.788+05:3",
      "2024-09-18T10:01:44.788+0530Z",
      "2024-09-18T10:01:44.788+2400",
      "2024-09-18T10:01:44.788+0560",
      "2024-9-18T10:01:44.788Z",
      "24-09-18T10:01:44.788Z",
      "+2024-09-18T10:01:44.788Z",
      "2024/09/18T10:01:44.788Z",
      "2024-02-30T00:00:00Z",
      "2023-02-29T00:00:00Z",
      "2100-02-29T00:00:00Z",
      "2024-04-31T00:00:00Z",
      "2024-13-01T00:00:00Z",
      "2024-00-01T00:00:00Z",
      "2024-01-00T00:00:00Z",
      "2024-01-32T00:00:00Z",
      "0000-01-01T00:00:00Z",
      "2024-01-01T24:00:00Z",
      "2024-01-01T00:60:00Z",
      "2016-12-31T23:59:60Z",
      "2024-01-01T-1:00:00Z",
      std::string("2024-09-18T10:01:44.788Z\0", 25),
      std::string("2024-09-18T10:01:44\0788Z", 23),
      "２０２４-09-18T10:01:44Z",
      std::string(100'000, '1'),
  };
  for (const auto& text : wrong) {
    INFO(text.substr(0, 60));
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("parse_time: leap days and both ends of the calendar") {
  CHECK(parse_time("2024-02-29T00:00:00Z") == 1'709'164'800'000);
  CHECK(parse_time("2000-02-29T00:00:00Z") == 951'782'400'000);
  CHECK(parse_time("1970-01-01T00:00:00.000Z") == 0);
  CHECK(parse_time("1969-12-31T23:59:59.999Z") == -1);
  CHECK(parse_time("0001-01-01T00:00:00Z") == -62'135'596'800'000);
  CHECK(parse_time("9999-12-31T23:59:59.999Z") == 253'402'300'799'999);
}

// Goal: what rfc3339 writes is what parse_time reads, over the whole range, and its text is fixed in width.
TEST_CASE("rfc3339: text and instant are each other's inverse") {
  std::int64_t at = -62'135'596'800'000;
  int seen = 0;
  for (; at <= 253'402'300'799'999; at += 97 * kDay + 12'345'678, ++seen) {
    const auto text = rfc3339(at);
    if (text.size() != 24 || parse_time(text) != at) FAIL(text);
  }
  CHECK(seen > 30'000);
  CHECK(rfc3339(kAlert) == "2024-09-18T10:01:44.788Z");
  CHECK(rfc3339(0) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(rfc3339(1'764'013'345'123) == "2025-11-24T19:42:25.123Z");
}

TEST_CASE("rfc3339: instants outside the years 1 to 9999 are clamped") {
  CHECK(rfc3339(std::numeric_limits<std::int64_t>::max()) == "9999-12-31T23:59:59.999Z");
  CHECK(rfc3339(std::numeric_limits<std::int64_t>::min()) == "0001-01-01T00:00:00.000Z");
}

TEST_CASE("date_path: the day in UTC, also before 1970") {
  CHECK(date_path(kAlert) == "2024/09/18");
  CHECK(date_path(0) == "1970/01/01");
  CHECK(date_path(-1) == "1969/12/31");
  CHECK(date_path(kDay - 1) == "1970/01/01");
  CHECK(date_path(std::numeric_limits<std::int64_t>::max()) == "9999/12/31");
}

TEST_CASE("parse_duration: a whole number and a unit") {
  CHECK(parse_duration("250ms") == 250);
  CHECK(parse_duration("30s") == 30'000);
  CHECK(parse_duration("5m") == 5 * kMinute);
  CHECK(parse_duration("2h") == 120 * kMinute);
  CHECK(parse_duration("7d") == 7 * kDay);
  CHECK(parse_duration("0s") == 0);
  CHECK(parse_duration("007d") == 7 * kDay);
  CHECK(parse_duration("3650d") == 3650 * kDay);
}

TEST_CASE("parse_duration: anything else is nothing") {
  for (const char* text : {"", "s", "30", "30 s", " 30s", "30s ", "30S", "-30s", "+30s", "1.5h", "1h30m", "5min", "1w",
                           "3651d", "99999999999999999999999999d", "315360000001ms", "9223372036854775807ms", "1e3s"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("now_ms and monotonic_ms: milliseconds that do not run backwards") {
  const auto wall = signalfoundry::now_ms();
  const auto first = signalfoundry::monotonic_ms();
  const auto second = signalfoundry::monotonic_ms();
  CHECK(wall > 1'700'000'000'000);
  CHECK(second >= first);
}
