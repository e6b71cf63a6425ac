// SPDX-License-Identifier: Apache-2.0
//
// settings.hpp - what the stage was told, checked. [any-thread]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "dialect.hpp"
#include "server.hpp"

namespace search {

inline constexpr std::int64_t kMostSweepMs = 96 * 3'600'000LL;  // sweep_back at most; 64 KiB of state hold its counts

struct Settings : Server {
  const Dialect* dialect = nullptr;  // never null once read
  std::string index;
  bool api_key = false;  // there is one; its value is the host's
  std::uint32_t page_size = 1000;
  std::int64_t overlap_ms = 0;
  std::int64_t visibility_delay_ms = 0;
  std::int64_t start_ms = 0;
  std::int64_t window_ms = 0;
  std::uint64_t backfill_max = 0;
  std::int64_t backfill_for_ms = 0;
  std::int64_t sweep_every_ms = 0;
  std::int64_t sweep_back_ms = 0;  // 0: no sweeps
  int min_level = 0;

  // "the indexer at 127.0.0.1:9200"
  std::string who() const { return std::string("the ") + dialect->server + " at " + where; }
  // What the cursor's meaning depends on, as text.
  std::string filter() const { return "index=" + index + " min_level=" + std::to_string(min_level); }
};

// Throws sf::Error(SF_INVALID) for what the schema cannot say: a URL that is none, an index with a slash, a
// certificate without its key, a password without a user, two ways to log in.
Settings read_settings(std::string_view json, const Dialect& dialect);

// Hostile text for a message: ASCII, no control characters, at most `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 120);

}  // namespace search
