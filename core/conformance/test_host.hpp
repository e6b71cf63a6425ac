// SPDX-License-Identifier: Apache-2.0
//
// test_host.hpp - the host of a plugin under test: the runner's own services, but for the clock (conformance/clock.hpp)
// and the log (kept), and with a look at every call of sf.fs/1 before it is made.
//
// Thread: as the plugin's. The log and stop() from any.
#pragma once
#include <signalfoundry/abi/all.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "conformance/clock.hpp"
#include "plugin/host.hpp"

namespace signalfoundry::conformance {

struct LogLine {
  int level = 0;  // 0 debug, 1 info, 2 warn, 3 error
  std::string text;
};

class TestHost {
 public:
  // `state_dir` is the state directory that sf.fs/1 shows; absolute. `clock` and `stage` must outlive it.
  TestHost(const config::StageConfig& stage, Clock& clock, const std::string& state_dir);
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  const sf_host* raw() const { return &face_.raw; }
  plugin::StageState& state() { return state_; }
  // As a signal does in a run: the host's waits and exchanges end as cancelled.
  void stop() { stop_.store(true); }
  bool stopping() const { return stop_.load(); }
  std::vector<LogLine> log() const;

  std::function<void(std::size_t nth)> before_fs;  // called before the nth call of sf.fs/1, from 1
  std::size_t fs_calls = 0;
  std::size_t fs_first_list = 0;  // which of them listed a directory first; 0: none

  // For the service tables.
  struct Face {
    sf_host raw;  // first: what the plugin holds is a pointer to it
    TestHost* self;
  };
  static TestHost& of(const sf_host* host) { return *reinterpret_cast<const Face*>(host)->self; }
  Clock& clock;
  void write(int level, std::string text);

 private:
  queue::Queue queue_;
  http::Client http_;
  plugin::Metrics metrics_;
  plugin::StageState state_;
  std::atomic<bool> stop_{false};
  plugin::Shared shared_;
  plugin::Host host_;
  Face face_;
  mutable std::mutex mutex_;
  std::vector<LogLine> log_;
};

}  // namespace signalfoundry::conformance
