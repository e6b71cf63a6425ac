// SPDX-License-Identifier: Apache-2.0
//
// Goal: a run leaves its heartbeat, one more line of history and its metrics; one that fails does not stop the others.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

using sf::testing::Fault;
using sf::testing::MockHost;
using sf::testing::StageUnderTest;

namespace {

constexpr const char* kReport = R"({"schema":1,"run_id":"r-1","status":"ok","counts":{"triaged":3,"accepted":3}})";

}  // namespace

TEST_CASE("heartbeat: writes the report, keeps its order, and adds a line of history", "[heartbeat]") {
  MockHost host("heartbeat");
  host.run.report = kReport;
  host.metrics.text = "signalfoundry_alerts 3\n";
  StageUnderTest heartbeat(host, signalfoundry_plugin);
  heartbeat.end();
  CHECK(host.fs.get("state", "heartbeat.json") ==
        "{\n  \"schema\": 1,\n  \"run_id\": \"r-1\",\n  \"status\": \"ok\",\n  \"counts\": {\n    \"triaged\": 3,\n    "
        "\"accepted\": 3\n  }\n}\n");
  CHECK(host.fs.get("state", "heartbeat-history.jsonl") == std::string(kReport) + "\n");
  CHECK(host.fs.get("state", "metrics.prom") == "signalfoundry_alerts 3\n");
  heartbeat.end();
  CHECK(host.fs.get("state", "heartbeat-history.jsonl") == std::string(kReport) + "\n" + kReport + "\n");
}

TEST_CASE("heartbeat: the history is set aside at its limit", "[heartbeat]") {
  MockHost host("heartbeat");
  host.run.report = R"({"error":")" + std::string(40'000, 'x') + "\"}";
  StageUnderTest heartbeat(host, signalfoundry_plugin, {{"history_max", 65536}});
  heartbeat.end();
  heartbeat.end();
  CHECK(host.fs.get("state", "heartbeat-history.jsonl.1") == host.run.report + "\n");
  CHECK(host.fs.get("state", "heartbeat-history.jsonl") == host.run.report + "\n");
}

TEST_CASE("heartbeat: text that is no UTF-8 or holds line feeds stays one line of JSON", "[heartbeat]") {
  MockHost host("heartbeat");
  host.run.report = R"({"error":"a\nb"})";
  StageUnderTest heartbeat(host, signalfoundry_plugin);
  heartbeat.end();
  CHECK(host.fs.get("state", "heartbeat-history.jsonl") == "{\"error\":\"a\\nb\"}\n");
}

TEST_CASE("heartbeat: a file that cannot be written is an error, and the others are written all the same",
          "[heartbeat]") {
  for (const auto fault : {Fault::retry, Fault::denied}) {
    MockHost host("heartbeat");
    host.run.report = kReport;
    host.metrics.text = "m 1\n";
    StageUnderTest heartbeat(host, signalfoundry_plugin);
    host.fs.inject("write_file", 1, fault);
    CHECK_THROWS_AS(heartbeat.end(), sf::Error);
    CHECK_FALSE(host.fs.get("state", "heartbeat.json").has_value());
    CHECK(host.fs.get("state", "heartbeat-history.jsonl").has_value());
    CHECK(host.fs.get("state", "metrics.prom") == "m 1\n");
  }
}

TEST_CASE("heartbeat: a report that cannot be read leaves the old heartbeat and is an error", "[heartbeat]") {
  MockHost host("heartbeat");
  host.run.report = kReport;
  StageUnderTest heartbeat(host, signalfoundry_plugin);
  heartbeat.end();
  const auto good = host.fs.get("state", "heartbeat.json");
  host.run.report = "{\"schema\":1,";
  CHECK_THROWS_WITH(heartbeat.end(), ContainsSubstring("report could not be read"));
  CHECK(host.fs.get("state", "heartbeat.json") == good);
}
