// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string>

#include "base/text.hpp"
#include "base/time.hpp"

namespace signalfoundry::log {

namespace {

constexpr std::size_t kLongestWho = 64;
constexpr std::size_t kLongestText = 3900;  // with time, level and who below PIPE_BUF (4096): one write stays whole
std::atomic<Level> least_level{Level::info};
std::atomic<Sink> first{nullptr};

const char* name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info ";
    case Level::warn:
      return "warn ";
    case Level::error:
      return "error";
  }
  return "error";
}

}  // namespace

void set_level(Level least) {
  least_level.store(least, std::memory_order_relaxed);
}

void set_sink(Sink sink) {
  first.store(sink);
}

void write(Level level, std::string_view who, std::string_view text) {
  if (level < least_level.load(std::memory_order_relaxed)) return;
  if (const auto sink = first.load(); sink != nullptr && sink(level, who, text)) return;
  std::string line = rfc3339(now_ms());
  line += ' ';
  line += name_of(level);
  line += ' ';
  if (!who.empty()) {
    line += printable(who, kLongestWho);
    line += ": ";
  }
  line += printable(text, kLongestText);
  line += '\n';
  // A log that cannot be written must not stop the run, so there is nothing to do about an error here.
  while (::write(STDERR_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace signalfoundry::log
