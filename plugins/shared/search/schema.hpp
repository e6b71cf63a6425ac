// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - settings that several sources have, as members of a JSON Schema's "properties". Each text ends with a
// comma, so a plugin puts its own after it (../joined.hpp). read_server and read_settings read them. [any-thread]
#pragma once
#include <string_view>

#include "../joined.hpp"

namespace search {

// What Server holds, but for url, timeout and retry_for, of which a source may say its own.
inline constexpr std::string_view kLoginSettings = R"json(
    "user": {"type": "string", "default": "",
      "description": "User for Basic authentication. A user of its own, that can only read."},
    "password": {"type": "string", "x-sf-secret": true,
      "description": "That user's password: { file = … } or { env = … }."},
    "ca_file": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM file of the server's CA, alone trusted then. Absent: the system's store."},
    "client_cert": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM client certificate, instead of or beside other credentials. Never an administrator's."},
    "client_key": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "PEM key of client_cert."},
    "page_bytes": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 1073741824,
      "description": "Largest answer that is read, in decoded bytes; instead of a larger one, less is asked for."},
)json";

inline constexpr std::string_view kRetryFor = R"json(
    "retry_for": {"type": "string", "x-sf-duration": true, "default": "60s",
      "description": "How long a passing fault is retried before the run goes on without the server."},
)json";

// Both.
inline constexpr std::string_view kServerSettings = shared::Joined<kLoginSettings, kRetryFor>::text;

// What Settings holds of how the time line of a search index is read.
inline constexpr std::string_view kTimelineSettings = R"json(
    "page_size": {"type": "integer", "default": 1000, "minimum": 1, "maximum": 10000,
      "description": "Alerts per answer. Halved by itself while the server is short of memory."},
    "overlap": {"type": "string", "x-sf-duration": true, "default": "10m",
      "description": "How far each run reads again behind the cursor, for alerts that became visible late."},
    "visibility_delay": {"type": "string", "x-sf-duration": true, "default": "20s",
      "description": "How far the cursor stays behind the server's clock; more than refresh and shipping together."},
    "start": {"type": "string", "x-sf-duration": true, "default": "24h",
      "description": "How far back the very first run reads."},
    "window": {"type": "string", "x-sf-duration": true, "default": "1h",
      "description": "A longer stretch is read in pieces of this length, 1m at least, and the newest of it first."},
    "backfill_max": {"type": "integer", "default": 20000, "minimum": 1, "maximum": 100000000,
      "description": "Alerts of older stretches (after an outage, late ones) that a run reads behind the live ones."},
    "backfill_for": {"type": "string", "x-sf-duration": true, "default": "15s",
      "description": "How long a run reads those; what is left then waits for the next run."},
    "sweep_every": {"type": "string", "x-sf-duration": true, "default": "30m",
      "description": "How often the server counts its minutes, to find alerts later than the overlap."},
    "sweep_back": {"type": "string", "x-sf-duration": true, "default": "48h",
      "description": "How far back those counts go; at most 96h. 0s: no sweeps."},
    "timeout": {"type": "string", "x-sf-duration": true, "default": "30s",
      "description": "Deadline of one exchange."},
)json";

}  // namespace search
