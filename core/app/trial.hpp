// SPDX-License-Identifier: Apache-2.0
//
// trial.hpp - what `validate` learns of the stages by creating and configuring them, as a run would. Thread: main.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "app/common.hpp"
#include "base/exit_code.hpp"
#include "config/pipeline_config.hpp"

namespace signalfoundry::app {

// {"file","line","column","what"}, printable; line and column are null where it is about the whole file.
OrderedJson to_json(const config::Problem& problem);

struct Trial {
  Exit exit = Exit::ok;  // or that of the first stage that is not right
  OrderedJson problems = OrderedJson::array();
  OrderedJson steps = OrderedJson::array();  // of try_source()
};

// Tries the stages whose plugin and settings hold, each in a child of its own: a plugin that crashes while it is
// configured is a finding too, and the next one is tried. `connect`: lets each source try what a run needs. `told` gets
// problems and steps as they come. Throws Error where no child can be started.
Trial try_stages(const config::PipelineConfig& config, const std::vector<std::string>& plugin_path, bool connect,
                 const std::function<void(const OrderedJson& problem_or_step)>& told);

}  // namespace signalfoundry::app
