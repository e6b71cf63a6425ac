// SPDX-License-Identifier: Apache-2.0
//
// state_dir.hpp - the state directory, held open: one descriptor per folder, all on one file system. [any-thread]
#pragma once
#include <string>

#include "fs/dir.hpp"

namespace signalfoundry::queue {

struct StateDir {
  fs::Dir root;
  fs::Dir queue;    // alerts without a verdict; any process may drop *.json files in
  fs::Dir active;   // claimed by this runner; mode 0700, empty between runs
  fs::Dir accept;   // ".accept": written by a source's page, not yet in the books
  fs::Dir staging;  // ".staging": trees under construction
  fs::Dir processed;
  fs::Dir quarantine;
  fs::Dir cases;
  fs::Dir packs;

  // Makes what is missing. Throws Error(config) when a folder lies on another file system: a rename would not be
  // atomic.
  static StateDir open(const std::string& path);
  // True when something was recorded here before: then a missing state.db is a loss, not a first run.
  bool has_history() const;
};

}  // namespace signalfoundry::queue
