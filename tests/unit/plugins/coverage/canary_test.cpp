// SPDX-License-Identifier: Apache-2.0
//
// Goal: a canary that did not come out, or came out with another verdict, is said; and it speaks for nothing else.
#include "bench.hpp"

using namespace coverage_test;

namespace {
json canaries(const char* every = "1h", const char* within = "10m") {
  return {{"canaries",
           {{{"name", "own"}, {"source", "canary"}, {"every", every}, {"within", within}, {"disposition", "review"}}}},
          {"freshness_max", "90d"}};
}
}  // namespace

TEST_CASE("coverage: a canary that comes out as it must is covered, and nobody else's alert", "[coverage]") {
  Bench bench(canaries());
  bench.settings["hosts"] = {{{"name", "signalfoundry-canary"}}};
  bench.settings["signals"] = {{{"name", "s"}, {"rule_ids", {"signalfoundry-canary"}}}};
  const auto part = bench.run({bench.canary(1, "review")});
  CHECK(part["canaries"]["covered"] == 1);
  CHECK(part["canaries"]["came_out"] == 1);
  CHECK(part["hosts"]["covered"] == 0);
  CHECK(part["signals"]["covered"] == 0);
  CHECK(part["hosts"]["unknown"]["count"] == 0);
  CHECK(part["freshness"]["newest"].is_null());
  CHECK(bench.findings().empty());
  CHECK(bench.mock.metrics.gauges.at("coverage_canaries_covered") == 1);
}

TEST_CASE("coverage: another verdict is said at once, until a canary comes out right", "[coverage]") {
  Bench bench(canaries());
  auto part = bench.run({bench.canary(1, "benign")});
  CHECK(bench.says("canary own came out as benign, not as review (alert "));
  CHECK(part["canaries"]["failed"] == 1);
  CHECK(bench.mock.metrics.gauges.at("coverage_canaries_failed") == 1);
  bench.run();
  CHECK(bench.findings().size() == 1);
  bench.later(kHour);
  part = bench.run({bench.canary(2, "review")});
  CHECK(bench.findings().empty());
  CHECK(part["canaries"]["came_out_total"] == 2);
}

TEST_CASE("coverage: a canary that does not come out is said when it is overdue", "[coverage]") {
  Bench bench(canaries());
  CHECK(bench.run()["canaries"]["waiting"] == 1);
  bench.later(70 * kMinute);
  bench.run();
  CHECK(bench.findings().empty());
  bench.later(1);
  bench.run();
  CHECK(bench.says("canary own never came out, for 1 h 10 min; one is due every 1 h and may take 10 min"));
  bench.run({bench.canary(1, "review")});
  CHECK(bench.findings().empty());
  bench.later(71 * kMinute);
  bench.run();
  CHECK(bench.says("canary own did not come out for 1 h 11 min"));
}

TEST_CASE("coverage: with one due in each run, a run without is one too many", "[coverage]") {
  Bench bench(canaries("0s", "0s"));
  bench.later(1);
  bench.run({bench.canary(1, "review", 50)});
  CHECK(bench.findings().empty());
  bench.later(1);
  bench.run();
  CHECK(bench.says("one is due in each run"));
}

TEST_CASE("coverage: each number must come out; late it may be, for a while", "[coverage]") {
  Bench bench(canaries());
  bench.run({bench.canary(1, "review")});
  bench.later(kHour);
  bench.run({bench.canary(4, "review"), bench.canary(3, "review")});
  CHECK(bench.findings().empty());
  bench.later(10 * kMinute);
  bench.run();
  CHECK(bench.says("canary own 1 of those that were emitted did not come out within 10 min, the first with number 2"));
  bench.run({bench.canary(2, "review", kHour)});
  CHECK(bench.findings().empty());
  bench.run({bench.canary(6, "review")});
  bench.later(20 * kMinute);
  bench.run();
  CHECK(bench.findings().size() == 1);
  for (int i = 7; i < 33; ++i) {  // it is said for a day
    bench.later(kHour);
    bench.run({bench.canary(static_cast<std::uint64_t>(i), "review")});
  }
  CHECK(bench.findings().empty());
}

TEST_CASE("coverage: numbers that jump far or begin anew cost no memory and say nothing wrong", "[coverage]") {
  Bench bench(canaries());
  bench.run({bench.canary(1, "review")});
  bench.run({bench.canary(9'000'000'000'000'000, "review")});
  bench.run({bench.canary(4'000'000'000, "review")});
  CHECK(bench.mock.state.values.at("watch.0").size() < 4'000);
  bench.run({bench.canary(1, "review")});
  bench.later(20 * kMinute);
  bench.run({bench.canary(2, "review")});
  CHECK(bench.findings().empty());
}

TEST_CASE("coverage: the operator's own canary is known by its rule, and proves the SIEM, too", "[coverage]") {
  Bench bench(json{{"canaries",
                    {{{"name", "agent 7"},
                      {"rule_ids", {"100999"}},
                      {"field", "host.name"},
                      {"values", {"ws-07"}},
                      {"every", "1h"},
                      {"disposition", "benign"}}}},
                   {"hosts", {{{"name", "ws-07"}}}}});
  const auto raised = [&](const char* host, const char* rule) {
    return bench.alert(host, 0, {{"rule.id", rule}, {"verdict.disposition", "benign"}});
  };
  CHECK(bench.run({raised("ws-08", "100999"), raised("ws-07", "1")})["canaries"]["waiting"] == 1);
  const auto part = bench.run({raised("ws-07", "100999")});
  CHECK(part["canaries"]["covered"] == 1);
  CHECK(part["hosts"]["covered"] == 1);
  CHECK(!part["freshness"]["newest"].is_null());
  bench.later(76 * kMinute);
  bench.run();
  CHECK(bench.says("canary agent 7 did not come out"));
}

TEST_CASE("coverage: an alert of the SIEM that calls itself a canary is none", "[coverage]") {
  Bench bench(canaries());
  const auto part = bench.run({bench.canary(1, "review").with("alert.source", "poll")});
  CHECK(part["canaries"]["covered"] == 0);
  CHECK(part["hosts"]["unknown"]["count"] == 1);
}
