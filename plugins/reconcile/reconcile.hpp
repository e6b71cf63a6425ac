// SPDX-License-Identifier: Apache-2.0
//
// reconcile.hpp - at the end of a run, asks the runner to check its books and says what does not hold.
#pragma once
#include <signalfoundry/plugin.hpp>

namespace reconcile {

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "scope": {
      "type": "string", "enum": ["run", "all"], "default": "run",
      "description": "run: the sums, and this run's alerts by id. all: everything; its cost grows with the history."
    }
  }
})json";

class Reconcile final : public sf::Stage {
 public:
  void configure(const sf::Host& host, std::string_view settings) override;
  void end() override;

 private:
  sf::Host host_;
  std::string scope_;
};

}  // namespace reconcile
