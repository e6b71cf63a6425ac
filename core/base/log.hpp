// SPDX-License-Identifier: Apache-2.0
//
// log.hpp - one line per event on stderr: "2026-11-24T19:42:25.123Z warn  poll: text". [any-thread]
#pragma once
#include <string_view>

namespace signalfoundry::log {

enum class Level { debug, info, warn, error };

void set_level(Level least);
// Gets each line before stderr does, on the thread that writes it, as it was given; true: it takes the line.
using Sink = bool (*)(Level level, std::string_view who, std::string_view text);
void set_sink(Sink sink);  // null: none
// Text is made printable; one write(2) per line, so lines of several processes do not mix.
void write(Level level, std::string_view who, std::string_view text);
inline void info(std::string_view who, std::string_view text) {
  write(Level::info, who, text);
}
inline void warn(std::string_view who, std::string_view text) {
  write(Level::warn, who, text);
}
inline void error(std::string_view who, std::string_view text) {
  write(Level::error, who, text);
}

}  // namespace signalfoundry::log
