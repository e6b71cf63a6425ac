// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of writeback_wazuh, as the host checks them before the plugin sees any. [any-thread]
#pragma once
#include "../shared/joined.hpp"
#include "../shared/search/schema.hpp"

namespace writeback_wazuh {

inline constexpr std::string_view kOwnHead = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["url", "user", "password"],
  "properties": {
    "url": {"type": "string", "minLength": 1,
      "description": "The Wazuh 5 indexer: https://host:9200. http:// only for a server on this machine."},
    "source": {"type": "string", "default": "poll", "minLength": 1,
      "description": "Name of the stage that reads the findings; alerts of other stages are left alone."},
    "index": {"type": "string", "default": "wazuh-findings-v5-*", "minLength": 1,
      "description": "Where the findings are."},
    "timeout": {"type": "string", "x-sf-duration": true, "default": "30s",
      "description": "Deadline of one exchange."},
)json";

inline constexpr std::string_view kOwnTail = R"json(
    "benign": {"type": "string", "default": "completed",
      "enum": ["", "acknowledged", "completed", "ACKNOWLEDGED", "COMPLETED"],
      "description": "Status that the case of a benign finding gets. Empty: it is left alone."},
    "known_fp": {"type": "string", "default": "completed",
      "enum": ["", "acknowledged", "completed", "ACKNOWLEDGED", "COMPLETED"],
      "description": "The same of a known false positive."},
    "review": {"type": "string", "default": "",
      "enum": ["", "acknowledged", "completed", "ACKNOWLEDGED", "COMPLETED"],
      "description": "The same of what a person is to look at."},
    "escalated": {"type": "string", "default": "acknowledged",
      "enum": ["", "acknowledged", "completed", "ACKNOWLEDGED", "COMPLETED"],
      "description": "The same of what was escalated."}
  }
})json";

inline constexpr const char* kSchema = shared::Joined<kOwnHead, search::kServerSettings, kOwnTail>::text;

}  // namespace writeback_wazuh
