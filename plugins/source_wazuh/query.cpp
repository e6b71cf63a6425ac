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

// What an alert must be, as to its time and level.
Json filter_of(std::int64_t from_ms, std::int64_t to_ms, const Settings& settings) {
  auto filter = Json::array();
  filter.push_back({{"range", {{"timestamp", {{"gte", from_ms}, {"lt", to_ms}, {"format", "epoch_millis"}}}}}});
  if (settings.min_level > 0) filter.push_back({{"range", {{"rule.level", {{"gte", settings.min_level}}}}}});
  return filter;
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

std::string counting_probe_body(std::int64_t from_ms, std::int64_t to_ms, const Settings& settings) {
  auto body = Json::parse(probe_body());
  body["timeout"] = std::to_string(settings.timeout_ms / 5 * 4) + "ms";
  body["query"] = {{"bool", {{"filter", filter_of(from_ms, to_ms, settings)}}}};
  body["aggs"]["minutes"] = {
      {"date_histogram",
       {{"field", "timestamp"}, {"fixed_interval", "1m"}, {"min_doc_count", 1}, {"format", "epoch_millis"}}}};
  return body.dump();
}

std::string body_of(const Query& query, const Settings& settings) {
  Json condition = {{"filter", filter_of(query.from_ms, query.to_ms, settings)}};
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
