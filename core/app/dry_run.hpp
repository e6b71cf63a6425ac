// SPDX-License-Identifier: Apache-2.0
//
// dry_run.hpp - verdicts for what waits and for what the sources would bring, printed; nothing is written.
#pragma once
#include <string>
#include <vector>

#include "base/exit_code.hpp"
#include "config/pipeline_config.hpp"

namespace signalfoundry::app {

// Runs in this process: plugins are loaded here. Sources start as on a very first run; no cursor is read or moved.
Exit dry_run(const config::PipelineConfig& config, const std::vector<std::string>& plugin_path, bool json);

}  // namespace signalfoundry::app
