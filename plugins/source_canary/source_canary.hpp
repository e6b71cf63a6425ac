// SPDX-License-Identifier: Apache-2.0
//
// source_canary.hpp - one synthetic alert each `every`, numbered, that goes through queue, triage, case and commit as
// any other; stage coverage checks that it comes out with the verdict that it must get.
//
// The alert has the form of a Wazuh 4 alert: its mapping reads the fields, and nothing that a SIEM writes comes under
// this stage's name as `source`. The cursor is {"v":1,"number":N,"emitted":Unix milliseconds}: it is committed with the
// alert, so that a number is given out once.
#pragma once
#include <signalfoundry/plugin.hpp>

#include <nlohmann/json.hpp>

namespace source_canary {

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "every": {
      "type": "string", "x-sf-duration": true, "minimum": 0, "default": "1h",
      "description": "A new alert when the last one is so old. 0s: in each run."
    },
    "rule_id": {
      "type": "string", "minLength": 1, "maxLength": 64, "default": "signalfoundry-canary",
      "description": "The rule id of the alert."
    },
    "level": {
      "type": "integer", "minimum": 0, "maximum": 15, "default": 5,
      "description": "The rule level of the alert."
    },
    "groups": {
      "type": "array", "default": ["signalfoundry_canary"],
      "items": {"type": "string", "minLength": 1, "maxLength": 64},
      "description": "The rule groups of the alert."
    },
    "host": {
      "type": "string", "minLength": 1, "maxLength": 64, "default": "signalfoundry-canary",
      "description": "The host name of the alert."
    }
  }
})json";

class SourceCanary final : public sf::Source {
 public:
  void configure(const sf::Host& host, std::string_view settings) override;
  std::string mapping() override;
  void open(std::string_view position) override;
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t wait_ms) override;

 private:
  std::string document(int64_t now_ms) const;

  sf::Host host_;
  nlohmann::json settings_;
  int64_t every_ms_ = 0;
  uint64_t number_ = 0;
  int64_t emitted_ms_ = 0;
  bool emitted_ = false;  // in this process
};

}  // namespace source_canary
