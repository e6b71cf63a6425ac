// SPDX-License-Identifier: Apache-2.0
//
// Goal: what source_elastic asks, how it logs in, and what it says when it may not.
#include <signalfoundry/testing/under_test.hpp>

#include <string>

#include "../../../../plugins/source_elastic/elastic_source.hpp"
#include "support/catch.h"

namespace {

using nlohmann::json;
using sf::testing::MockHost;
using sf::testing::SourceUnderTest;

constexpr const char* kNothing =
    R"({"timed_out":false,"_shards":{"total":1,"successful":1,"failed":0},"hits":{"hits":[]}})";
constexpr const char* kKey = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==";

const sf_source& table() {
  return sf::detail::source_table<source_elastic::ElasticSource>;
}

json settings(json more = json::object()) {
  json j = {{"url", "https://127.0.0.1:9200"}, {"retry_for", 0}, {"start", 3'600'000}};
  j.update(more);
  return j;
}

search::Settings read(json more = json::object()) {
  return search::read_settings(settings(std::move(more)).dump(), source_elastic::kElastic);
}

// The sentence of a run that ends in an error.
std::string sentence(MockHost& host, sf_status code, json more) {
  SourceUnderTest source(host, table(), settings(std::move(more)));
  source.open();
  try {
    source.poll_all();
  } catch (const sf::Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("source_elastic: building blocks are left out, hidden indices reached, the uuid settles ties",
          "[source_elastic]") {
  const search::Query query{search::Part::identified, false, 1000, 2000, 50, R"([1500,"u"])"};
  const auto body = json::parse(search::body_of(query, read()));
  const auto building_block = json::parse(R"({"exists":{"field":"kibana.alert.building_block_type"}})");
  CHECK(body["query"]["bool"]["must_not"] == json::array({building_block}));
  REQUIRE(body["sort"].size() == 2);
  CHECK(body["sort"][0].contains("@timestamp"));
  CHECK(body["sort"][1].contains("kibana.alert.uuid"));
  CHECK(body["search_after"] == json::parse(R"([1500,"u"])"));
  const search::Query rest{search::Part::unidentified, true, 1000, 2000, 50, ""};
  const auto without = json::parse(search::body_of(rest, read()))["query"]["bool"]["must_not"];
  REQUIRE(without.size() == 2);
  CHECK(without[0] == building_block);
  const auto counted = json::parse(search::counting_probe_body(1000, 2000, read()));
  CHECK(counted["query"]["bool"]["filter"] == json::array({body["query"]["bool"]["filter"][0]}));
  CHECK(counted["query"]["bool"]["must_not"] == json::array({building_block}));
  CHECK(counted["aggs"]["minutes"]["date_histogram"]["field"] == "@timestamp");
  const auto path = search::path_of(read());
  CHECK(path.find("/.alerts-security.alerts-default/_search?") == 0);
  CHECK(path.find("expand_wildcards=open,hidden&") != std::string::npos);
}

TEST_CASE("source_elastic: the API key goes into its own header and into no other place", "[source_elastic]") {
  MockHost host("poll");
  host.secrets.values["api_key"] = kKey;
  host.http.respond = [](const auto&) {
    sf::testing::MockAnswer answer;
    answer.body = kNothing;
    return answer;
  };
  SourceUnderTest source(host, table(), settings({{"api_key", "secret"}}));
  source.open();
  source.poll_all();
  REQUIRE(host.http.requests.size() >= 3);  // the probe and both parts
  for (const auto& request : host.http.requests) {
    CHECK(request.header("Authorization") == std::string("ApiKey ") + kKey);
    CHECK(request.user.empty());
    CHECK(request.body.find(kKey) == std::string::npos);
    CHECK(request.url.find(kKey) == std::string::npos);
  }
}

TEST_CASE("source_elastic: a refused key that was replaced meanwhile is sent once more, one that was not is not",
          "[source_elastic]") {
  const auto requests = [](const std::vector<std::string>& keys, sf_status ends) {
    MockHost host("poll");
    host.secrets.values["api_key"] = kKey;
    std::size_t refused = 0;
    host.http.respond = [&](const sf::testing::MockRequest& request) {
      sf::testing::MockAnswer answer;
      answer.body = kNothing;
      if (request.header("Authorization") == "ApiKey bmV3") return answer;
      answer.status = 401;
      if (refused < keys.size()) host.secrets.values["api_key"] = keys[refused++];
      return answer;
    };
    SourceUnderTest source(host, table(), settings({{"api_key", "secret"}}));
    source.open();
    try {
      source.poll_all();
      CHECK(ends == SF_END);
    } catch (const sf::Error& error) {
      CHECK(error.code() == ends);
      CHECK_THAT(error.what(), ContainsSubstring("refuses the API key (401)"));
    }
    return host.http.requests.size();
  };
  CHECK(requests({"bmV3"}, SF_END) >= 4);
  CHECK(requests({}, SF_DENIED) == 1);
  CHECK(requests({"b25l", "dHdv", "dGhyZWU="}, SF_DENIED) == 2);  // one that changes each time
  CHECK(requests({"half a file"}, SF_DENIED) == 1);               // what the server said is the better sentence
}

TEST_CASE("source_elastic: what is no encoded key is refused before it is sent, and not shown", "[source_elastic]") {
  for (const std::string key : {"id:key", "", "two\nlines", "a b"}) {
    MockHost host("poll");
    host.secrets.values["api_key"] = key;
    const auto said = sentence(host, SF_INVALID, {{"api_key", "secret"}});
    CHECK(said.find("api_key is not the encoded form of an API key") == 0);
    CHECK((key.empty() || said.find(key) == std::string::npos));
    CHECK(host.http.requests.empty());
  }
}

TEST_CASE("source_elastic: refusals name the key, the user and what to do", "[source_elastic]") {
  const auto refused = [](unsigned status, const char* body, json more) {
    MockHost host("poll");
    host.secrets.values["api_key"] = kKey;
    host.secrets.values["password"] = "x";
    host.http.answer(status, body);
    return sentence(host, SF_DENIED, std::move(more));
  };
  const json key = {{"api_key", "secret"}};
  CHECK(refused(401, "{}", key).find("the Elasticsearch at 127.0.0.1:9200 refuses the API key (401); see whether") ==
        0);
  CHECK(
      refused(403, R"({"error":{"type":"security_exception","reason":"no"}})", key)
          .find("does not let the API key read .alerts-security.alerts-default (403 security_exception: no); give its "
                "role read on that pattern (docs/sources/elastic.md)") != std::string::npos);
  CHECK(refused(401, "", {{"user", "sf"}, {"password", "secret"}}).find("refuses user \"sf\" or its password (401)") !=
        std::string::npos);
  CHECK_THROWS_WITH(read({{"api_key", "secret"}, {"user", "sf"}, {"password", "secret"}}),
                    "api_key and user are two ways to log in; set one of them");
}
