// SPDX-License-Identifier: Apache-2.0
//
// state_dirs.hpp - a state directory of a test's own, with a queue over it, and questions to ask of its folders.
#pragma once
#include <set>
#include <string>

#include "base/log.hpp"
#include "queue/queue.hpp"
#include "support/temp_dir.hpp"

// The names in a directory. "" marks one that is not there.
inline std::set<std::string> names_in(const signalfoundry::fs::Dir& dir) {
  std::set<std::string> out;
  dir.list([&](const signalfoundry::fs::Listed& e) { return out.emplace(e.name), true; });
  return out;
}

inline std::string bytes_of(const signalfoundry::fs::Dir& dir, std::string_view name) {
  return dir.read(name, 1U << 20U)
      .match([](const signalfoundry::fs::Content& c) { return c.bytes; },
             [](signalfoundry::fs::Gone) { return std::string("(gone)"); });
}

struct StateDirs {
  TempDir temp;
  signalfoundry::queue::StateDir dirs;
  signalfoundry::queue::Queue queue;

  StateDirs() : dirs(signalfoundry::queue::StateDir::open(temp / "state")), queue(dirs) {
    signalfoundry::log::set_level(signalfoundry::log::Level::error);
  }
  // What a crash loses: all that the process remembers.
  void restart() { queue = signalfoundry::queue::Queue(dirs); }
};
