// SPDX-License-Identifier: Apache-2.0
//
// time.hpp - instants as Unix milliseconds, RFC 3339 text, durations as text. [any-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signalfoundry {

std::int64_t now_ms();        // CLOCK_REALTIME
std::int64_t monotonic_ms();  // CLOCK_MONOTONIC

// "2026-11-24T19:42:25.123Z". Years outside 0001-9999 are clamped.
std::string rfc3339(std::int64_t unix_ms);
// "2026/11/24", UTC: the dated part of a case's path.
std::string date_path(std::int64_t unix_ms);
// Reads what SIEMs write: "2024-09-18T15:31:44.788+0530", fraction of 1-9 digits or none, "Z", "+hhmm", "+hh:mm", a
// space for the T; or epoch seconds (9 or 10 digits, may have a fraction) or milliseconds (12 or 13). Nothing for
// anything else: no zone, leap seconds and dates that do not exist included.
std::optional<std::int64_t> parse_time(std::string_view text);
// "30s", "5m", "2h", "7d", "250ms" to milliseconds; nothing for anything else. At most ten years.
std::optional<std::int64_t> parse_duration(std::string_view text);

}  // namespace signalfoundry
