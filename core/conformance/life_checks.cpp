// SPDX-License-Identifier: Apache-2.0
//
// What every source does in its life: it opens, brings what is there, heeds the host, and stops.
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "conformance/check.hpp"

namespace signalfoundry::conformance {

namespace {

constexpr auto kStopLimit = std::chrono::seconds(10);

void need_alerts(Bench& bench) {
  if (bench.profile.protocol == Protocol::none)
    skip("the kit has nothing that speaks this source's protocol; give it a script of answers (--protocol script)");
  bench.begin();
}

void open_fresh(Bench& bench) {
  need_alerts(bench);
  const auto first = bench.run();
  bench.require_good(first, "a first run");
  bench.require_all({&first}, "a first run");
  require(first.rejected.empty(), fmt::format("{} good alerts were rejected", first.rejected.size()));
  bench.look_for_repeats(first);
}

void poll_respects_max(Bench& bench) {
  need_alerts(bench);
  for (const std::uint32_t max : {1U, 3U, 7U}) {
    RunOptions options;
    options.max_records = max;
    const auto t = bench.run(options);  // the driver counts
    bench.require_good(t, fmt::format("with max_records {}", max));
    bench.require_all({&t}, fmt::format("with max_records {}", max));
  }
}

void poll_honours_full(Bench& bench) {
  need_alerts(bench);
  for (const std::size_t nth : {1U, 2U, 10U, 11U}) {
    RunOptions options;
    options.answer = [&](std::size_t n) -> sf_status { return n == nth ? SF_FULL : SF_OK; };
    const auto t = bench.run(options);
    const auto when = fmt::format("when the host had no room for alert {}", nth);
    bench.require_good(t, when);
    bench.require_all({&t}, when);
  }
}

void poll_returns_in_wait(Bench& bench) {
  // Nothing is there. The runner's deadline of the check is what would find a source that waits for ever.
  RunOptions options;
  options.wait_ms = 200;
  const auto t = bench.run(options);
  if (bench.profile.protocol == Protocol::none) return;
  if (bench.world().expected_ids() != nullptr) skip("the script has alerts to bring; there is no empty server to ask");
  bench.require_good(t, "with nothing there");
}

void ack_unknown_position(Bench& bench) {
  const auto settings = bench.stage();
  TestHost host(settings, bench.clock, bench.state_dir());
  Driver driver(host, bench.plugin, settings);
  if (!driver.has_ack()) skip("the source has no ack(): the hook is optional");
  need_alerts(bench);
  bench.world().begin_run();
  const RunOptions options;
  require(driver.open(options), "open failed");
  for (const auto& position : {std::string("no position of yours"), std::string("\xff\0\x01", 3), std::string()})
    driver.ack(position);
  driver.drain(options);
  const auto t = driver.take();
  bench.judge(t);
  bench.require_good(t, "after ack() of positions that it never gave");
  bench.require_all({&t}, "after ack() of positions that it never gave");
}

// A poll() that does not come back holds what it was given: all of it stays, then, until the process ends.
struct Held {
  Held(Bench& bench, const config::StageConfig& settings)
      : stage(settings), host(stage, bench.clock, bench.state_dir()), driver(host, bench.plugin, stage) {
    options.answer = [this](std::size_t) -> sf_status {
      std::unique_lock lock(mutex);
      pushing = true;
      changed.notify_all();
      changed.wait(lock, [&] { return stopped; });
      return SF_CANCELLED;
    };
  }
  void stop() {
    host.stop();
    driver.request_stop();
    const std::lock_guard lock(mutex);
    stopped = true;
    changed.notify_all();
  }
  void wait_until(const bool& what) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return what; });
  }

  config::StageConfig stage;
  TestHost host;
  Driver driver;
  RunOptions options;
  std::mutex mutex;
  std::condition_variable changed;
  bool pushing = false;
  bool stopped = false;
  bool returned = false;
  std::thread polling;
};

// poll() is held where it waits longest: in an exchange that does not end, or in a push.
void stop_unblocks_poll(Bench& bench) {
  if (bench.profile.protocol != Protocol::none) bench.begin();
  auto held = std::make_unique<Held>(bench, bench.stage());
  bench.world().begin_run();
  auto* server = bench.world().server();
  if (server != nullptr) server->spoil([](std::size_t, const Request&, Reply& reply) { reply.fault = Fault::hang; });
  require(held->driver.open(held->options), "it could not begin: " + held->driver.transcript().ending());
  held->polling = std::thread([&h = *held] {
    h.driver.poll(h.options);
    const std::lock_guard lock(h.mutex);
    h.returned = h.pushing = true;
    h.changed.notify_all();
  });
  if (server != nullptr)
    server->wait_for_request();
  else if (bench.profile.protocol != Protocol::none)
    held->wait_until(held->pushing);
  held->stop();
  {
    std::unique_lock lock(held->mutex);
    if (!held->changed.wait_for(lock, kStopLimit, [&] { return held->returned; })) {
      lock.unlock();
      static_cast<void>(held.release());
      fail("poll() had not returned 10 s after the run was stopped (request_stop(), and the host's waits cancelled)");
    }
  }
  held->polling.join();
  bench.judge(held->driver.transcript());
}

}  // namespace

std::vector<Check> life_checks() {
  return {
      {"open-fresh", "A first run brings every alert that is there, whole, and comes to an end.", "ABI", open_fresh},
      {"poll-respects-max", "No poll pushes more than max_records, and all alerts come all the same.", "ABI",
       poll_respects_max},
      {"poll-honours-full-and-redelivers",
       "After SF_FULL nothing more is pushed, and the alert that was not taken comes first in the next poll.", "ABI",
       poll_honours_full},
      {"poll-returns-in-wait", "With nothing there a poll returns, and the run comes to an end.", "ABI",
       poll_returns_in_wait},
      {"ack-unknown-position", "ack() of a position that the source never gave harms nothing.", "ABI",
       ack_unknown_position},
      {"stop-unblocks-poll", "A poll that waits for its server returns within 10 s once the run is stopped.", "ABI",
       stop_unblocks_poll},
  };
}

}  // namespace signalfoundry::conformance
