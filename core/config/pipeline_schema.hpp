// SPDX-License-Identifier: Apache-2.0
//
// pipeline_schema.hpp - the keys of a pipeline file: what the parser accepts and what the reference documents.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace signalfoundry::config {

struct Section {
  std::string key;      // "stage"
  std::string heading;  // "[[stage]]"
  std::string meaning;
  nlohmann::json schema;  // within the subset of schema.hpp
};
// [pipeline], [schedule], [plugins] and [[stage]], in this order. A stage's "settings" table is the plugin's, not in
// here.
const std::vector<Section>& pipeline_sections();

}  // namespace signalfoundry::config
