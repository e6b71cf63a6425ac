// SPDX-License-Identifier: Apache-2.0
//
// settings.hpp - what the stage was told, checked. [any-thread]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "dialect.hpp"

namespace search {

struct Settings {
  const Dialect* dialect = nullptr;  // never null once read
  std::string url;                   // without a slash at its end
  std::string where;                 // "127.0.0.1:9200", printable: where messages say the server is
  std::string index;
  std::string user;
  bool password = false;  // there is one; its value is the host's
  bool api_key = false;   // the same
  std::string ca_file;
  std::string client_cert;
  std::string client_key;
  std::uint32_t page_size = 1000;
  std::uint64_t page_bytes = 64U << 20U;
  std::int64_t overlap_ms = 0;
  std::int64_t visibility_delay_ms = 0;
  std::int64_t start_ms = 0;
  std::int64_t window_ms = 0;
  std::int64_t retry_for_ms = 0;
  std::uint32_t timeout_ms = 0;
  std::uint64_t backfill_max = 0;
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
