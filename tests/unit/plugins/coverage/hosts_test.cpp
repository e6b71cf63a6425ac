// SPDX-License-Identifier: Apache-2.0
//
// Goal: a host or a class of signals that falls silent is said in every run from its bound on, also when no run brings
// an alert; nothing that is heard of is said to be silent.
#include "bench.hpp"

using namespace coverage_test;

namespace {
const json kTwo = {{"hosts",
                    {{{"name", "a"}, {"longest_silence", "1h"}},
                     {{"name", "b"}, {"longest_silence", "7d"}, {"at_least", 3}, {"window", "1d"}}}}};
}

TEST_CASE("coverage: a host that was never heard of waits, and is silent from its bound on", "[coverage]") {
  Bench bench(kTwo);
  auto hosts = bench.run()["hosts"];
  CHECK(hosts["expected"] == 2);
  CHECK(hosts["waiting"] == 2);
  CHECK(bench.findings().empty());
  bench.later(kHour);
  bench.run();
  CHECK(bench.findings().empty());
  bench.later(1);
  hosts = bench.run()["hosts"];
  CHECK(hosts["silent"] == 1);
  CHECK(hosts["named"][0]["name"] == "a");
  CHECK(hosts["named"][0]["newest"].is_null());
  REQUIRE(bench.findings().size() == 1);
  CHECK(bench.findings()[0] == "host a is silent: nothing came in the 1 h that it is watched, and 1 h is the bound");
  CHECK(bench.mock.metrics.gauges.at("coverage_hosts_silent") == 1);
  CHECK(bench.mock.metrics.gauges.at("coverage_hosts_covered") == 0);
  CHECK(bench.mock.metrics.gauges.at("coverage_hosts_expected") == 2);
}

TEST_CASE("coverage: empty runs age a silence, and an alert ends it", "[coverage]") {
  Bench bench(kTwo);
  CHECK(bench.run({bench.alert("a")})["hosts"]["covered"] == 1);
  for (int i = 0; i < 6; ++i) {
    bench.later(10 * kMinute);
    CHECK(bench.run()["hosts"]["silent"] == 0);
  }
  for (int i = 0; i < 3; ++i) {
    bench.later(10 * kMinute);
    CHECK(bench.run()["hosts"]["silent"] == 1);
    CHECK(bench.says("host a is silent: its newest alert is 1 h " + std::to_string(10 * (i + 1)) + " min old"));
  }
  CHECK(bench.run({bench.alert("a", kMinute)})["hosts"]["silent"] == 0);
  CHECK(bench.findings().empty());
}

TEST_CASE("coverage: an old alert that comes late ends no silence", "[coverage]") {
  Bench bench(kTwo);
  bench.later(2 * kHour);
  CHECK(bench.run({bench.alert("a", 90 * kMinute)})["hosts"]["silent"] == 1);
  bench.run({bench.alert("a", 10 * kMinute)});
  CHECK(bench.run({bench.alert("a", 30 * kDay)})["hosts"]["silent"] == 0);
}

TEST_CASE("coverage: fewer alerts than asked for in a window are said, once a whole window was watched", "[coverage]") {
  Bench bench(kTwo);
  bench.settings["hosts"][0]["longest_silence"] = "90d";
  bench.run({bench.alert("b"), bench.alert("b")});
  bench.later(kDay - kHour);
  bench.run();
  CHECK(bench.findings().empty());
  bench.later(kHour);
  CHECK(bench.run({bench.alert("b")})["hosts"]["covered"] == 1);  // three in the day that ends here
  bench.later(2 * kHour);
  const auto hosts = bench.run()["hosts"];
  CHECK(bench.says("host b gave 1 alerts in 1 d, and at least 3 are expected"));
  CHECK(hosts["named"][0]["alerts"] == 1);
  CHECK(hosts["named"][0]["at_least"] == 3);
  bench.run({bench.alert("b"), bench.alert("b")});
  CHECK(bench.findings().empty());
}

TEST_CASE("coverage: a rate that is asked for later, or by another window, is judged after a window of its own",
          "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "90d"}}}}, {"freshness_max", "90d"}});
  bench.run({bench.alert("a")});
  bench.later(10 * kDay);
  for (const char* window : {"1d", "2d"}) {
    bench.settings["hosts"][0]["at_least"] = 1;
    bench.settings["hosts"][0]["window"] = window;
    bench.run();
    CHECK(bench.findings().empty());
    bench.later(2 * kDay);
    bench.run();
    CHECK(bench.says("host a gave 0 alerts"));
  }
}

