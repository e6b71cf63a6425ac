// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of source_elastic, as the host checks them before the plugin sees any. [any-thread]
#pragma once
#include "../shared/joined.hpp"
#include "../shared/search/schema.hpp"

namespace source_elastic {

inline constexpr std::string_view kOwnHead = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["url"],
  "properties": {
    "url": {"type": "string", "minLength": 1,
      "description": "Elasticsearch: https://host:9200, not Kibana. http:// only for a server on this machine."},
    "index": {"type": "string", "default": ".alerts-security.alerts-default", "minLength": 1,
      "description": "Index, alias, pattern or comma-separated list to read: the last word is the Kibana space."},
)json";

inline constexpr std::string_view kOwnTail = R"json(
    "api_key": {"type": "string", "x-sf-secret": true,
      "description": "The encoded API key, read only (docs/sources/elastic.md): { file = … } or { env = … }."}
  }
})json";

inline constexpr const char* kSchema =
    shared::Joined<kOwnHead, search::kServerSettings, search::kTimelineSettings, kOwnTail>::text;

}  // namespace source_elastic
