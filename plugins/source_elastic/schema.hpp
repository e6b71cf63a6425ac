// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of source_elastic, as the host checks them before the plugin sees any. [any-thread]
#pragma once

namespace source_elastic {

inline constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["url"],
  "properties": {
    "url": {"type": "string", "minLength": 1,
      "description": "Elasticsearch: https://host:9200, not Kibana. http:// only for a server on this machine."},
    "index": {"type": "string", "default": ".alerts-security.alerts-default", "minLength": 1,
      "description": "Index, alias, pattern or comma-separated list to read: the last word is the Kibana space."},
    "api_key": {"type": "string", "x-sf-secret": true,
      "description": "The encoded API key, read only (docs/sources/elastic.md): { file = … } or { env = … }."},
    "user": {"type": "string", "default": "",
      "description": "User for Basic authentication, instead of api_key. A user of its own, read only."},
    "password": {"type": "string", "x-sf-secret": true,
      "description": "That user's password: { file = … } or { env = … }."},
    "ca_file": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM file of Elasticsearch's CA, alone trusted then. Absent: the system's store."},
    "client_cert": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM client certificate, instead of or beside a key or password."},
    "client_key": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM key of client_cert."},
    "page_size": {"type": "integer", "default": 1000, "minimum": 1, "maximum": 10000,
      "description": "Alerts per answer. Halved by itself while Elasticsearch is short of memory."},
    "page_bytes": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 1073741824,
      "description": "Largest answer that is read, in decoded bytes."},
    "overlap": {"type": "string", "x-sf-duration": true, "default": "10m",
      "description": "How far each run reads again behind the cursor, for alerts that became visible late."},
    "visibility_delay": {"type": "string", "x-sf-duration": true, "default": "20s",
      "description": "How far the cursor stays behind Elasticsearch's clock; more than the refresh interval."},
    "start": {"type": "string", "x-sf-duration": true, "default": "24h",
      "description": "How far back the very first run reads."},
    "window": {"type": "string", "x-sf-duration": true, "default": "1h",
      "description": "A longer stretch is read in pieces of this length, and the newest of it first."},
    "backfill_max": {"type": "integer", "default": 20000, "minimum": 1, "maximum": 100000000,
      "description": "Alerts of older stretches (after an outage, late ones) that a run reads behind the live ones."},
    "backfill_for": {"type": "string", "x-sf-duration": true, "default": "15s",
      "description": "How long a run reads those; what is left then waits for the next run."},
    "sweep_every": {"type": "string", "x-sf-duration": true, "default": "30m",
      "description": "How often Elasticsearch counts its minutes, to find alerts later than the overlap."},
    "sweep_back": {"type": "string", "x-sf-duration": true, "default": "48h",
      "description": "How far back those counts go; at most 96h. 0s: no sweeps."},
    "timeout": {"type": "string", "x-sf-duration": true, "default": "30s",
      "description": "Deadline of one exchange."},
    "retry_for": {"type": "string", "x-sf-duration": true, "default": "60s",
      "description": "How long a passing fault is retried before the run goes on without Elasticsearch."}
  }
})json";

}  // namespace source_elastic
