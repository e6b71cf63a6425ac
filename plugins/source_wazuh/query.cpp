// SPDX-License-Identifier: Apache-2.0
#include "query.hpp"

#include <nlohmann/json.hpp>

namespace source_wazuh {
namespace {

using Json = nlohmann::ordered_json;

Json exists(const char* field) {
  return {{"exists", {{"field", field}}}};
}
Json ascending(const char* field, const char* type) {
  return {{field, {{"order", "asc"}, {"unmapped_type", type}}}};
}

}  // namespace

std::string path_of(const Settings& settings) {
  return "/" + settings.index +
         "/_search?ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false"
         "&expand_wildcards=open&request_cache=false";
}

std::string probe_body() {
  return R"({"size":0,"track_total_hits":false,"query":{"match_none":{}},"aggs":{"clock":{"date_range":)"
         R"({"field":"timestamp","format":"epoch_millis","ranges":[{"to":"now"}]}}}})";
}

std::string body_of(const Query& query, const Settings& settings) {
  auto filter = Json::array();
  filter.push_back(
      {{"range", {{"timestamp", {{"gte", query.from_ms}, {"lt", query.to_ms}, {"format", "epoch_millis"}}}}}});
  if (settings.min_level > 0) filter.push_back({{"range", {{"rule.level", {{"gte", settings.min_level}}}}}});
  Json condition = {{"filter", filter}};
  const Json both = {{"bool", {{"filter", {exists("id"), exists("manager.name")}}}}};
  if (query.part == Part::identified)
    condition["filter"].push_back(both);
  else
    condition["must_not"] = Json::array({both});
  Json body = {{"size", query.size},
               {"track_total_hits", false},
               {"timeout", std::to_string(settings.timeout_ms / 5 * 4) + "ms"},
               {"query", {{"bool", condition}}}};
  body["sort"] = Json::array({ascending("timestamp", "date")});
  if (!query.by_time) {
    body["sort"].push_back(ascending("id", "keyword"));
    body["sort"].push_back(ascending("manager.name", "keyword"));
  }
  auto text = body.dump();
  if (!query.after.empty()) text.insert(text.size() - 1, ",\"search_after\":" + query.after);
  return text;
}

}  // namespace source_wazuh
