// SPDX-License-Identifier: Apache-2.0
//
// stage_host.hpp - what instances of stages need where no run is: services that answer, and record nothing.
//
// Instances refer to it: it outlives them. Thread: as the instances.
#pragma once
#include <atomic>
#include <string>

#include "pipeline/instance.hpp"

namespace signalfoundry::app {

struct StageHost {
  StageHost() {
    shared.queue = &queue;
    shared.http = &http;
    shared.metrics = &metrics;
    shared.state = &state;
    shared.stop = &stop;
    shared.report = [] { return std::string("{}"); };
    shared.reconcile = [](const std::string&) { return std::string("{}"); };
  }
  StageHost(const StageHost&) = delete;
  StageHost& operator=(const StageHost&) = delete;

  std::atomic<bool> stop{false};
  queue::Queue queue{queue::StateDir{}};
  http::Client http;
  plugin::Metrics metrics;
  plugin::StageState state;
  plugin::Shared shared;
};

}  // namespace signalfoundry::app
