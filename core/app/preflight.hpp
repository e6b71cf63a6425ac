// SPDX-License-Identifier: Apache-2.0
//
// preflight.hpp - `validate --connect`: what a source tried, step by step, and how it is shown. Thread: main.
#pragma once
#include <string>
#include <string_view>

#include "app/common.hpp"
#include "base/exit_code.hpp"
#include "pipeline/instance.hpp"

namespace signalfoundry::app {

// Asks the source of `instance` to try what a run needs; one without a preflight is asked for its first page. Each step
// is written to `fd` as a JSON line {"stage","plugin","step","outcome","found","advice"}, printable. Gives ok, or the
// exit code that a run would end with at the first step that failed (69, 77). Throws what Instance::call() throws.
Exit try_source(pipeline::Instance& instance, int fd);

// One of those lines for a person; "" for a line that is none. `last_stage` is the stage shown last.
std::string shown(const OrderedJson& step, std::string& last_stage);

}  // namespace signalfoundry::app
