// SPDX-License-Identifier: Apache-2.0
//
// position.hpp - what the ledger keeps of this source between runs: where to read on, in each partition. [any-thread]
//
//   {"v":1,"cluster":"MkU3OEVBNTcw","until_ms":1795549345000,"topics":{"wazuh-alerts":{"0":[17,1795549344120]}}}
//
// A place is [next, last_ms], or [next, last_ms, true] of another log.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace source_kafka {

constexpr std::size_t kPartitionsMax = 10'000;  // of all topics together

struct Place {
  std::int64_t next = 0;      // offset of the first record that was not read; -1: it was not begun yet
  std::int64_t last_ms = -1;  // the broker's time of the last record that was read; -1: none was, or it had no time.
                              // Not begun: where it begins, at the first record of that time; -1: at the earliest
  bool other_log = false;     // next is of a log that is gone: of another cluster, or of a topic of that name before
};

using Places = std::map<std::int32_t, Place>;  // by partition

struct Position {
  std::string cluster;         // the id of the cluster that the offsets are of; "": it did not tell
  std::int64_t until_ms = -1;  // everything produced before it was asked for, by this machine's clock; -1: nothing yet
  std::map<std::string, Places> topics;
};

std::size_t partitions_of(const Position& position);
// from_text() reads it again only when it has at most kPartitionsMax partitions.
std::string to_text(const Position& position);
// Nothing for "". Throws sf::Error(SF_FATAL) for text that this version did not write.
std::optional<Position> from_text(std::string_view text);

// A record's time as a broker gives it: milliseconds of the years 1970 to 9999, anything else is -1.
std::int64_t sane_ms(std::int64_t ms);

}  // namespace source_kafka
