// SPDX-License-Identifier: Apache-2.0
//
// fake_indexer.hpp - what an OpenSearch answers to the searches of source_wazuh: filter, sort, search_after, size. It
// fails the test on a request that a real one would refuse or that loses alerts. One thread.
#pragma once
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "mini_host.hpp"
#include "support/catch.h"

class FakeIndexer {
 public:
  using Json = nlohmann::json;
  struct Doc {
    std::int64_t time_ms;
    std::string id;       // "": absent
    std::string manager;  // "": absent
    std::string source;
    std::string storage_id;
  };

  explicit FakeIndexer(MiniHost& host) : host_(host) {
    host.http = [this](const std::string& url, const std::string& body) { return answer(url, body); };
  }
  FakeIndexer(const FakeIndexer&) = delete;
  FakeIndexer& operator=(const FakeIndexer&) = delete;

  void add(std::int64_t time_ms, const std::string& id, const std::string& manager = "m1") {
    const auto number = std::to_string(docs.size());
    Json source = {{"n", docs.size()}, {"timestamp", time_ms}};
    docs.push_back({time_ms, id, manager, source.dump(), "doc" + number});
  }
  std::int64_t now_ms() const { return host_.now_ms + ahead_ms; }

  std::vector<Doc> docs;
  std::int64_t ahead_ms = 0;       // of the host's clock
  bool tells_clock = true;         // as OpenSearch does, in the answer to the probe
  bool date_header = false;        // as a proxy may
  bool ignores_exists = false;     // gives null sort values
  std::size_t most_hits = 10'000;  // gives short pages when below the size asked for
  std::int64_t shards = 3;
  std::vector<Json> requests;  // without probes
  // Asked first, with the number of the request from 1; a reply it gives is the answer.
  std::function<std::optional<HttpReply>(int number, const Json& request)> spoil = [](int, const Json&) {
    return std::nullopt;
  };

 private:
  using Key = std::tuple<std::int64_t, int, std::string, int, std::string>;  // missing sorts last
  static Key key(const Doc& d) { return {d.time_ms, d.id.empty(), d.id, d.manager.empty(), d.manager}; }

  HttpReply answer(const std::string& url, const std::string& body) {
    CHECK(url.find("/_search?ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false") !=
          std::string::npos);
    const auto request = Json::parse(body);
    CHECK(request.at("track_total_hits") == false);
    ++count_;
    if (auto reply = spoil(count_, request)) {
      if (date_header && reply->headers.count("date") == 0) reply->headers["date"] = http_date(now_ms());
      return *reply;
    }
    HttpReply reply;
    if (date_header) reply.headers["date"] = http_date(now_ms());
    Json hits = Json::array();
    if (request.at("size") != 0) {
      requests.push_back(request);
      hits = search(request);
    }
    // Written by hand, so that _source goes out byte for byte.
    reply.body = R"({"took":1,"timed_out":false,"_shards":{"total":)" + std::to_string(shards) + R"(,"successful":)" +
                 std::to_string(shards) + R"(,"skipped":0,"failed":0},"hits":{"max_score":null,"hits":[)";
    for (const auto& hit : hits) {
      if (reply.body.back() != '[') reply.body += ",";
      reply.body += R"({"_index":"wazuh-alerts-4.x-2026.11.24","_id":)" + hit["_id"].dump() +
                    R"(,"_score":null,"_source":)" + hit["_source"].get<std::string>() + R"(,"sort":)" +
                    hit["sort"].dump() + "}";
    }
    reply.body += "]}";
    if (request.contains("aggs") && tells_clock && shards != 0)
      reply.body += R"(,"aggregations":{"clock":{"buckets":[{"key":"*-x","to":)" + clock(now_ms()) +
                    R"(,"doc_count":0}]})" + minutes(request) + "}";
    reply.body += "}";
    return reply;
  }
  // The buckets of a counting probe, behind a comma.
  std::string minutes(const Json& request) const {
    if (!request.at("aggs").contains("minutes")) return "";
    const auto& range = request["query"]["bool"]["filter"][0]["range"]["timestamp"];
    std::map<std::int64_t, int> counted;
    for (const auto& doc : docs)
      if (doc.time_ms >= range.at("gte") && doc.time_ms < range.at("lt")) ++counted[doc.time_ms / 60'000 * 60'000];
    Json buckets = Json::array();
    for (const auto& [ms, count] : counted) buckets.push_back({{"key", ms}, {"doc_count", count}});
    return R"(,"minutes":)" + Json{{"buckets", buckets}}.dump();
  }
  Json search(const Json& request) {
    const auto& condition = request.at("query").at("bool");
    const auto& range = condition.at("filter").at(0).at("range").at("timestamp");
    const bool unidentified = condition.contains("must_not");
    const auto fields = request.at("sort").size();
    std::vector<Doc> found;
    for (const auto& doc : docs) {
      const bool lacks = doc.id.empty() || doc.manager.empty();
      if (doc.time_ms < range.at("gte") || doc.time_ms >= range.at("lt")) continue;
      if (ignores_exists ? unidentified : lacks != unidentified) continue;
      found.push_back(doc);
    }
    std::stable_sort(found.begin(), found.end(),
                     [&](const Doc& a, const Doc& b) { return fields == 1 ? a.time_ms < b.time_ms : key(a) < key(b); });
    if (request.contains("search_after")) {
      const auto& after = request["search_after"];
      REQUIRE(after.size() == fields);
      for (const auto& value : after) REQUIRE_FALSE(value.is_null());
      const Doc last{after[0], after[1], after[2], "", ""};
      found.erase(found.begin(),
                  std::find_if(found.begin(), found.end(), [&](const Doc& d) { return key(last) < key(d); }));
    }
    const auto size = std::min({request.at("size").get<std::size_t>(), most_hits, found.size()});
    REQUIRE(request.at("size") <= 10'000);
    Json out = Json::array();
    for (std::size_t i = 0; i < size; ++i) {
      const auto& d = found[i];
      Json sort = {d.time_ms};
      if (fields == 3) {
        sort.push_back(d.id.empty() ? Json() : Json(d.id));
        sort.push_back(d.manager.empty() ? Json() : Json(d.manager));
      }
      out.push_back({{"_id", d.storage_id}, {"_source", d.source}, {"sort", sort}});
    }
    return out;
  }
  static std::string clock(std::int64_t ms) {
    auto text = std::to_string(ms);
    return text.insert(1, ".") + "E12";
  }
  static std::string http_date(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
  }

  MiniHost& host_;
  int count_ = 0;
};
