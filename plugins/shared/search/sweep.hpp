// SPDX-License-Identifier: Apache-2.0
//
// sweep.hpp - finds alerts that were indexed later than the overlap reaches back: the indexer counts its documents by
// minutes, and a minute that holds more than when it was last read whole is read again (docs/adr/0009-live-first.md).
// [any-thread]
//
// The counts are the indexer's own, of documents, taken before the reading they belong to: what came in between is read
// and counted later, so it costs one reading more and is never lost; and documents that the runner knows already (the
// same alert under a new _id) make a minute grow once, not for ever.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cursor.hpp"
#include "holes.hpp"
#include "settings.hpp"

namespace search {

inline constexpr std::int64_t kMinuteMs = 60'000;

// Documents of one minute after another.
struct Minutes {
  std::int64_t first_ms = 0;  // a whole minute
  std::vector<std::uint32_t> counts;
  std::int64_t end_ms() const { return first_ms + static_cast<std::int64_t>(counts.size()) * kMinuteMs; }
};

struct MinuteCount {
  std::int64_t ms = 0;
  std::uint32_t count = 0;  // at most 99,999,999
};
// What an answer's "aggregations" tell; nothing where they are none of a counting probe's.
std::optional<std::vector<MinuteCount>> minutes_of(std::string_view aggregations);

// What is kept between runs (sf.state/1, key "sweep").
struct SweepMemory {
  std::string filter;         // digest of Settings::filter(): other counts cannot be compared
  std::int64_t swept_ms = 0;  // the indexer's time of the last look at all of sweep_back
  Minutes seen;               // of each minute: the documents when it was last read whole, or is about to be
};
std::string to_state(const SweepMemory& memory);
std::optional<SweepMemory> from_state(std::string_view text);  // nothing for what to_state() did not write

// What this run asks counts of: from `from_ms` on.
struct SweepAsk {
  std::int64_t from_ms = 0;
  bool full = false;  // all of sweep_back, not only what is needed to keep the memory without holes
};
SweepAsk sweep_ask(const std::optional<SweepMemory>& last, const Settings& settings, const Plan& plan,
                   std::int64_t local_ms);

struct Sweep {
  std::vector<Stretch> grown;  // minutes that hold more than was read; each apart
  SweepMemory memory;          // to be kept, together with a cursor that holds `grown`
};
// False: these counts hold no minute, or lie behind a hole after a memory that is still of use. So it is where this
// machine's clock, by which they were asked for, is far ahead of the one that counts: they would replace that memory.
bool can_follow(const std::optional<SweepMemory>& last, const SweepAsk& ask, const Plan& plan, std::int64_t since_ms,
                const Settings& settings);
// `told` as the indexer told it, for whole minutes from ask.from_ms to the end of plan. `since_ms`: nothing before it
// was ever to be read.
Sweep sweep(const std::optional<SweepMemory>& last, const SweepAsk& ask, const std::vector<MinuteCount>& told,
            const Plan& plan, std::int64_t since_ms, const Settings& settings);

}  // namespace search
