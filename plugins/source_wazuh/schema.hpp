// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of source_wazuh, as the host checks them before the plugin sees any. [any-thread]
#pragma once

namespace source_wazuh {

inline constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["url"],
  "properties": {
    "url": {"type": "string", "minLength": 1,
      "description": "The Wazuh indexer: https://host:9200. http:// only for a server on this machine."},
    "schema": {"type": "string", "enum": ["wazuh-4", "wazuh-5"], "default": "wazuh-4",
      "description": "What the index holds: alerts of Wazuh 4, or findings of Wazuh 5 (docs/sources/wazuh5.md)."},
    "index": {"type": "string", "minLength": 1,
      "description": "What to read, with commas. Absent: wazuh-alerts-*, with wazuh-5 wazuh-findings-v5-*."},
    "user": {"type": "string", "default": "",
      "description": "User for Basic authentication. A user of its own, read only (docs/sources/wazuh.md)."},
    "password": {"type": "string", "x-sf-secret": true,
      "description": "That user's password: { file = … } or { env = … }."},
    "ca_file": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM file of the indexer's CA, alone trusted then. Absent: the system's store."},
    "client_cert": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM client certificate, instead of or beside user and password. Never the admin certificate."},
    "client_key": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM key of client_cert."},
    "page_size": {"type": "integer", "default": 1000, "minimum": 1, "maximum": 10000,
      "description": "Alerts per answer. Halved by itself while the indexer is short of memory."},
    "page_bytes": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 1073741824,
      "description": "Largest answer that is read, in decoded bytes."},
    "overlap": {"type": "string", "x-sf-duration": true, "default": "10m",
      "description": "How far each run reads again behind the cursor, for alerts that were indexed late."},
    "visibility_delay": {"type": "string", "x-sf-duration": true, "default": "20s",
      "description": "How far the cursor stays behind the indexer's clock; more than refresh and Filebeat's delay."},
    "start": {"type": "string", "x-sf-duration": true, "default": "24h",
      "description": "How far back the very first run reads."},
    "window": {"type": "string", "x-sf-duration": true, "default": "1h",
      "description": "A longer stretch is read in pieces of this length, and the newest of it first."},
    "backfill_max": {"type": "integer", "default": 20000, "minimum": 1, "maximum": 100000000,
      "description": "Alerts of older stretches (after an outage, late ones) that a run reads behind the live ones."},
    "backfill_for": {"type": "string", "x-sf-duration": true, "default": "15s",
      "description": "How long a run reads those; what is left then waits for the next run."},
    "sweep_every": {"type": "string", "x-sf-duration": true, "default": "30m",
      "description": "How often the indexer counts its minutes, to find alerts later than the overlap."},
    "sweep_back": {"type": "string", "x-sf-duration": true, "default": "48h",
      "description": "How far back those counts go; at most 96h. 0s: no sweeps."},
    "timeout": {"type": "string", "x-sf-duration": true, "default": "30s",
      "description": "Deadline of one exchange."},
    "retry_for": {"type": "string", "x-sf-duration": true, "default": "60s",
      "description": "How long a passing fault is retried before the run goes on without the indexer."},
    "min_level": {"type": "integer", "default": 0, "minimum": 0, "maximum": 16,
      "description": "wazuh-4: read only alerts of at least this rule level; 0: all. No later stage sees others."}
  }
})json";

}  // namespace source_wazuh
