// SPDX-License-Identifier: Apache-2.0
#include <signalfoundry/plugin.hpp>

#include "schema.hpp"
#include "wazuh_source.hpp"

SF_SOURCE_PLUGIN(source_wazuh::WazuhSource, .id = "source_wazuh", .version = "1.0.0",
                 .summary = "Alerts of Wazuh 4, or findings of Wazuh 5, from its indexer over HTTPS",
                 .license = "Apache-2.0", .vendor = "SignalFoundry", .config_schema = source_wazuh::kSchema);
