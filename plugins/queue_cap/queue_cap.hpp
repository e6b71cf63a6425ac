// SPDX-License-Identifier: Apache-2.0
//
// queue_cap.hpp - picks this run's alerts out of the waiting ones (selection.hpp); the others stay, deferred.
#pragma once
#include <signalfoundry/plugin.hpp>

#include "selection.hpp"

namespace queue_cap {

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "cap": {
      "type": "integer", "default": 2000, "minimum": 1, "maximum": 1000000,
      "description": "How many alerts one run works on at most. The others stay in the queue for later runs."
    },
    "share": {
      "type": "integer", "default": 25, "minimum": 1, "maximum": 100,
      "description": "The most that alerts of one rule on one host may take of the cap while others wait, in percent."
    },
    "oldest_reserve": {
      "type": "integer", "default": 10, "minimum": 0, "maximum": 50,
      "description": "Percent of the cap for the oldest alerts of any severity. 0: low severities may wait for ever."
    }
  }
})json";

class QueueCap final : public sf::Stage {
 public:
  void configure(const sf::Host& host, std::string_view settings) override;
  void begin() override;

 private:
  bool look(uint32_t mode);

  sf::Host host_;
  std::optional<Selection> selection_;
  std::optional<int64_t> looked_ms_;  // when the whole queue was looked at last
  uint64_t waiting_ = 0;              // as far as is known
};

}  // namespace queue_cap
