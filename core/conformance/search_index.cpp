// SPDX-License-Identifier: Apache-2.0
#include "conformance/search_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "conformance/search_query.hpp"

namespace signalfoundry::conformance {

using nlohmann::json;

namespace {

constexpr std::size_t kResultWindow = 10'000;  // index.max_result_window

Reply json_reply(unsigned status, const json& body) {
  Reply out;
  out.status = status;
  out.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

Reply error_reply(unsigned status, const std::string& type, const std::string& reason) {
  const json cause = {{"type", type}, {"reason", reason}};
  return json_reply(status,
                    {{"error", {{"root_cause", {cause}}, {"type", type}, {"reason", reason}}}, {"status", status}});
}

// What a search may say; anything else is not understood.
void check_members(const json& body) {
  static const std::set<std::string> known = {"size",    "from", "query", "sort",    "search_after", "track_total_hits",
                                              "timeout", "pit",  "aggs",  "_source", "version",      "track_scores"};
  for (const auto& [name, value] : body.items())
    if (!known.contains(name)) throw NotUnderstood("a search with \"" + name + "\"");
  if (body.contains("_source") && body.at("_source") != true) throw NotUnderstood("a search for a part of _source");
}

}  // namespace

void SearchIndex::add(std::vector<Document> documents) {
  for (auto& one : documents) stored_.push_back({std::move(one), next_++});
}

Reply SearchIndex::root() {
  ++roots;
  const bool elastic = product_ == Product::elasticsearch;
  json about = {{"number", !version.empty() ? version : elastic ? "8.17.0" : "2.19.3"}};
  if (!elastic) about["distribution"] = "opensearch";
  Reply out = json_reply(200, {{"name", "node-1"}, {"cluster_name", "scripted"}, {"version", about}});
  if (elastic) out.headers.emplace_back("X-elastic-product", "Elasticsearch");
  return out;
}

Reply SearchIndex::open_pit(const Request&) {
  ++pits;
  if (pit_forbidden)
    return error_reply(403, "security_exception", "no permissions for [indices:data/read/point_in_time/create]");
  if (no_index) return error_reply(400, "illegal_argument_exception", "invalid id: [null]");
  const std::string id = fmt::format("cGl0LQ{}", pits);
  points_[id] = next_;
  return json_reply(200, {{product_ == Product::elasticsearch ? "id" : "pit_id", id},
                          {"_shards", {{"total", 1}, {"successful", 1}, {"skipped", 0}, {"failed", 0}}}});
}

Reply SearchIndex::close_pit() const {
  return json_reply(200, {{"succeeded", true}, {"num_freed", 1}, {"pits", json::array()}});
}

Reply SearchIndex::answer(const Request& request) {
  try {
    const auto path = request.path();
    if (path == "/" || path.empty()) return root();
    const auto body = request.body.empty() ? json::object() : json::parse(request.body);
    if (path.ends_with("/_pit") || path.ends_with("/point_in_time"))
      return request.method == "DELETE" ? close_pit() : open_pit(request);
    if (path.ends_with("/_search")) return search(request, body);
    throw NotUnderstood(request.method + " " + path);
  } catch (const NotUnderstood& e) {
    not_understood.insert(e.what());
    return error_reply(400, "not_understood", e.what());
  } catch (const json::exception& e) {
    not_understood.insert(e.what());
    return error_reply(400, "parsing_exception", e.what());
  }
}

Reply SearchIndex::search(const Request&, const json& body) {
  check_members(body);
  std::uint64_t before = next_;
  if (const auto pit = body.find("pit"); pit != body.end()) {
    const auto id = pit->at("id").get<std::string>();
    if (++pit_searches_ == pit_expires) points_.erase(id);
    const auto point = points_.find(id);
    if (point == points_.end())
      return error_reply(404, "search_context_missing_exception", "No search context found for id [1]");
    before = point->second;
  }
  auto hits = find(body, before, true);
  const auto found = hits.size();
  json tail = {{"took", 1}, {"timed_out", false}};
  const int shards = no_index ? 0 : 1;
  tail["_shards"] = {{"total", shards}, {"successful", shards}, {"skipped", 0}, {"failed", 0}};
  if (body.contains("pit")) tail["pit_id"] = body.at("pit").at("id");
  if (body.contains("aggs") && !no_index)
    tail["aggregations"] = aggregations_of(body.at("aggs"), find(body, before, false));
  std::string head = tail.dump();
  head.pop_back();
  Reply out;
  out.body = head + ",\"hits\":" + page_of(body, std::move(hits), found) + "}";
  return out;
}

// What the query finds, in the order of "sort"; `after` leaves out what search_after does.
std::vector<SearchIndex::Hit> SearchIndex::find(const json& body, std::uint64_t before, bool after) const {
  std::vector<Hit> out;
  if (no_index) return out;
  const auto query = body.value("query", json{{"match_all", json::object()}});
  const auto sort = body.value("sort", json::array({"_doc"}));
  const auto last = after ? body.value("search_after", json()) : json();
  for (const auto& one : stored_) {
    if (one.sequence >= before || !holds(query, one.document.fields, one.document.id)) continue;
    Hit hit{&one, sort_values(sort, one.document.fields, one.document.id, one.sequence)};
    if (!last.is_null() && !comes_before(last, hit.sort, sort)) continue;
    out.push_back(std::move(hit));
  }
  std::stable_sort(out.begin(), out.end(),
                   [&](const Hit& a, const Hit& b) { return comes_before(a.sort, b.sort, sort); });
  return out;
}

std::string SearchIndex::page_of(const json& body, std::vector<Hit> hits, std::size_t found) {
  const auto from = body.value("from", std::size_t{0});
  auto size = body.value("size", std::size_t{10});
  if (from + size > kResultWindow) throw NotUnderstood("from + size beyond index.max_result_window");
  if (short_by != 0 && size > 1) size -= std::min(short_by, size - 1);
  hits.erase(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(std::min(from, hits.size())));
  if (hits.size() > size) hits.resize(size);
  std::string out = "{";
  if (body.value("track_total_hits", json(true)) != json(false))
    out += fmt::format(R"("total":{{"value":{},"relation":"eq"}},)", found);
  out += R"("max_score":null,"hits":[)";
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const auto& document = hits[i].stored->document;
    out += fmt::format(R"({}{{"_index":{},"_id":{},"_score":null,"_source":{})", i == 0 ? "" : ",",
                       json(document.index.empty() ? "alerts-1" : document.index).dump(), json(document.id).dump(),
                       document.text);
    if (body.contains("sort")) out += ",\"sort\":" + hits[i].sort.dump(-1, ' ', false, json::error_handler_t::replace);
    out += "}";
  }
  return out + "]}";
}

json SearchIndex::aggregations_of(const json& aggs, const std::vector<Hit>& hits) const {
  json out = json::object();
  for (const auto& [name, about] : aggs.items()) {
    json buckets = json::array();
    if (about.contains("date_range")) {
      for (const auto& range : about.at("date_range").at("ranges")) {
        if (range != json{{"to", "now"}}) throw NotUnderstood("a date_range other than {\"to\": \"now\"}");
        buckets.push_back({{"to", static_cast<double>(now_ms_())}, {"doc_count", hits.size()}});
      }
    } else if (about.contains("date_histogram")) {
      const auto& histogram = about.at("date_histogram");
      const auto every = histogram.value("fixed_interval", histogram.value("calendar_interval", std::string()));
      if (every != "1m" && every != "minute") throw NotUnderstood("a date_histogram that is not of minutes");
      std::map<std::int64_t, std::size_t> counts;
      for (const auto& hit : hits) {
        const auto* value = field_of(hit.stored->document.fields, histogram.at("field").get<std::string>());
        const auto time = value == nullptr ? std::nullopt : millis_of(*value);
        if (time) ++counts[*time / 60'000 * 60'000];
      }
      for (const auto& [minute, count] : counts) buckets.push_back({{"key", minute}, {"doc_count", count}});
    } else {
      throw NotUnderstood("an aggregation that is neither date_range nor date_histogram");
    }
    out[name] = {{"buckets", std::move(buckets)}};
  }
  return out;
}

}  // namespace signalfoundry::conformance
