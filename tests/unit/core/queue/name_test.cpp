// SPDX-License-Identifier: Apache-2.0
//
// Goal: a queue file's name says severity, age, group and key, and nothing that is not exactly such a name is taken for
// one.
#include <algorithm>

#include "queue/queue.hpp"
#include "support/catch.h"

using signalfoundry::Alert;
using signalfoundry::queue::make_name;
using signalfoundry::queue::parse_name;
using signalfoundry::queue::safe_name;

namespace {

const std::string kKey = "31e5ff40e56f42ab16753bca7b51423b";

Alert alert(std::optional<int> level, std::int64_t time_ms, std::uint32_t group = 0xd798719c) {
  Alert out;
  out.level = level;
  out.time_ms = time_ms;
  out.group = group;
  out.key = kKey;
  return out;
}

}  // namespace

TEST_CASE("name: severity, time, group and key, as every release writes them (golden value)") {
  CHECK(make_name(alert(12, 1'726'653'704'788)) == "p03-1726653704788-d798719c-" + kKey + ".json");
  CHECK(make_name(alert(15, 0, 0)) == "p00-0000000000000-00000000-" + kKey + ".json");
  CHECK(make_name(alert(std::nullopt, 5)) == "p08-0000000000005-d798719c-" + kKey + ".json");
}

TEST_CASE("name: what is written is read back, for every severity and at the ends of time and group") {
  for (int level = 0; level <= 15; ++level)
    for (const std::int64_t time : {std::int64_t{0}, std::int64_t{1'726'653'704'788}, std::int64_t{9'999'999'999'999}})
      for (const std::uint32_t group : {0U, 1U, 0xffffffffU}) {
        const auto name = parse_name(make_name(alert(level, time, group)));
        REQUIRE(name);
        CHECK(name->severity == level);
        CHECK(name->time_ms == time);
        CHECK(name->group == group);
        CHECK(name->key == kKey);
      }
}

TEST_CASE("name: a time that 13 digits do not hold is the nearest that they do") {
  CHECK(parse_name(make_name(alert(3, -1)))->time_ms == 0);
  CHECK(parse_name(make_name(alert(3, INT64_MIN)))->time_ms == 0);
  CHECK(parse_name(make_name(alert(3, INT64_MAX)))->time_ms == 9'999'999'999'999);
}

TEST_CASE("name: the order of names is severity first, then age") {
  std::vector<std::string> names;
  for (const auto& [level, time] : {std::pair{3, 5}, {12, 9}, {12, 10}, {3, 1}, {15, 99}})
    names.push_back(make_name(alert(level, time)));
  std::sort(names.begin(), names.end());
  std::string order;
  for (const auto& name : names)
    order += std::to_string(parse_name(name)->severity) + ":" + std::to_string(parse_name(name)->time_ms) + " ";
  CHECK(order == "15:99 12:9 12:10 3:1 3:5 ");
}

TEST_CASE("name: what is not exactly a name of ours is a drop-in's") {
  const std::string good = "p03-1726653704788-d798719c-" + kKey + ".json";
  REQUIRE(parse_name(good));
  for (const std::string bad : {"",
                                ".",
                                "alert.json",
                                "p03",
                                "q03-1726653704788-d798719c-",
                                "P03-1726653704788-d798719c-",
                                "p16-1726653704788-d798719c-",
                                "p99-1726653704788-d798719c-",
                                "p-1-1726653704788-d798719c-",
                                "p+3-1726653704788-d798719c-",
                                "p 3-1726653704788-d798719c-",
                                "p3x-1726653704788-d798719c-",
                                "p03_1726653704788-d798719c-",
                                "p03--726653704788-d798719c-",
                                "p03-172665370478x-d798719c-",
                                "p03-1726653704788-D798719C-",
                                "p03-1726653704788-d798719g-",
                                "p03-1726653704788--798719c-",
                                "p03-1726653704788-0x98719c-",
                                "p03-1726653704788-d798719c_"}) {
    CAPTURE(bad);
    CHECK(!parse_name(bad));
    CHECK(!parse_name(bad + kKey + ".json"));
  }
  CHECK(!parse_name("p03-1726653704788-d798719c-31E5FF40E56F42AB16753BCA7B51423B.json"));
  CHECK(!parse_name(good.substr(0, good.size() - 4) + "JSON"));
  CHECK(!parse_name(good + "x"));
  CHECK(!parse_name("x" + good));
}

TEST_CASE("name: every other byte anywhere in a name makes it another name, or none") {
  const std::string good = "p03-1726653704788-d798719c-" + kKey + ".json";
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = good;
      other[at] = static_cast<char>(byte);
      const auto name = parse_name(other);
      if (!name) continue;
      Alert made = alert(name->severity, name->time_ms, name->group);
      made.key = name->key;
      if (make_name(made) != other) FAIL("\"" << other << "\" is read as " << make_name(made));
    }
}

TEST_CASE("safe name: keeps plain names, and nothing that means something to a shell, a path or a terminal") {
  CHECK(safe_name("escalated-report_1.json") == "escalated-report_1.json");
  CHECK(safe_name("../../etc/passwd") == "_._.._etc_passwd");
  for (const std::string hostile : {"../../etc/passwd", "/abs", "a\nb", "\x1b[2J", "$(rm -rf ~)", "a b",
                                    "\xe2\x80\xae"
                                    "gpj.json",
                                    "-rf", "~", "\xff\xfe", "con:", "a\\b", "'\"`;|&<>*?"}) {
    CAPTURE(hostile);
    const std::string safe = safe_name(hostile);
    CHECK(safe.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
          std::string::npos);
    CHECK(safe.front() != '.');
    CHECK(!safe.empty());
    CHECK(signalfoundry::fs::valid_name(safe));
  }
}

TEST_CASE("safe name: is never empty, hidden or long") {
  CHECK(safe_name("") == "unnamed");
  CHECK(safe_name(".") == "_");
  CHECK(safe_name("..") == "_.");
  CHECK(safe_name(".hidden") == "_hidden");
  CHECK(safe_name(std::string(300, 'a')) == std::string(80, 'a'));
  CHECK(safe_name(std::string("a\0b", 3)) == "a_b");
}
