// SPDX-License-Identifier: Apache-2.0
#include "query.hpp"

#include <nlohmann/json.hpp>

namespace search {
namespace {

using Json = nlohmann::ordered_json;

Json exists(const char* field) {
  return {{"exists", {{"field", field}}}};
}
Json ascending(const char* field, const char* type) {
  return {{field, {{"order", "asc"}, {"unmapped_type", type}}}};
}

// Which documents of [from, to) are alerts that are wanted: what is read and what is counted must not differ.
Json condition_of(std::int64_t from_ms, std::int64_t to_ms, const Settings& settings) {
  const auto& dialect = *settings.dialect;
  auto filter = Json::array();
  filter.push_back({{"range", {{dialect.time, {{"gte", from_ms}, {"lt", to_ms}, {"format", "epoch_millis"}}}}}});
  if (settings.min_level > 0) filter.push_back({{"range", {{dialect.level, {{"gte", settings.min_level}}}}}});
  Json condition = {{"filter", filter}};
  if (dialect.left_out[0] != '\0') condition["must_not"].push_back(exists(dialect.left_out));
  return condition;
}

}  // namespace

std::string path_of(const Settings& settings) {
  return "/" + settings.index +
         "/_search?ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false"
         "&expand_wildcards=" +
         settings.dialect->wildcards + "&request_cache=false";
}

std::string probe_body(const Settings& settings) {
  return R"({"size":0,"track_total_hits":false,"query":{"match_none":{}},"aggs":{"clock":{"date_range":)"
         R"({"field":")" +
         std::string(settings.dialect->time) + R"(","format":"epoch_millis","ranges":[{"to":"now"}]}}}})";
}

std::string newest_body(const Settings& settings) {
  const auto& dialect = *settings.dialect;
  auto condition = Json{{"filter", Json::array({exists(dialect.time)})}};
  if (dialect.left_out[0] != '\0') condition["must_not"] = Json::array({exists(dialect.left_out)});
  Json body = {{"size", 1},
               {"track_total_hits", false},
               {"timeout", std::to_string(settings.timeout_ms / 5 * 4) + "ms"},
               {"_source", Json::array({dialect.time})},
               {"query", {{"bool", condition}}}};
  body["sort"] = Json::array({Json{{dialect.time, {{"order", "desc"}, {"unmapped_type", "date"}}}}});
  return body.dump();
}

std::string counting_probe_body(std::int64_t from_ms, std::int64_t to_ms, const Settings& settings) {
  auto body = Json::parse(probe_body(settings));
  body["timeout"] = std::to_string(settings.timeout_ms / 5 * 4) + "ms";
  body["query"] = {{"bool", condition_of(from_ms, to_ms, settings)}};
  body["aggs"]["minutes"]["date_histogram"] = {
      {"field", settings.dialect->time}, {"fixed_interval", "1m"}, {"min_doc_count", 1}, {"format", "epoch_millis"}};
  return body.dump();
}

std::string body_of(const Query& query, const Settings& settings) {
  const auto& dialect = *settings.dialect;
  auto condition = condition_of(query.from_ms, query.to_ms, settings);
  auto ids = Json::array();
  for (std::size_t i = 0; i < dialect.id_count(); ++i) ids.push_back(exists(dialect.ids[i]));
  const Json both = {{"bool", {{"filter", ids}}}};
  if (query.part == Part::identified)
    condition["filter"].push_back(both);
  else
    condition["must_not"].push_back(both);
  Json body = {{"size", query.size},
               {"track_total_hits", false},
               {"timeout", std::to_string(settings.timeout_ms / 5 * 4) + "ms"},
               {"query", {{"bool", condition}}}};
  body["sort"] = Json::array({ascending(dialect.time, "date")});
  for (std::size_t i = 0; !query.by_time && i < dialect.id_count(); ++i)
    body["sort"].push_back(ascending(dialect.ids[i], "keyword"));
  auto text = body.dump();
  if (!query.after.empty()) text.insert(text.size() - 1, ",\"search_after\":" + query.after);
  return text;
}

}  // namespace search