TEST_CASE("coverage: a class of signals falls silent, of the site or of one host", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}}, {{"name", "b"}}}},
                   {"signals",
                    {{{"name", "logon"}, {"rule_groups", {"Authentication_Failed"}}, {"longest_silence", "1h"}},
                     {{"name", "process"},
                      {"field", "/data/win/eventID"},
                      {"values", {"4688", "1"}},
                      {"longest_silence", "2h"},
                      {"per_host", true}}}}});
  const auto process = [&](const std::string& host, json id) {
    return MockRecord(json{{"data", {{"win", {{"eventID", std::move(id)}}}}}}.dump(),
                      {{"alert.raised", shared::instant_text(bench.mock.clock.now_ms)}, {"host.name", host}});
  };
  auto signals = bench.run({bench.alert("a", 0, {{"rule.groups", {"x", "authentication_failed"}}}),
                            process("a", "4688"), process("b", 1), process("b", 4689)})["signals"];
  CHECK(signals["expected"] == 3);
  CHECK(signals["covered"] == 3);
  bench.later(kHour + 1);
  signals = bench.run({process("a", "4688"), bench.alert("b")})["signals"];
  CHECK(signals["silent"] == 1);
  CHECK(bench.says("signal logon is silent"));
  bench.later(kHour);
  signals = bench.run()["signals"];
  CHECK(signals["silent"] == 2);
  CHECK(bench.says("signal process of host b is silent"));
  CHECK(!bench.says("of host a"));
  CHECK(bench.mock.metrics.gauges.at("coverage_signals_silent") == 2);
}

TEST_CASE("coverage: the selectors of a signal must all hold", "[coverage]") {
  Bench bench(json{{"signals", {{{"name", "s"}, {"rule_ids", {"1", "2"}}, {"rule_groups", {"g"}}}}}});
  const auto covered = [&](json fields) {
    return bench.run({bench.alert("a", 0, std::move(fields))})["signals"]["covered"];
  };
  CHECK(covered({{"rule.id", "1"}}) == 0);
  CHECK(covered({{"rule.groups", {"g"}}}) == 0);
  CHECK(covered({{"rule.id", "3"}, {"rule.groups", {"g"}}}) == 0);
  CHECK(covered({{"rule.id", "2"}, {"rule.groups", {"h", "g"}}}) == 1);
}

TEST_CASE("coverage: many silent hosts are counted, and the first ones said", "[coverage]") {
  json hosts = json::array();
  for (int i = 0; i < 500; ++i) hosts.push_back({{"name", "h" + std::to_string(i)}, {"longest_silence", "1h"}});
  Bench bench(json{{"hosts", hosts}});
  bench.run();
  bench.later(2 * kHour);
  const auto part = bench.run();
  CHECK(part["hosts"]["silent"] == 500);
  CHECK(part["hosts"]["named"].size() == 20);
  CHECK(bench.findings().size() == 21);
  CHECK(bench.says("and 480 more hosts are silent"));
}

TEST_CASE("coverage: a host with the rhythm of an hour is quiet after so many of them, which is a warning",
          "[coverage]") {
  Bench bench(json{{"quiet_factor", 5}, {"quiet_floor", "2h"}, {"freshness_max", "90d"}});
  for (int i = 0; i < 20; ++i) {
    bench.run({bench.alert("a"), bench.alert("a", 1000)});
    bench.later(kHour);
  }
  bench.later(3 * kHour);
  CHECK(bench.run()["hosts"]["quiet"]["count"] == 0);
  bench.later(2 * kHour);
  const auto part = bench.run();
  CHECK(part["hosts"]["quiet"]["count"] == 1);
  CHECK(part["hosts"]["quiet"]["named"][0] == "a");
  CHECK(bench.mock.log.contains("host a is quiet"));
  CHECK(bench.mock.metrics.gauges.at("coverage_hosts_quiet") == 1);
  CHECK(bench.findings().empty());
  CHECK(bench.run({bench.alert("a")})["hosts"]["quiet"]["count"] == 0);
}

TEST_CASE("coverage: hosts that nobody expects are counted, and the newest named", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}}}}});
  auto unknown = bench.run({bench.alert("a"), bench.alert("x"), bench.alert("X"), bench.alert("y", kMinute),
                            bench.alert("", 0, {{"host.id", "007"}})})["hosts"]["unknown"];
  CHECK(unknown["count"] == 3);
  CHECK(unknown["named"][2] == "y");
  bench.later(2 * kDay);
  CHECK(bench.run()["hosts"]["unknown"]["count"] == 0);
}

TEST_CASE("coverage: a long name that is cut in a character costs the others no memory", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "1h"}}}}});
  bench.run({bench.alert("a"), bench.alert(std::string(127, 'x') + "\xc3\xa9")});
  bench.later(2 * kHour);
  bench.run({bench.alert(std::string(127, 'x') + "\xc3\xa9")});
  CHECK(bench.says("host a is silent"));
  CHECK_FALSE(bench.says("cannot be read"));
}
