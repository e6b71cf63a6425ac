// SPDX-License-Identifier: Apache-2.0
//
// supervisor.hpp - the small parent: holds the lock, forks the worker, and writes the heartbeat when the worker cannot.
//
// Thread: the main thread; nothing else may run in this process when it forks.
#pragma once
#include <functional>
#include <string>

#include "config/pipeline_config.hpp"
#include "pipeline/report.hpp"

namespace signalfoundry::pipeline {

struct RunOptions {
  bool drain = false;
  std::int64_t every_ms = 0;  // 0: once
  bool standby = false;       // wait for the lock instead of stepping aside
  bool try_refused = false;   // the first run tries credentials that earlier ones were refused
  bool progress = false;      // a line on stderr that is redrawn
  std::vector<std::string> plugin_path;
};

using Show = std::function<void(const Report&, const OrderedJson&)>;

// Runs the pipeline once, until nothing waits, or at a cadence until SIGTERM or SIGINT (the batch under way is
// finished). `show` gets each run's report, "skipped_locked" among them. Gives the exit code of the last run: 75 when
// another run holds the lock, or took it over; then nothing more is written, and with `standby` it waits again. Throws
// Error when no run could be started.
Exit supervise(const config::PipelineConfig& config, const RunOptions& options, const Show& show);

// For a pipeline that cannot be started: a heartbeat that says so, where its state directory is there and no run holds
// the lock. `stage` may be "". Gives the report.
Report refuse(const config::PipelineConfig& config, const std::string& stage, const std::string& sentence);

}  // namespace signalfoundry::pipeline
