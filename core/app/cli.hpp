// SPDX-License-Identifier: Apache-2.0
//
// cli.hpp - the command line: finds the command, reads its options, runs it. CLI11 stays inside cli.cpp. Thread: main.
#pragma once
#include <string>
#include <vector>

#include "base/exit_code.hpp"

namespace signalfoundry::app {

// `arguments` are those after the program's name. Gives the exit code. Throws Error: of code usage where the command
// line itself is wrong, else what the command throws. --help and --version open no file and load no plugin.
Exit command_line(const std::vector<std::string>& arguments);

}  // namespace signalfoundry::app
