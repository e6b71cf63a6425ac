// SPDX-License-Identifier: Apache-2.0
//
// bench.hpp - a mock host whose state outlives a run, and alerts of any age, for the tests of coverage.
#pragma once
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "shared/instant.hpp"
#include "support/catch.h"

namespace coverage_test {

using nlohmann::json;
using sf::testing::MockHost;
using sf::testing::MockRecord;
using sf::testing::StageUnderTest;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

struct Bench {
  explicit Bench(json given = json::object()) : settings(std::move(given)) {}

  // An alert of that host, so many milliseconds old.
  MockRecord alert(const std::string& host, std::int64_t age_ms = 0, json fields = json::object()) {
    fields["alert.raised"] = shared::instant_text(mock.clock.now_ms - age_ms);
    if (!fields.contains("host.name") && !host.empty()) fields["host.name"] = host;
    return MockRecord(R"({"n":)" + std::to_string(++made_) + "}", fields);
  }
  // What source_canary emits, as it comes out.
  MockRecord canary(std::uint64_t number, const std::string& disposition, std::int64_t age_ms = 0) {
    return MockRecord(json{{"data", {{"canary", {{"number", std::to_string(number)}}}}}}.dump(),
                      {{"alert.raised", shared::instant_text(mock.clock.now_ms - age_ms)},
                       {"host.name", "signalfoundry-canary"},
                       {"alert.source", "canary"},
                       {"rule.id", "signalfoundry-canary"},
                       {"verdict.disposition", disposition}});
  }
  // One run in a process of its own; gives the part of the report.
  json run(const std::vector<MockRecord>& alerts = {}) {
    StageUnderTest stage(mock, signalfoundry_plugin, settings);
    stage.begin();
    if (!alerts.empty()) stage.batch(alerts);
    stage.end();
    return mock.run.watched.at("coverage").content;
  }
  const std::vector<std::string>& findings() { return mock.run.watched.at("coverage").findings; }
  bool says(const std::string& text) {
    for (const auto& finding : findings())
      if (finding.find(text) != std::string::npos) return true;
    return false;
  }
  std::string refused() {
    try {
      StageUnderTest stage(mock, signalfoundry_plugin, settings);
    } catch (const sf::Error& error) {
      CHECK(error.code() == SF_INVALID);
      return error.what();
    }
    return "";
  }
  void later(std::int64_t ms) { mock.clock.advance(ms); }

  MockHost mock{"coverage"};
  json settings;

 private:
  int made_ = 0;
};

}  // namespace coverage_test
