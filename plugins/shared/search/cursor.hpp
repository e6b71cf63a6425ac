// SPDX-License-Identifier: Apache-2.0
//
// cursor.hpp - what is kept between runs, and from where the next run therefore reads (docs/sources/wazuh.md).
// [any-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "holes.hpp"
#include "settings.hpp"

namespace search {

struct Cursor {
  std::int64_t watermark_ms = 0;  // every alert before it was asked for, in pages that were whole, but for the holes
  std::int64_t local_ms = 0;      // this machine's clock when it was written
  std::string filter;             // digest of Settings::filter()
  std::int64_t retry_ms = 0;      // of the failed holes, those after it have their turn first
  Holes holes{};                  // before the watermark, still to be read
};

// At most 8 KiB. Without holes it is as versions before 0009-live-first wrote it, and they can go on from it.
std::string to_position(const Cursor& cursor);
// Nothing for "". Throws sf::Error(SF_FATAL) for a position that this version of `plugin` did not write.
std::optional<Cursor> from_position(std::string_view position, const std::string& plugin);

// One run's stretch of the time line, [from, to): new, but for the overlap. Its newest part is read first.
struct Plan {
  std::int64_t from_ms = 0;
  std::int64_t live_from_ms = 0;
  std::int64_t to_ms = 0;
  Cursor cursor;        // as it stands at from: what was read before counts, what comes does not; holes end at from
  std::string warning;  // "" or one sentence
};
// `now_ms` is the time that counts, `local_ms` this machine's clock, `filter` the digest of today's filter.
Plan plan(const std::optional<Cursor>& last, const Settings& settings, std::int64_t now_ms, std::int64_t local_ms,
          const std::string& filter);

}  // namespace search
