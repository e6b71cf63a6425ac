// SPDX-License-Identifier: Apache-2.0
//
// Goal: every worker does its job once, all have ended when the call returns, and a failure of one reaches the caller.
#include "pipeline/parallel.hpp"

#include <atomic>
#include <set>
#include <stdexcept>

#include "support/catch.h"

using signalfoundry::pipeline::parallel;

TEST_CASE("parallel: each worker once, the last on the caller's thread") {
  for (const std::size_t count : {0, 1, 2, 7}) {
    std::mutex mutex;
    std::multiset<std::size_t> workers;
    std::thread::id last;
    parallel(count, [&](std::size_t worker) {
      const std::lock_guard lock(mutex);
      workers.insert(worker);
      if (worker + 1 == count) last = std::this_thread::get_id();
    });
    CHECK(workers.size() == count);
    for (std::size_t i = 0; i < count; ++i) CHECK(workers.count(i) == 1);
    if (count != 0) CHECK(last == std::this_thread::get_id());
  }
}

TEST_CASE("parallel: an exception of any worker comes back, after the others have done their job") {
  for (std::size_t bad = 0; bad < 3; ++bad) {
    std::atomic<int> done{0};
    CHECK_THROWS_WITH(parallel(3,
                               [&](std::size_t worker) {
                                 if (worker == bad) throw std::runtime_error("worker " + std::to_string(worker));
                                 ++done;
                               }),
                      "worker " + std::to_string(bad));
    CHECK(done == 2);
  }
}

TEST_CASE("parallel: of several exceptions one comes back, also one that is no std::exception") {
  CHECK_THROWS_AS(parallel(4, [](std::size_t) { throw std::logic_error("x"); }), std::logic_error);
  CHECK_THROWS_AS(parallel(4, [](std::size_t) { throw 7; }), int);
}
