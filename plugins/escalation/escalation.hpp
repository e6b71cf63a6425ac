// SPDX-License-Identifier: Apache-2.0
//
// escalation.hpp - one self-contained pack per escalated alert (docs/formats/pack.md).
#pragma once
#include <signalfoundry/plugin.hpp>

#include "pack_files.hpp"
#include "queries.hpp"

namespace escalation {

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "index": {
      "type": "string", "default": "wazuh-alerts-*", "minLength": 1, "maxLength": 200,
      "description": "The index that the searches of queries.md name."
    },
    "window_minutes": {
      "type": "integer", "default": 30, "minimum": 1, "maximum": 10080,
      "description": "How far the searches of queries.md look to either side of the alert, in minutes."
    }
  }
})json";

class Escalation final : public sf::Stage {
 public:
  void configure(const sf::Host& host, std::string_view settings) override;
  void batch(std::span<const sf::Record> alerts, const sf::BatchSink& out) override;

 private:
  void write(const AlertView& alert, uint32_t index, const sf::BatchSink& out) const;

  sf::Host host_;
  std::optional<shared::AlertPaths> paths_;
  std::optional<EventTimes> times_;
  std::optional<Queries> queries_;
  std::optional<sf::fs::Dir> dir_;
};

}  // namespace escalation
