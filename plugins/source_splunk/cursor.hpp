// SPDX-License-Identifier: Apache-2.0
//
// cursor.hpp - what is kept between runs, and from where the next run therefore reads (docs/sources/splunk.md).
// [any-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "search_text.hpp"
#include "settings.hpp"

namespace source_splunk {

struct Cursor {
  std::int64_t indexed_ms = 0;  // everything that was indexed before it was asked for, in answers that were whole
  std::int64_t local_ms = 0;    // this machine's clock when it was written
  std::string filter;           // digest of Settings::filter()
};

std::string to_position(const Cursor& cursor);
// Nothing for "". Throws sf::Error(SF_FATAL) for a position that this version did not write.
std::optional<Cursor> from_position(std::string_view position);

// One run's stretch of index time, [from, to), in whole seconds.
struct Plan {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  Cursor cursor;        // as it stands at from: what was read before counts, what comes does not
  std::string warning;  // "" or one sentence
};
// `now_ms` is the time that counts, `local_ms` this machine's clock, `filter` the digest of today's filter.
Plan plan(const std::optional<Cursor>& last, const Settings& settings, std::int64_t now_ms, std::int64_t local_ms,
          const std::string& filter);

// The slice after `from_ms`, `longest_ms` at most; empty at the plan's end.
Slice slice_after(const Plan& plan, std::int64_t from_ms, std::int64_t longest_ms);
// Its first half; itself when it is one second.
Slice half(const Slice& slice);

}  // namespace source_splunk
