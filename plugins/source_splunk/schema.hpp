// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of source_splunk, as the host checks them before the plugin sees any. [any-thread]
#pragma once

namespace source_splunk {

inline constexpr const char* kSchema = R"json({
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
    "user": {"type": "string", "default": "",
      "description": "User for Basic authentication, instead of token."},
    "password": {"type": "string", "x-sf-secret": true,
      "description": "That user's password: { file = … } or { env = … }."},
    "ca_file": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM file of the server's CA, alone trusted then. Absent: the system's store."},
    "client_cert": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM client certificate, where Splunk or a proxy before it asks for one."},
    "client_key": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM key of client_cert."},
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
    "page_bytes": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 1073741824,
      "description": "Largest answer that is read, in decoded bytes; for a larger one the window is halved."},
    "timeout": {"type": "string", "x-sf-duration": true, "default": "2m",
      "description": "Deadline of one exchange, the search included."},
    "retry_for": {"type": "string", "x-sf-duration": true, "default": "60s",
      "description": "How long a passing fault is retried before the run goes on without Splunk."}
  }
})json";

}  // namespace source_splunk
