// SPDX-License-Identifier: Apache-2.0
#include <signalfoundry/plugin.hpp>

#include "schema.hpp"
#include "source.hpp"

SF_SOURCE_PLUGIN(source_kafka::Source, .id = "source_kafka", .version = "1.0.0",
                 .summary = "Wazuh alerts from Kafka topics, read at offsets that the ledger keeps",
                 .license = "Apache-2.0", .vendor = "SignalFoundry", .config_schema = source_kafka::kSchema);
