// SPDX-License-Identifier: Apache-2.0
//
// settings.hpp - what the stage was told, checked. [any-thread]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../shared/safe_text.hpp"

namespace source_kafka {

// Where the first run of a topic begins.
struct Start {
  enum class Kind : std::uint8_t { earliest, latest, back };
  Kind kind = Kind::earliest;
  std::int64_t back_ms = 0;  // of Kind::back, more than 0
};

struct Settings {
  std::vector<std::string> brokers;  // host:port each
  std::vector<std::string> topics;   // no name twice
  Start start;
  std::string member;  // "": the whole message
  bool tls = true;
  std::string ca_file;
  std::string client_cert;
  std::string client_key;
  std::string user;
  bool password = false;  // there is one; its value is the host's
  std::string mechanism;
  std::uint32_t timeout_ms = 0;
  std::int64_t retry_for_ms = 0;
  std::size_t max_message_bytes = 0;

  // "k1:9093, k2:9093", printable, at most 200 bytes: what messages call the brokers.
  std::string where() const;
  // What was asked for, as text: the filter of the intervals.
  std::string filter() const;
};

// `json` was checked against the schema. Throws sf::Error(SF_INVALID) for what the schema cannot say: a broker that is
// no host:port, a name that no topic has, a start that is none, a certificate without its key, a user without password.
Settings read_settings(std::string_view json);

// A name that a topic may have: 1 to 249 of A-Z a-z 0-9 . _ - and neither "." nor "..".
bool is_topic(std::string_view name);

using shared::printable;

}  // namespace source_kafka
