// SPDX-License-Identifier: Apache-2.0
#include "wazuh_source.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include <nlohmann/json.hpp>
#include <string>

#include "wazuh5_mapping.hpp"

namespace source_wazuh {

const search::Dialect kWazuh4 = {.plugin = "source_wazuh",
                                 .page = "docs/sources/wazuh.md",
                                 .server = "indexer",
                                 .writer = "Filebeat",
                                 .superuser = "admin",
                                 .whoami = "/_plugins/_security/authinfo",
                                 .mapping = sf::kWazuhMapping,
                                 .index = "wazuh-alerts-*",
                                 .time = "timestamp",
                                 .ids = {"id", "manager.name"},
                                 .level = "rule.level",
                                 .left_out = "",
                                 .wildcards = "open"};

const search::Dialect kWazuh5 = {.plugin = "source_wazuh",
                                 .page = "docs/sources/wazuh5.md",
                                 .server = "indexer",
                                 .writer = "a first finding",
                                 .superuser = "admin",
                                 .whoami = "/_plugins/_security/authinfo",
                                 .mapping = kWazuh5Mapping,
                                 .index = "wazuh-findings-v5-*",
                                 .time = "@timestamp",
                                 .ids = {"event.doc_id", "wazuh.rule.id"},
                                 .level = "",
                                 .left_out = "",
                                 .wildcards = "open"};

const search::Dialect& WazuhSource::dialect(std::string_view settings_json) const {
  const auto schema = nlohmann::json::parse(settings_json).value("schema", std::string("wazuh-4"));
  return schema == "wazuh-5" ? kWazuh5 : kWazuh4;
}

}  // namespace source_wazuh
