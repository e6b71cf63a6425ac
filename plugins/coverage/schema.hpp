// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the settings of coverage.
#pragma once
#include <string_view>

#include "../shared/joined.hpp"

namespace coverage {

// clang-format off
// What a signal and a canary are called in sentences, and which alerts are theirs. Matcher reads it.
inline constexpr std::string_view kSelectors = R"json(
          "name": {
            "type": "string", "minLength": 1, "maxLength": 100,
            "description": "What it is called in sentences."
          },
          "rule_ids": {
            "type": "array", "default": [], "items": {"type": "string", "minLength": 1, "maxLength": 100},
            "description": "Alerts of one of these rules."
          },
          "rule_groups": {
            "type": "array", "default": [], "items": {"type": "string", "minLength": 1, "maxLength": 100},
            "description": "Alerts with one of these rule groups, in any case."
          },
          "field": {
            "type": "string", "minLength": 1, "maxLength": 255,
            "description": "A canonical field or a JSON pointer whose text is one of values."
          },
          "values": {
            "type": "array", "default": [], "items": {"type": "string", "maxLength": 255},
            "description": "The values of field."
          },
)json";

// The end of what is asked of a host and of a signal.
inline constexpr std::string_view kRate = R"json(
          "at_least": {
            "type": "integer", "minimum": 1, "maximum": 1000000,
            "description": "So many alerts at least in each window."
          },
          "window": {
            "type": "string", "x-sf-duration": true, "minimum": 60000, "default": "24h",
            "description": "The window of at_least."
          }
)json";

inline constexpr std::string_view kHosts = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "hosts": {
      "type": "array", "default": [],
      "description": "The hosts that must be heard of.",
      "items": {
        "type": "object", "required": ["name"],
        "properties": {
          "name": {
            "type": "string", "minLength": 1, "maxLength": 255,
            "description": "The host's name, as host.name has it, in any case."
          },
          "aliases": {
            "type": "array", "default": [], "items": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "Other names of the same host. No name may stand at two hosts."
          },
          "ids": {
            "type": "array", "default": [], "items": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "Its agent ids, as host.id has them. They count before names."
          },
          "longest_silence": {
            "type": "string", "x-sf-duration": true, "minimum": 1000,
            "description": "So old may its newest alert become. Without: longest_silence of the stage."
          },
)json";

inline constexpr std::string_view kSignals = R"json(
        }
      }
    },
    "inventory": {
      "type": "string", "x-sf-path": true, "x-sf-must-exist": true,
      "description": "A JSON file with more hosts: {\"hosts\": [...]} with the same keys."
    },
    "domains": {
      "type": "array", "default": [], "items": {"type": "string", "minLength": 1, "maxLength": 255},
      "description": "DNS domains of the site: with corp.example, ws-01.corp.example is ws-01."
    },
    "longest_silence": {
      "type": "string", "x-sf-duration": true, "minimum": 1000, "default": "24h",
      "description": "The bound of an expected host that states none."
    },
    "signals": {
      "type": "array", "default": [],
      "description": "Classes of signals that must be heard of. All selectors of one must hold, one value of each.",
      "items": {
        "type": "object", "required": ["name"],
        "properties": {
)json";

inline constexpr std::string_view kSignalBounds = R"json(
          "per_host": {
            "type": "boolean", "default": false,
            "description": "true: of each expected host, not of the site as a whole."
          },
          "longest_silence": {
            "type": "string", "x-sf-duration": true, "minimum": 1000, "default": "24h",
            "description": "So old may its newest alert become."
          },
)json";

inline constexpr std::string_view kCanaries = R"json(
        }
      }
    },
    "canaries": {
      "type": "array", "default": [],
      "description": "Alerts raised on purpose that must come out. Their selectors are those of a signal.",
      "items": {
        "type": "object", "required": ["name", "every", "disposition"],
        "properties": {
          "source": {
            "type": "string", "minLength": 1, "maxLength": 64,
            "description": "The stage of a source_canary. What it brings counts for nothing else."
          },
)json";

inline constexpr std::string_view kRest = R"json(
          "every": {
            "type": "string", "x-sf-duration": true, "minimum": 0,
            "description": "How often one is raised. 0s: in each run."
          },
          "within": {
            "type": "string", "x-sf-duration": true, "minimum": 0, "default": "15m",
            "description": "How long one may take to come out."
          },
          "disposition": {
            "type": "string", "enum": ["benign", "known_fp", "review", "escalated"],
            "description": "The verdict that it must get."
          }
        }
      }
    },
    "freshness_max": {
      "type": "string", "x-sf-duration": true, "minimum": 1000, "default": "24h",
      "description": "So old may the newest alert of all become, by its own time against the clock on the wall."
    },
    "clock_ahead_max": {
      "type": "string", "x-sf-duration": true, "minimum": 1000, "default": "5m",
      "description": "So far may an alert's time lie in the future."
    },
    "quiet_factor": {
      "type": "integer", "minimum": 0, "maximum": 100000, "default": 20,
      "description": "Hosts without a bound are quiet, a warning, after so many of their median gaps. 0: never."
    },
    "quiet_floor": {
      "type": "string", "x-sf-duration": true, "minimum": 60000, "default": "24h",
      "description": "No host is called quiet before it is silent for so long."
    },
    "known_hosts_max": {
      "type": "integer", "minimum": 0, "maximum": 20000, "default": 5000,
      "description": "So many hosts that are not expected are remembered."
    }
  }
})json";
// clang-format on

inline constexpr const char* kSchema =
    shared::Joined<kHosts, kRate, kSignals, kSelectors, kSignalBounds, kRate, kCanaries, kSelectors, kRest>::text;

}  // namespace coverage
