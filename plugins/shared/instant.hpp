// SPDX-License-Identifier: Apache-2.0
//
// instant.hpp - the instants of the canonical view (docs/formats/alert.md) as Unix milliseconds and back, and spans of
// time for a sentence. [any-thread]
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace shared {

// "2026-11-24T19:42:25.123Z", exactly so, to Unix milliseconds; nothing for anything else.
inline std::optional<std::int64_t> instant_of(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddZ";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kShape[i]) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t count) {
    int out = 0;
    for (std::size_t i = at; i < at + count; ++i) out = out * 10 + (text[i] - '0');
    return out;
  };
  using namespace std::chrono;
  const year_month_day date{year{number(0, 4)}, month{static_cast<unsigned>(number(5, 2))},
                            day{static_cast<unsigned>(number(8, 2))}};
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) return std::nullopt;
  const std::int64_t seconds = (number(11, 2) * 60 + number(14, 2)) * 60 + number(17, 2);
  return std::int64_t{sys_days{date}.time_since_epoch().count()} * 86'400'000 + seconds * 1000 + number(20, 3);
}

// The same in the other direction. `unix_ms` is between the years 1 and 9999.
inline std::string instant_text(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{unix_ms}};
  const auto midnight = floor<days>(time);
  const year_month_day date{midnight};
  const auto ms = static_cast<int>((time - midnight).count());
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
  return out;
}

// "3 d 4 h", "2 h 5 min", "40 s", "250 ms": the two largest units.
inline std::string span_text(std::int64_t ms) {
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  constexpr Unit kUnits[] = {{86'400'000, " d"}, {3'600'000, " h"}, {60'000, " min"}, {1000, " s"}, {1, " ms"}};
  if (ms < 0) return "-" + span_text(-ms);
  for (std::size_t i = 0; i + 1 < std::size(kUnits); ++i) {
    if (ms < kUnits[i].ms) continue;
    std::string out = std::to_string(ms / kUnits[i].ms) + kUnits[i].name;
    const auto rest = ms % kUnits[i].ms / kUnits[i + 1].ms;
    if (rest != 0 && i + 2 < std::size(kUnits)) out += " " + std::to_string(rest) + kUnits[i + 1].name;
    return out;
  }
  return std::to_string(ms) + " ms";
}

}  // namespace shared
