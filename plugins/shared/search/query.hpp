// SPDX-License-Identifier: Apache-2.0
//
// query.hpp - the text of the searches that are sent. [any-thread]
#pragma once
#include <cstdint>
#include <string>

#include "settings.hpp"

namespace search {

// Which alerts of a window are meant. Sorting on a field that some lack makes OpenSearch 2.8 to 2.10 leave out hits
// (docs/adr/0004-plain-search-after.md), so those that lack one are asked for apart, and by time alone.
enum class Part { identified, unidentified };

struct Query {
  Part part = Part::identified;
  bool by_time = false;      // sort by time alone, no search_after
  std::int64_t from_ms = 0;  // [from, to)
  std::int64_t to_ms = 0;
  std::uint32_t size = 0;
  std::string after;  // the last hit's "sort" array, as it came; "" on the first page
};

std::string path_of(const Settings& settings);  // "/wazuh-alerts-*/_search?…"
std::string body_of(const Query& query, const Settings& settings);
// A search that finds nothing and tells whether there is an index, and the indexer's clock: OpenSearch sends no Date
// header, but it says what "now" in a range came to.
std::string probe_body(const Settings& settings);
// Its newest alert alone, and of that only the time.
std::string newest_body(const Settings& settings);
// As probe_body(), and how many alerts each minute of [from, to) holds (minutes_of).
std::string counting_probe_body(std::int64_t from_ms, std::int64_t to_ms, const Settings& settings);

}  // namespace search
