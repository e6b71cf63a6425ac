// SPDX-License-Identifier: Apache-2.0
//
// clock.hpp - the time that a plugin under test is told: the real one plus what was waited or put on. Waits cost none.
// [any-thread]
#pragma once
#include <atomic>
#include <cstdint>

#include "base/time.hpp"

namespace signalfoundry::conformance {

class Clock {
 public:
  std::int64_t now_ms() const { return signalfoundry::now_ms() + wall_.load(); }
  std::int64_t monotonic_ms() const { return signalfoundry::monotonic_ms() + passed_.load(); }
  // Time goes by, for both clocks.
  void pass(std::int64_t ms) {
    wall_ += ms;
    passed_ += ms;
  }
  // Somebody sets the wall clock: forwards, or back where negative.
  void set_by(std::int64_t ms) { wall_ += ms; }

 private:
  std::atomic<std::int64_t> wall_{0};
  std::atomic<std::int64_t> passed_{0};
};

}  // namespace signalfoundry::conformance
