// SPDX-License-Identifier: Apache-2.0
//
// plan.hpp - from which offset a run reads a partition, and whether something is missing before it. [any-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "position.hpp"

namespace source_kafka {

// The offsets that a partition holds: [low, high).
struct Marks {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

// What is known of a partition before it is read.
struct Known {
  std::optional<Place> place;     // where the last run ended; of a log that is gone too
  bool topic_was_read = false;    // by an earlier run: a partition without a place is new then
  std::int64_t start_offset = 0;  // where the very first run begins
};

struct Plan {
  enum class Why : std::uint8_t { first, resumed, new_partition, removed, other_log };
  Why why = Why::first;
  std::int64_t from = 0;     // read [from, Marks::high)
  std::int64_t missing = 0;  // records that are gone unread; -1: nobody knows how many
  // The record before `from` is read as well: when its time is not last_ms, the log is another one.
  bool verify = false;

  bool gap() const { return missing != 0; }
};

Plan plan(const Known& known, Marks marks);

// One sentence for a plan with a gap: what is missing of topic/partition, why, and what to do.
std::string gap_sentence(const Plan& plan, const std::string& topic, std::int32_t partition, const Known& known,
                         Marks marks);

}  // namespace source_kafka
