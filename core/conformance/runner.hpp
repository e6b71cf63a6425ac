// SPDX-License-Identifier: Apache-2.0
//
// runner.hpp - runs checks, each in a process of its own with a deadline, a few at a time.
//
// Thread: one, the only one of its process (it forks).
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "conformance/check.hpp"

namespace signalfoundry::conformance {

struct Outcome {
  std::string check;
  std::string profile;  // "" where the plugin has only one
  Status status = Status::passed;
  std::string why;  // one sentence, printable; "" for passed
};

struct RunnerOptions {
  std::string only;                       // names with `*`; "": all
  unsigned at_once = 3;                   // most of their time is waiting
  std::int64_t deadline_ms = 120 * 1000;  // of one check, in real time
};

// Does a name fit a pattern in which `*` stands for anything?
bool fits(const std::string& name, const std::string& pattern);

// `path` is the plugin's file. Tells each outcome in the order of the list. Throws Error(config) where the settings of
// a profile are wrong, or no check has such a name.
void run_checks(const std::string& path, const plugin::Plugin& plugin, const std::vector<Profile>& profiles,
                const RunnerOptions& options, const std::function<void(const Outcome&)>& tell);

}  // namespace signalfoundry::conformance
