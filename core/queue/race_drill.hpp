// SPDX-License-Identifier: Apache-2.0
//
// race_drill.hpp - the race that killed the original, on a live queue: list, then touch each name, changing nothing.
//
// The window is made as wide as it can be: every name is listed before the first is touched, and each guard goes
// through all of them before the next begins, as the original's sort by time and its read did. Thread: any one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fs/dir.hpp"

namespace signalfoundry::queue {

// What one guard gave for the names that the guard before it still found.
struct Guard {
  const char* name = "";        // "stat", "read"
  std::uint64_t touched = 0;    // = present + vanished + changed + unhandled
  std::uint64_t present = 0;    // the file, as it was listed
  std::uint64_t vanished = 0;   // somebody took it: counted, no fault
  std::uint64_t changed = 0;    // something else stands under the name
  std::uint64_t unhandled = 0;  // an error: what the drill is there to find
};

struct DrillLevel {
  std::string name;              // "sample", "listing"
  std::uint64_t enumerated = 0;  // names of the listing that are looked at
  std::vector<Guard> guards;
  double duration_s = 0;
  std::vector<std::string> errors;  // of what was unhandled, at most 10
  std::uint64_t unhandled() const;
};

// Looks at `sample` names, spread over the listing, or at all of them. Files are read up to `limit` bytes. What the
// listing itself fails with is thrown (Error).
DrillLevel drill_race(const fs::Dir& queue, std::optional<std::uint64_t> sample, std::uint64_t limit);

}  // namespace signalfoundry::queue
