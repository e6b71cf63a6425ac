// SPDX-License-Identifier: Apache-2.0
#include <signalfoundry/plugin.hpp>

#include "schema.hpp"
#include "source.hpp"

SF_SOURCE_PLUGIN(source_splunk::Source, .id = "source_splunk", .version = "1.0.0",
                 .summary = "Wazuh alerts or notable events of a Splunk search head over HTTPS",
                 .license = "Apache-2.0", .vendor = "SignalFoundry", .config_schema = source_splunk::kSchema);
