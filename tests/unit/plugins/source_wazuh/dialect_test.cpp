// SPDX-License-Identifier: Apache-2.0
//
// Goal: what the setting `schema` changes: the searches that are sent, and how a finding of Wazuh 5 is read.
#include <signalfoundry/error.hpp>

#include <nlohmann/json.hpp>
#include <string>

#include "mini_host.hpp"
#include "support/catch.h"

namespace {

using nlohmann::json;

search::Settings settings(const search::Dialect& dialect, json more = json::object()) {
  json j = {{"url", "https://127.0.0.1:9200"}};
  j.update(more);
  return search::read_settings(j.dump(), dialect);
}

json body(const search::Dialect& dialect, search::Part part, bool by_time = false) {
  const search::Query query{part, by_time, 1000, 2000, 50, by_time ? "" : R"([1500,"x","y"])"};
  return json::parse(search::body_of(query, settings(dialect)));
}

}  // namespace

TEST_CASE("source_wazuh dialects: wazuh-4 is asked as it always was", "[source_wazuh]") {
  const auto j = body(source_wazuh::kWazuh4, search::Part::identified);
  CHECK(j.dump() == json::parse(R"({"query":{"bool":{"filter":[
          {"range":{"timestamp":{"format":"epoch_millis","gte":1000,"lt":2000}}},
          {"bool":{"filter":[{"exists":{"field":"id"}},{"exists":{"field":"manager.name"}}]}}]}},
          "search_after":[1500,"x","y"],"size":50,
          "sort":[{"timestamp":{"order":"asc","unmapped_type":"date"}},{"id":{"order":"asc","unmapped_type":"keyword"}},
                  {"manager.name":{"order":"asc","unmapped_type":"keyword"}}],
          "timeout":"24000ms","track_total_hits":false})")
                        .dump());
  CHECK(search::path_of(settings(source_wazuh::kWazuh4)).find("/wazuh-alerts-*/_search?") == 0);
  CHECK(search::path_of(settings(source_wazuh::kWazuh4)).find("expand_wildcards=open&") != std::string::npos);
  CHECK(search::probe_body(settings(source_wazuh::kWazuh4)).find(R"("field":"timestamp")") != std::string::npos);
}

TEST_CASE("source_wazuh dialects: wazuh-5 is sorted by time, document and rule, and what lacks one is asked apart",
          "[source_wazuh]") {
  const auto both =
      json::parse(R"({"bool":{"filter":[{"exists":{"field":"event.doc_id"}},{"exists":{"field":"wazuh.rule.id"}}]}})");
  const auto sorted = body(source_wazuh::kWazuh5, search::Part::identified);
  CHECK(sorted["query"]["bool"]["filter"][1] == both);
  CHECK_FALSE(sorted["query"]["bool"].contains("must_not"));
  REQUIRE(sorted["sort"].size() == 3);
  CHECK(sorted["sort"][0].contains("@timestamp"));
  CHECK(sorted["sort"][1].contains("event.doc_id"));
  CHECK(sorted["sort"][2].contains("wazuh.rule.id"));
  const auto rest = body(source_wazuh::kWazuh5, search::Part::unidentified, true);
  CHECK(rest["query"]["bool"]["must_not"] == json::array({both}));
  CHECK(rest["sort"].size() == 1);
  CHECK_FALSE(rest.contains("search_after"));
  CHECK(search::path_of(settings(source_wazuh::kWazuh5)).find("/wazuh-findings-v5-*/_search?") == 0);
  CHECK(search::probe_body(settings(source_wazuh::kWazuh5)).find(R"("field":"@timestamp")") != std::string::npos);
}

TEST_CASE("source_wazuh dialects: what is counted is what is read, by the same field of time", "[source_wazuh]") {
  for (const auto* dialect : {&source_wazuh::kWazuh4, &source_wazuh::kWazuh5}) {
    const auto level = dialect == &source_wazuh::kWazuh4 ? json{{"min_level", 7}} : json::object();
    const auto told = settings(*dialect, level);
    const auto counted = json::parse(search::counting_probe_body(1000, 2000, told));
    auto read = json::parse(search::body_of({search::Part::identified, false, 1000, 2000, 50, ""}, told));
    auto& filter = read["query"]["bool"]["filter"];
    filter.erase(filter.size() - 1);  // which part is read: both are counted
    CHECK(counted["query"] == read["query"]);
    CHECK(filter.size() == (level.empty() ? 1 : 2));
    CHECK(counted["aggs"]["minutes"]["date_histogram"]["field"] == dialect->time);
    CHECK(counted["aggs"]["clock"] == json::parse(search::probe_body(told))["aggs"]["clock"]);
    CHECK(counted["size"] == 0);
  }
}

TEST_CASE("source_wazuh dialects: min_level, which compares numbers, is refused for wazuh-5", "[source_wazuh]") {
  CHECK(settings(source_wazuh::kWazuh4, {{"min_level", 3}}).min_level == 3);
  try {
    settings(source_wazuh::kWazuh5, {{"min_level", 3}});
    FAIL("accepted");
  } catch (const sf::Error& error) {
    CHECK(error.code() == SF_INVALID);
    CHECK(std::string(error.what()).find("min_level") == 0);
  }
}

TEST_CASE("source_wazuh dialects: `schema` chooses index, time and cursor's filter", "[source_wazuh]") {
  for (const std::string schema : {"wazuh-4", "wazuh-5"}) {
    MiniHost host;
    std::vector<std::string> asked;
    host.http = [&](const std::string& url, const std::string& text) {
      asked.push_back(url + " " + text);
      return HttpReply{SF_OK, 503, "{}", {}};
    };
    SourceRun run(host, json{{"url", "https://127.0.0.1:9200"}, {"schema", schema}, {"retry_for", 0}}.dump());
    CHECK(run.poll(10) == SF_RETRY);
    REQUIRE(asked.size() == 1);
    CHECK((asked[0].find("wazuh-findings-v5-*") != std::string::npos) == (schema == "wazuh-5"));
    CHECK((asked[0].find("@timestamp") != std::string::npos) == (schema == "wazuh-5"));
  }
}
