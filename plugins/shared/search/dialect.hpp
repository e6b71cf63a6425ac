// SPDX-License-Identifier: Apache-2.0
//
// dialect.hpp - what one product's alerts differ in for who searches them: where they lie, which fields order and
// identify them, how its server lets in, and what it is called in messages. A constant of the plugin. [any-thread]
#pragma once
#include <array>
#include <cstddef>

namespace search {

struct Dialect {
  const char* plugin;     // its id: "source_wazuh"
  const char* page;       // where its roles are described: "docs/sources/wazuh.md"
  const char* server;     // what messages call it: "indexer" ("the indexer at 127.0.0.1:9200 …")
  const char* writer;     // who makes the index: "Filebeat"
  const char* superuser;  // the user who may do everything, warned of: "admin"
  const char* whoami;     // the path that tells any user who it is
  const char* mapping;    // docs/formats/alert.md, as JSON

  const char* index;  // the setting's default
  // The field of time, then two keywords or one (the second "") that make its order total. Never one that genuine
  // alerts may lack; those that lack one all the same are asked for apart (docs/adr/0004-plain-search-after.md).
  const char* time;
  std::array<const char*, 2> ids;
  const char* level;      // a number that min_level compares, or "": the product has none
  const char* left_out;   // alerts that have this field are none: "kibana.alert.building_block_type"; "": all are
  const char* wildcards;  // what a pattern reaches: "open"; "open,hidden"

  std::size_t id_count() const { return ids[1][0] == '\0' ? 1 : 2; }
};

}  // namespace search
