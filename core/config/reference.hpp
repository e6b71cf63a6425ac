// SPDX-License-Identifier: Apache-2.0
//
// reference.hpp - the settings as Markdown, from the same schemas that check them. [any-thread]
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace signalfoundry::config {

// "## <id>", the summary, and a table of key, type, default and meaning. `schema` has passed check_schema(); every text
// of the plugin is escaped.
std::string settings_reference(const std::string& plugin_id, const std::string& summary, const nlohmann::json& schema);
// The same for [pipeline], [schedule], [plugins] and [[stage]], one "## heading" each.
std::string pipeline_reference();

}  // namespace signalfoundry::config
