// SPDX-License-Identifier: Apache-2.0
//
// Goal: what does not balance is counted, named and said; what balances is not talked about.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

using sf::testing::MockHost;
using sf::testing::StageUnderTest;

TEST_CASE("reconcile: books that balance are a zero and no warning", "[reconcile]") {
  MockHost host("reconcile");
  StageUnderTest reconcile(host, signalfoundry_plugin);
  reconcile.end();
  CHECK(host.run.reconciled == std::vector<std::string>{"run"});
  CHECK(host.metrics.gauges.at("reconcile_mismatches") == 0);
  CHECK(host.log.lines.empty());
}

TEST_CASE("reconcile: mismatches are counted and named with what to do", "[reconcile]") {
  MockHost host("reconcile");
  host.run.reconcile["all"] =
      R"({"checked":9,"mismatches":3,"categories":{"case_missing":2,"fine":0,"queue_twice":1}})";
  StageUnderTest reconcile(host, signalfoundry_plugin, {{"scope", "all"}});
  reconcile.end();
  CHECK(host.run.reconciled == std::vector<std::string>{"all"});
  CHECK(host.metrics.gauges.at("reconcile_mismatches") == 3);
  REQUIRE(host.log.lines.size() == 1);
  CHECK(host.log.lines[0].level == SF_LOG_WARN);
  CHECK(host.log.contains("3 mismatches (case_missing: 2, queue_twice: 1)"));
  CHECK(host.log.contains("signalfoundry reconcile"));
}

TEST_CASE("reconcile: a check that failed or cannot be read is an error, never a balance", "[reconcile]") {
  for (const char* answer : {"", "[]", "{}", R"({"mismatches":"0"})", R"({"mismatches":-1})", "{\"mismatches\":0"}) {
    MockHost host("reconcile");
    host.run.reconcile["run"] = answer;
    StageUnderTest reconcile(host, signalfoundry_plugin);
    INFO(answer);
    CHECK_THROWS_AS(reconcile.end(), sf::Error);
    CHECK(host.metrics.gauges.empty());
  }
  MockHost host("reconcile");
  host.run.reconcile_error = "state.db is damaged";
  StageUnderTest reconcile(host, signalfoundry_plugin);
  CHECK_THROWS_WITH(reconcile.end(), ContainsSubstring("state.db is damaged"));
}
