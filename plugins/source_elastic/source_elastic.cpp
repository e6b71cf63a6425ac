// SPDX-License-Identifier: Apache-2.0
#include <signalfoundry/plugin.hpp>

#include "elastic_source.hpp"
#include "schema.hpp"

SF_SOURCE_PLUGIN(source_elastic::ElasticSource, .id = "source_elastic", .version = "1.0.0",
                 .summary = "Alerts of Elastic Security from Elasticsearch over HTTPS", .license = "Apache-2.0",
                 .vendor = "SignalFoundry", .config_schema = source_elastic::kSchema);
