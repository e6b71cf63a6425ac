// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of source_wazuh, as the host checks them before the plugin sees any. [any-thread]
#pragma once
#include "../shared/joined.hpp"
#include "../shared/search/schema.hpp"

namespace source_wazuh {

inline constexpr std::string_view kOwnHead = R"json({
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
)json";

inline constexpr std::string_view kOwnTail = R"json(
    "min_level": {"type": "integer", "default": 0, "minimum": 0, "maximum": 16,
      "description": "wazuh-4: read only alerts of at least this rule level; 0: all. No later stage sees others."}
  }
})json";

inline constexpr const char* kSchema =
    shared::Joined<kOwnHead, search::kServerSettings, search::kTimelineSettings, kOwnTail>::text;

}  // namespace source_wazuh
