// SPDX-License-Identifier: Apache-2.0
//
// queries.hpp - searches an analyst can run as they stand: OpenSearch query DSL for an index of Wazuh 4 alerts.
//
// Field names are those of the Wazuh mapping (wazuh_mapping.hpp). Values stand in JSON strings in which nothing can end
// the string or the code block. [stage-thread]
#pragma once
#include <nlohmann/json.hpp>

#include "../shared/alert_view.hpp"

namespace escalation {

class Queries {
 public:
  struct Settings {
    std::string index;
    int64_t window_minutes;
  };
  explicit Queries(Settings settings);
  std::string markdown(const shared::AlertView& alert) const;

 private:
  nlohmann::ordered_json any_of(std::string_view field, std::string_view value) const;
  nlohmann::ordered_json around(std::string_view time) const;
  void write(std::string& out, std::string_view title, std::string_view time,
             const nlohmann::ordered_json& wanted) const;
  void write_host(std::string& out, const shared::AlertView& alert, std::string_view time) const;
  void write_one(std::string& out, const shared::AlertView& alert, std::string_view time, std::string_view title,
                 shared::Field field) const;

  Settings settings_;
  nlohmann::json fields_;  // canonical field -> JSON pointers
  std::string time_field_;
};

}  // namespace escalation
