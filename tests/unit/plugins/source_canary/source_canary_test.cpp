// SPDX-License-Identifier: Apache-2.0
//
// Goal: one alert when it is due, each number once, and a cursor that is not ours is refused.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::MockHost;
using sf::testing::SourceUnderTest;

namespace {

// One run; gives what was pushed, and moves the cursor.
std::vector<sf::testing::MockPoll::Push> run(MockHost& host, std::string& cursor,
                                             const json& settings = json::object()) {
  SourceUnderTest source(host, signalfoundry_plugin, settings);
  source.open(cursor);
  const auto polled = source.poll();
  CHECK(polled.status == SF_END);
  CHECK(source.poll().pushed.empty());  // of the same run
  if (!polled.pushed.empty()) cursor = polled.pushed.back().position;
  return polled.pushed;
}

}  // namespace

TEST_CASE("source_canary: one alert when it is due, numbered, in the form of a Wazuh alert", "[source_canary]") {
  MockHost host("canary");
  std::string cursor;
  auto pushed = run(host, cursor, {{"every", "1h"}});
  REQUIRE(pushed.size() == 1);
  const auto first = json::parse(pushed[0].document);
  CHECK(first["rule"]["id"] == "signalfoundry-canary");
  CHECK(first["rule"]["groups"] == json{"signalfoundry_canary"});
  CHECK(first["data"]["canary"]["number"] == "1");
  CHECK(first["timestamp"] == "2026-01-01T00:00:00.000Z");
  CHECK(first["id"] == "1767225600.1");
  CHECK(pushed[0].document.size() < 1'000);
  host.clock.advance(3'599'999);
  CHECK(run(host, cursor, {{"every", "1h"}}).empty());
  host.clock.advance(1);
  pushed = run(host, cursor, {{"every", "1h"}});
  REQUIRE(pushed.size() == 1);
  CHECK(json::parse(pushed[0].document)["data"]["canary"]["number"] == "2");
}

TEST_CASE("source_canary: in each run, and at once after the clock was put back", "[source_canary]") {
  MockHost host("canary");
  std::string cursor;
  for (int i = 0; i < 3; ++i) CHECK(run(host, cursor, {{"every", "0s"}}).size() == 1);
  host.clock.now_ms -= 86'400'000;
  CHECK(run(host, cursor, {{"every", "1h"}}).size() == 1);
  CHECK(run(host, cursor, {{"every", "1h"}}).empty());
}

TEST_CASE("source_canary: rule, level, groups and host are the settings'", "[source_canary]") {
  MockHost host("canary");
  std::string cursor;
  const auto pushed = run(host, cursor, {{"rule_id", "100999"}, {"level", 12}, {"groups", {"a", "b"}}, {"host", "h"}});
  REQUIRE(pushed.size() == 1);
  const auto alert = json::parse(pushed[0].document);
  CHECK(alert["rule"]["id"] == "100999");
  CHECK(alert["rule"]["level"] == 12);
  CHECK(alert["rule"]["groups"] == json{"a", "b"});
  CHECK(alert["agent"]["name"] == "h");
}

TEST_CASE("source_canary: a cursor that it never wrote is refused", "[source_canary]") {
  for (const char* cursor :
       {"x", "{}", R"({"v":1})", R"({"v":1,"number":-1,"emitted":1})", R"({"v":2})",
        R"({"v":1,"number":99999999999999999,"emitted":1})", R"({"v":1,"number":1,"emitted":1e300})"}) {
    INFO(cursor);
    MockHost host("canary");
    SourceUnderTest source(host, signalfoundry_plugin);
    CHECK_THROWS_AS(source.open(cursor), sf::Error);
  }
}
