// SPDX-License-Identifier: Apache-2.0
#include "elastic_source.hpp"

#include "mapping.hpp"

namespace source_elastic {

const search::Dialect kElastic = {.plugin = "source_elastic",
                                  .page = "docs/sources/elastic.md",
                                  .server = "Elasticsearch",
                                  .writer = "a first alert",
                                  .superuser = "elastic",
                                  .whoami = "/_security/_authenticate",
                                  .mapping = kMapping,
                                  .index = ".alerts-security.alerts-default",
                                  .time = "@timestamp",
                                  .ids = {"kibana.alert.uuid", ""},
                                  .level = "",
                                  .left_out = "kibana.alert.building_block_type",
                                  .wildcards = "open,hidden"};

const search::Dialect& ElasticSource::dialect(std::string_view /*settings_json*/) const {
  return kElastic;
}

}  // namespace source_elastic
