// SPDX-License-Identifier: Apache-2.0
#include <signalfoundry/plugin.hpp>

#include "schema.hpp"
#include "source.hpp"

SF_SOURCE_PLUGIN(source_wazuh::Source, .id = "source_wazuh", .version = "1.0.0",
                 .summary = "Alerts of a Wazuh 4 indexer over HTTPS", .license = "Apache-2.0",
                 .vendor = "SignalFoundry", .config_schema = source_wazuh::kSchema);
