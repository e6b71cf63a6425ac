// SPDX-License-Identifier: Apache-2.0
//
// alert.hpp - one alert: its bytes, its document, its key. Immutable once made. [any-thread]
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "alert/mapping.hpp"

namespace signalfoundry {

constexpr std::string_view kDropIn = "drop-in";  // the source of alerts that other processes put into the queue

struct Alert {
  std::string bytes;  // as received
  Json document;      // the SIEM's document (a search hit is unwrapped)
  std::shared_ptr<const Mapping> mapping;
  std::string source;        // stage name, or kDropIn
  std::string key;           // 32 hex digits
  std::string id;            // the SIEM's own id; "" where there is none
  std::string sha256;        // of bytes, 64 hex digits
  std::int64_t time_ms = 0;  // when the SIEM raised it, else the fallback
  bool has_time = false;     // the SIEM's, and it can be read
  std::optional<int> level;  // 0..15
  std::uint32_t group = 0;   // digest of (rule.id, host.name)
};

// Reads an alert. `doc_id` is the SIEM's storage id, used when the document has no id of its own; `fallback_ms` its
// time when it has none; `sha256` the digest of the bytes, where the caller knows it already. Throws Rejected when it
// is not JSON, not an object, or has none of the fields of an alert.
Alert read_alert(std::string bytes, std::string_view source, std::shared_ptr<const Mapping> mapping,
                 std::string_view doc_id, std::int64_t fallback_ms, std::string sha256 = {});

// The key of bytes that are no alert: quarantined once, however often they come. `sha256`: their digest, 64 hex digits.
std::string rejected_key(std::string_view source, std::string_view sha256);

bool is_key(std::string_view text);  // 32 lower-case hex digits

}  // namespace signalfoundry
