// SPDX-License-Identifier: Apache-2.0
//
// heartbeat.hpp - at the end of a run, writes what it did: heartbeat.json, its history, and metrics for Prometheus.
#pragma once
#include <signalfoundry/plugin.hpp>

namespace heartbeat {

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "history_max": {
      "type": "integer", "default": 16777216, "minimum": 65536, "maximum": 1073741824,
      "description": "Size in bytes at which heartbeat-history.jsonl becomes heartbeat-history.jsonl.1 and begins anew."
    }
  }
})json";

class Heartbeat final : public sf::Stage {
 public:
  void configure(const sf::Host& host, std::string_view settings) override;
  void end() override;

 private:
  sf::Host host_;
  uint64_t history_max_ = 0;
};

}  // namespace heartbeat
