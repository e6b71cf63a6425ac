// SPDX-License-Identifier: Apache-2.0
//
// Goal: the plugin looks at the queue as rarely as it may, admits what was selected, and says how many wait.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

using sf::testing::MockHost;
using sf::testing::StageUnderTest;

namespace {

void wait(MockHost& host, int count, uint32_t severity, int64_t time_ms = 1000) {
  for (int i = 0; i < count; ++i)
    host.queue.queued.push_back({"p-" + std::to_string(severity) + "-" + std::to_string(time_ms + i), time_ms + i,
                                 static_cast<uint32_t>(i % 30), severity});
}
// As the runner does after a run: what was admitted is gone.
void finish(MockHost& host) {
  auto& queue = host.queue;
  std::erase_if(queue.waiting, [&](const auto& one) {
    return std::find(queue.admitted.begin(), queue.admitted.end(), one.name) != queue.admitted.end();
  });
  queue.admitted.clear();
}

}  // namespace

TEST_CASE("queue_cap: admits at most the cap, severe first, and counts the rest as deferred", "[queue_cap]") {
  MockHost host("cap");
  wait(host, 30, 3);
  wait(host, 5, 12);
  StageUnderTest cap(host, signalfoundry_plugin, {{"cap", 10}});
  cap.begin();
  REQUIRE(host.queue.admitted.size() == 10);
  for (int i = 0; i < 5; ++i) CHECK(host.queue.admitted[static_cast<std::size_t>(i)].starts_with("p-12-"));
  CHECK(host.metrics.gauges["queue_active"] == 10);
  CHECK(host.metrics.gauges["queue_deferred"] == 25);
}

TEST_CASE("queue_cap: an empty queue is no error", "[queue_cap]") {
  MockHost host("cap");
  StageUnderTest cap(host, signalfoundry_plugin);
  cap.begin();
  CHECK(host.queue.admitted.empty());
  CHECK(host.metrics.gauges["queue_deferred"] == 0);
}

TEST_CASE("queue_cap: a drain looks at the whole queue once for many runs, and at what is new in each", "[queue_cap]") {
  MockHost host("cap");
  wait(host, 1000, 3);
  StageUnderTest cap(host, signalfoundry_plugin, {{"cap", 10}});
  cap.begin();
  finish(host);
  CHECK(host.queue.scans == std::vector<uint32_t>{SF_SCAN_ALL});
  wait(host, 2, 14, 900'000);
  cap.begin();
  CHECK(host.queue.scans.back() == SF_SCAN_NEW);
  CHECK(host.queue.admitted.front().starts_with("p-14-"));
  CHECK(host.metrics.gauges["queue_deferred"] == 1002 - 20);
  finish(host);
  int runs = 2;
  for (; !host.queue.waiting.empty() && runs < 1000; ++runs) {
    cap.begin();
    CHECK(host.metrics.gauges["queue_active"] == static_cast<double>(host.queue.admitted.size()));
    finish(host);
  }
  CHECK(runs == 101);
  CHECK(std::count(host.queue.scans.begin(), host.queue.scans.end(), uint32_t{SF_SCAN_ALL}) <= 6);
}

TEST_CASE("queue_cap: looks at the whole queue again after a minute, for what others have dropped in", "[queue_cap]") {
  MockHost host("cap");
  wait(host, 1000, 3);
  StageUnderTest cap(host, signalfoundry_plugin, {{"cap", 10}});
  cap.begin();
  finish(host);
  host.queue.waiting.push_back({"dropped.json", 0, 1, SF_SEVERITY_UNKNOWN});
  host.clock.advance(60'001);
  cap.begin();
  CHECK(host.queue.scans.back() == SF_SCAN_ALL);
  CHECK(host.queue.admitted.front() == "dropped.json");
}

TEST_CASE("queue_cap: where more are new than the runner keeps names of, it looks at the whole queue", "[queue_cap]") {
  MockHost host("cap");
  host.queue.new_max = 50;
  wait(host, 1000, 3);
  StageUnderTest cap(host, signalfoundry_plugin, {{"cap", 10}});
  cap.begin();
  finish(host);
  wait(host, 51, 14, 900'000);
  cap.begin();
  CHECK(host.queue.scans == std::vector<uint32_t>{SF_SCAN_ALL, SF_SCAN_NEW, SF_SCAN_ALL});
  CHECK(host.queue.admitted.front().starts_with("p-14-"));
  CHECK(host.metrics.gauges["queue_deferred"] == 1051 - 20);
}

TEST_CASE("queue_cap: a scan that fails is an error, and the next one begins anew", "[queue_cap]") {
  MockHost host("cap");
  wait(host, 100, 3);
  StageUnderTest cap(host, signalfoundry_plugin, {{"cap", 10}});
  host.queue.scan_error = "the queue directory cannot be read";
  CHECK_THROWS_AS(cap.begin(), sf::Error);
  host.queue.scan_error.clear();
  cap.begin();
  CHECK(host.queue.admitted.size() == 10);
  host.queue.scan_error = "gone";
  CHECK_THROWS_AS(cap.begin(), sf::Error);
  host.queue.scan_error.clear();
  finish(host);
  cap.begin();
  CHECK(host.queue.scans.back() == SF_SCAN_NEW);
  CHECK(host.queue.admitted.size() == 10);
}

TEST_CASE("queue_cap: what is in the active set already is not counted twice", "[queue_cap]") {
  MockHost host("cap");
  wait(host, 3, 3);
  StageUnderTest cap(host, signalfoundry_plugin, {{"cap", 10}});
  cap.begin();
  cap.begin();  // nothing has moved
  CHECK(host.queue.admitted.size() == 3);
  CHECK(host.metrics.gauges["queue_active"] == 0);
}
