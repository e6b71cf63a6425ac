// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of source_splunk, as the host checks them before the plugin sees any. [any-thread]
#pragma once
#include "../shared/joined.hpp"
#include "../shared/search/schema.hpp"

namespace source_splunk {

inline constexpr std::string_view kOwnHead = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["url", "search"],
  "properties": {
    "url": {"type": "string", "minLength": 1,
      "description": "The management port of a search head: https://host:8089. http:// only on this machine."},
    "search": {"type": "string", "minLength": 1, "maxLength": 4096,
      "description": "SPL that finds the alerts, such as index=wazuh. No time range; after a pipe only filters."},
    "content": {"type": "string", "enum": ["wazuh", "notable"], "default": "wazuh",
      "description": "wazuh: each event's _raw is a Wazuh alert. notable: notable events of Enterprise Security."},
    "token": {"type": "string", "x-sf-secret": true,
      "description": "Authentication token of a read-only user: { file = … } or { env = … }."},
)json";

inline constexpr std::string_view kOwnTail = R"json(
    "start": {"type": "string", "x-sf-duration": true, "default": "24h",
      "description": "How far back, by the time of indexing, the very first run reads."},
    "window": {"type": "string", "x-sf-duration": true, "default": "1h",
      "description": "Index time of one search; the cursor moves after each. Halved by itself for a large answer."},
    "overlap": {"type": "string", "x-sf-duration": true, "default": "5m",
      "description": "How far each run reads again behind the cursor, for what became searchable late."},
    "visibility_delay": {"type": "string", "x-sf-duration": true, "default": "30s",
      "description": "How far the cursor stays behind the server's clock; more than indexing takes to be searchable."},
    "event_age": {"type": "string", "x-sf-duration": true, "default": "0s",
      "description": "How much older than its indexing an event's own time may be; 0s: any, in every bucket."},
    "timeout": {"type": "string", "x-sf-duration": true, "default": "2m",
      "description": "Deadline of one exchange, the search included; after it, half of the slice is asked for."},
    "retry_for": {"type": "string", "x-sf-duration": true, "default": "5m",
      "description": "How long a passing fault is retried before the run goes on without the server; twice timeout."}
  }
})json";

inline constexpr const char* kSchema = shared::Joined<kOwnHead, search::kLoginSettings, kOwnTail>::text;

}  // namespace source_splunk
