// SPDX-License-Identifier: Apache-2.0
//
// Goal: a position is read back as it was written, and nothing else is taken for one.
#include <signalfoundry/error.hpp>

#include <cstdint>
#include <string>

#include "../../../../plugins/source_kafka/position.hpp"
#include "../../../../plugins/source_kafka/settings.hpp"
#include "support/catch.h"

using namespace source_kafka;

namespace {

const std::string kHead = R"({"v":1,"cluster":"c","until_ms":5,"topics":)";

std::string refusal(const std::string& text) {
  try {
    from_text(text);
  } catch (const sf::Error& error) {
    CHECK(error.code() == SF_FATAL);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("source_kafka position: is read back as it was written", "[source_kafka]") {
  Position position;
  position.cluster = "MkU3OEVBNTcwNTJENDM2Qk \" \\ \n";
  position.until_ms = 1'795'549'345'000;
  position.topics["wazuh-alerts"] = {{0, {17, 1'795'549'344'120}}, {2, {INT64_MAX, -1}}};
  position.topics["a.b_c"] = {{5, {-1, 7, false}}, {6, {3, 4, true}}, {INT32_MAX, {0, 0}}};
  position.topics["empty"] = {};
  const auto again = from_text(to_text(position));
  REQUIRE(again);
  CHECK(again->cluster == position.cluster);
  CHECK(again->until_ms == position.until_ms);
  REQUIRE(again->topics.size() == 3);
  const auto& places = again->topics.at("wazuh-alerts");
  REQUIRE(places.size() == 2);
  CHECK(places.at(0).next == 17);
  CHECK(places.at(0).last_ms == 1'795'549'344'120);
  CHECK(places.at(2).next == INT64_MAX);
  CHECK(places.at(2).last_ms == -1);
  CHECK(again->topics.at("a.b_c").at(INT32_MAX).last_ms == 0);
  CHECK(again->topics.at("a.b_c").at(5).next == -1);
  CHECK_FALSE(again->topics.at("a.b_c").at(5).other_log);
  CHECK(again->topics.at("a.b_c").at(6).other_log);
  CHECK(partitions_of(*again) == 5);
  CHECK(again->topics.at("empty").empty());
  CHECK(to_text(*again) == to_text(position));
  CHECK_FALSE(from_text(""));
}

TEST_CASE("source_kafka position: what this plugin did not write stops the stage", "[source_kafka]") {
  const std::string deep(200'000, '[');
  for (const std::string& text : {std::string("x"),
                                  std::string("{"),
                                  std::string("[]"),
                                  std::string("null"),
                                  std::string("{}"),
                                  std::string("{\"v\":\"1\"}"),
                                  std::string("{\"v\":1}"),
                                  deep,
                                  std::string(5'000'000, ' '),
                                  kHead + "[]}",
                                  kHead + "{\"t\":[]}}",
                                  kHead + "{\"t\":{\"0\":5}}}",
                                  kHead + "{\"t\":{\"0\":[1]}}}",
                                  kHead + "{\"t\":{\"0\":[1,2,3]}}}",
                                  kHead + "{\"t\":{\"0\":[-2,2]}}}",
                                  kHead + "{\"t\":{\"0\":[-1,2,true]}}}",
                                  kHead + "{\"t\":{\"0\":[1,2,false]}}}",
                                  kHead + "{\"t\":{\"0\":[1,2,true,3]}}}",
                                  kHead + "{\"t\":{\"0\":[1.5,2]}}}",
                                  kHead + "{\"t\":{\"0\":[\"1\",2]}}}",
                                  kHead + "{\"t\":{\"0\":[9223372036854775808,2]}}}",
                                  kHead + "{\"t\":{\"0\":[18446744073709551615,2]}}}",
                                  kHead + "{\"t\":{\"0\":[1,-2]}}}",
                                  kHead + "{\"t\":{\"0\":[1,253402300800000]}}}",
                                  kHead + "{\"t\":{\"-1\":[1,2]}}}",
                                  kHead + "{\"t\":{\"01\":[1,2]}}}",
                                  kHead + "{\"t\":{\"+1\":[1,2]}}}",
                                  kHead + "{\"t\":{\"\":[1,2]}}}",
                                  kHead + "{\"t\":{\"2147483648\":[1,2]}}}",
                                  kHead + "{\"../t\":{\"0\":[1,2]}}}",
                                  kHead + "{\"\":{}}}",
                                  kHead + "{\"t\\u0000\":{}}}",
                                  kHead + "{}} x",
                                  std::string(R"({"v":1,"cluster":7,"until_ms":5,"topics":{}})"),
                                  std::string(R"({"v":1,"cluster":"","until_ms":"5","topics":{}})"),
                                  R"({"v":1,"until_ms":5,"topics":{},"cluster":")" + std::string(300, 'c') + "\"}"}) {
    INFO(text.substr(0, 100));
    CHECK(refusal(text).find("is not one of source_kafka's") != std::string::npos);
    CHECK(refusal(text).find("; give this stage a new name, or its old plugin back") != std::string::npos);
  }
  CHECK(refusal(R"({"v":2})").find("newer source_kafka") != std::string::npos);
}

TEST_CASE("source_kafka position: is bounded, whatever it holds, and shown without control characters",
          "[source_kafka]") {
  std::string places;
  for (std::size_t i = 0; i <= kPartitionsMax; ++i)
    places += (places.empty() ? "\"" : ",\"") + std::to_string(i) + "\":[1,2]";
  CHECK_FALSE(refusal(kHead + "{\"t\":{" + places + "}}}").empty());
  const auto shown = refusal("\x1b[2J\r\n" + std::string(10'000, 'x'));
  CHECK(shown.size() < 400);
  CHECK(shown.find('\x1b') == std::string::npos);
  CHECK(shown.find('\n') == std::string::npos);
}

TEST_CASE("source_kafka position: a record's time is of the years 1970 to 9999, or none", "[source_kafka]") {
  CHECK(sane_ms(0) == 0);
  CHECK(sane_ms(253'402'300'799'999) == 253'402'300'799'999);
  for (const std::int64_t ms : {std::int64_t{-1}, std::int64_t{253'402'300'800'000}, INT64_MAX, INT64_MIN})
    CHECK(sane_ms(ms) == -1);
}
