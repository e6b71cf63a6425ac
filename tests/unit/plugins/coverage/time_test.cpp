// SPDX-License-Identifier: Apache-2.0
//
// Goal: the age of what is newest is measured against the clock on the wall, and no clock that is wrong hides a
// silence.
#include "bench.hpp"

using namespace coverage_test;

TEST_CASE("coverage: an empty run ages the newest alert", "[coverage]") {
  Bench bench(json{{"freshness_max", "2h"}});
  bench.run({bench.alert("a", kMinute)});
  CHECK(bench.findings().empty());
  bench.later(2 * kHour);
  const auto fresh = bench.run()["freshness"];
  CHECK(fresh["age_s"] == 7260.0);
  CHECK(fresh["alerts"] == 0);
  CHECK(fresh["age_median_s"].is_null());
  CHECK(bench.says("the newest alert of all is 2 h 1 min old, and 2 h is the bound"));
  CHECK(bench.mock.metrics.gauges.at("coverage_newest_age_seconds") == 7260.0);
}

TEST_CASE("coverage: no alert ever is said from the bound on, not for ever unknown", "[coverage]") {
  Bench bench(json{{"freshness_max", "2h"}});
  CHECK(bench.run()["freshness"]["age_s"].is_null());
  CHECK(bench.findings().empty());
  bench.later(3 * kHour);
  bench.run();
  CHECK(bench.says("no alert at all came in the 3 h of this watch"));
}

TEST_CASE("coverage: median and 95 of 100 of the ages of a run's alerts, and of the way to us", "[coverage]") {
  Bench bench;
  std::vector<MockRecord> alerts;
  for (int i = 1; i <= 100; ++i) {
    auto received = shared::instant_text(bench.mock.clock.now_ms - i * 1000 + 250);
    alerts.push_back(bench.alert("a", i * 1000, {{"alert.received", received}}));
  }
  const auto fresh = bench.run(alerts)["freshness"];
  CHECK(fresh["alerts"] == 100);
  CHECK(fresh["age_median_s"] == 50.0);
  CHECK(fresh["age_high_s"] == 95.0);
  CHECK(fresh["lag_median_s"] == 0.25);
  CHECK(fresh["lag_high_s"] == 0.25);
  CHECK(bench.mock.metrics.gauges.at("coverage_age_high_seconds") == 95.0);
}

TEST_CASE("coverage: an alert of the future counts as one of now, and is said", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "1h"}}}}, {"clock_ahead_max", "5m"}});
  auto fresh = bench.run({bench.alert("a", -2 * kMinute)})["freshness"];
  CHECK(fresh["ahead"] == 1);
  CHECK(fresh["ahead_s"] == 120.0);
  CHECK(bench.findings().empty());
  bench.run({bench.alert("a", -90 * kDay)});
  CHECK(bench.says("a clock is wrong: 1 alerts are of the future, up to 90 d"));
  bench.later(2 * kHour);
  CHECK(bench.run()["hosts"]["silent"] == 1);
}

TEST_CASE("coverage: a clock that was put back is said, and hides no silence", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "1h"}}}}, {"freshness_max", "1h"}});
  bench.mock.clock.now_ms += 400 * kDay;  // it runs ahead
  bench.run({bench.alert("a")});
  bench.mock.clock.now_ms -= 400 * kDay;
  bench.run();
  CHECK(bench.says("the clock of this machine was put back by 400 d"));
  bench.later(kHour + 1);
  CHECK(bench.run()["hosts"]["silent"] == 1);
  CHECK(bench.says("the newest alert of all"));
  CHECK(!bench.says("put back"));
}

TEST_CASE("coverage: a clock that jumps ahead makes everyone silent, and back again nobody", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "1h"}}}}});
  bench.run({bench.alert("a")});
  bench.mock.clock.now_ms += 10 * kDay;
  CHECK(bench.run()["hosts"]["silent"] == 1);
  bench.mock.clock.now_ms -= 10 * kDay;
  CHECK(bench.run()["hosts"]["silent"] == 0);
  bench.mock.clock.now_ms -= 2000;  // of a clock that is disciplined
  bench.run();
  CHECK(bench.findings().empty());
}

TEST_CASE("coverage: an alert whose time cannot be read renews nothing, and is counted", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "1h"}, {"at_least", 2}, {"window", "1h"}}}},
                   {"signals", {{{"name", "s"}, {"rule_ids", {"7"}}, {"longest_silence", "1h"}}}},
                   {"canaries", {{{"name", "c"}, {"rule_ids", {"7"}}, {"every", "1h"}, {"disposition", "review"}}}},
                   {"freshness_max", "1h"}});
  const json seven = {{"rule.id", "7"}, {"verdict.disposition", "review"}};
  CHECK(bench.run({bench.alert("a", 0, seven), bench.alert("a", 0, seven)})["freshness"]["without_time"] == 0);
  CHECK(bench.findings().empty());
  bench.later(2 * kHour);
  auto absent = seven;
  absent["host.name"] = "a";
  std::vector<MockRecord> alerts = {MockRecord("{}", absent)};
  for (const char* time : {"", "yesterday", "2026-02-30T00:00:00.000Z", "2026-01-01T24:00:00.000Z"}) {
    alerts.push_back(bench.alert("a", 0, seven).with("alert.raised", time));
    alerts.push_back(bench.alert("nobody expects it").with("alert.raised", time));
  }
  const auto part = bench.run(alerts);
  CHECK(part["freshness"]["without_time"] == 9);
  CHECK(part["freshness"]["alerts"] == 0);
  CHECK(part["freshness"]["age_s"] == 7200.0);
  CHECK(part["freshness"]["age_median_s"].is_null());
  CHECK(part["hosts"]["silent"] == 1);
  CHECK(part["hosts"]["unknown"]["count"] == 0);
  CHECK(part["signals"]["silent"] == 1);
  CHECK(part["canaries"]["failed"] == 1);
  CHECK(part["canaries"]["came_out"] == 0);
  CHECK(bench.says("the newest alert of all is 2 h old, and 1 h is the bound"));
  CHECK(bench.mock.log.contains("9 alerts of this run have no time that can be read, and renew nothing"));
  CHECK(bench.mock.metrics.gauges.at("coverage_without_time") == 9);
}

TEST_CASE("coverage: an alert without a time costs those with one nothing", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "1h"}}}}, {"freshness_max", "1h"}});
  const auto part = bench.run({bench.alert("a").with("alert.raised", "none"), bench.alert("a", kMinute)});
  CHECK(part["hosts"]["covered"] == 1);
  CHECK(part["freshness"]["age_s"] == 60.0);
  CHECK(part["freshness"]["alerts"] == 1);
  CHECK(bench.findings().empty());
}
