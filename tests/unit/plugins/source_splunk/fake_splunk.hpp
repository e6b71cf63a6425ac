// SPDX-License-Identifier: Apache-2.0
//
// fake_splunk.hpp - what a search head answers to source_splunk, as its documentation shows it: the session's owner and
// the export of a stretch of index time. It fails the test on a question that a real one would refuse. One thread.
#pragma once
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.h"

class FakeSplunk {
 public:
  using Json = nlohmann::json;
  using Request = sf::testing::MockRequest;
  using Reply = sf::testing::MockAnswer;
  struct Event {
    std::int64_t index_time_s;
    std::string id;
  };
  using Form = std::map<std::string, std::string>;

  explicit FakeSplunk(sf::testing::MockHost& host) : host_(host) {
    host.http.respond = [this](const Request& q) { return answer(q); };
  }
  FakeSplunk(const FakeSplunk&) = delete;
  FakeSplunk& operator=(const FakeSplunk&) = delete;

  std::int64_t now_s() const { return host_.clock.now_ms / 1000 + ahead_s; }
  void add(std::int64_t ago_s, const std::string& id) { events.push_back({now_s() - ago_s, id}); }

  std::vector<Event> events;
  std::int64_t ahead_s = 0;        // of the host's clock
  bool date_header = true;         // splunkd sends one
  bool both_ends = false;          // index_latest is inclusive
  std::size_t bytes_an_event = 0;  // padding
  std::vector<Form> searches;      // every export that was asked for
  // Asked first, with the number of the export from 1; a reply it gives is the answer.
  std::function<std::optional<Reply>(int number)> spoil = [](int) { return std::nullopt; };
  std::function<std::optional<Reply>()> spoil_probe = [] { return std::nullopt; };

  static std::string raw(const std::string& id) {
    return R"({"id":")" + id + R"(","rule":{"id":"5503","level":5},"manager":{"name":"m\"1"},"full_log":"a\tb / ä"})";
  }
  std::string row(std::size_t offset, const Event& event, bool last) const {
    const Json result = {{"_raw", raw(event.id) + std::string(bytes_an_event, ' ')},
                         {"index", "wazuh"},
                         {"event_id", event.id},
                         {"rule_name", "Excessive logins"},
                         {"sf_time", "2026-01-01T00:00:00.000+0000"},
                         {"sf_cd", "12:" + event.id},
                         {"sf_bkt", "wazuh~12~GUID"},
                         {"sf_indextime", std::to_string(event.index_time_s)}};
    return R"({"preview":false,"offset":)" + std::to_string(offset) + (last ? R"(,"lastrow":true)" : "") +
           R"(,"result":)" + result.dump() + "}\n";
  }

 private:
  static Form form_of(const std::string& body) {
    Form out;
    std::string name;
    std::string text;
    for (std::size_t i = 0; i <= body.size(); ++i) {
      if (i == body.size() || body[i] == '&') {
        out[name] = text;
        text.clear();
      } else if (body[i] == '=') {
        name = text;
        text.clear();
      } else if (body[i] == '%') {
        text += static_cast<char>(std::stoi(body.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        text += body[i];
      }
    }
    return out;
  }

  Reply answer(const Request& q) {
    CHECK(q.bearer_secret == "token");
    CHECK(q.header("Authorization").empty());
    Reply reply;
    if (date_header) reply.headers = {{"date", http_date(now_s())}};
    if (q.url.find("/services/authentication/current-context?output_mode=json") != std::string::npos) {
      CHECK(q.method == "GET");
      if (auto spoiled = spoil_probe()) return *spoiled;
      reply.body = R"({"entry":[{"content":{"username":"sf-reader","roles":["sf"]}}]})";
      return reply;
    }
    CHECK(q.url == "https://127.0.0.1:8089/services/search/v2/jobs/export");
    CHECK(q.method == "POST");
    CHECK(q.header("Content-Type") == "application/x-www-form-urlencoded");
    const auto form = form_of(q.body);
    searches.push_back(form);
    CHECK(form.at("search").rfind("search index=wazuh sourcetype=wazuh | ", 0) == 0);
    CHECK(form.at("output_mode") == "json");
    CHECK(form.at("preview") == "false");
    CHECK(form.at("allow_partial_results") == "false");
    if (auto spoiled = spoil(static_cast<int>(searches.size()))) return *spoiled;
    reply.body = found(form);
    return reply;
  }

  std::string found(const Form& form) const {
    const auto from = std::stoll(form.at("index_earliest"));
    const auto to = std::stoll(form.at("index_latest"));
    REQUIRE(from < to);
    std::vector<Event> hits;
    for (const auto& e : events)
      if (e.index_time_s >= from && (e.index_time_s < to || (both_ends && e.index_time_s == to))) hits.push_back(e);
    if (hits.empty()) return "{\"preview\":false,\"lastrow\":true}\n";
    std::string out;
    for (std::size_t i = 0; i < hits.size(); ++i) out += row(i, hits[i], i + 1 == hits.size());
    return out;
  }
  static std::string http_date(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
  }

  sf::testing::MockHost& host_;
};
