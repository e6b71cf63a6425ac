// SPDX-License-Identifier: Apache-2.0
//
// site.hpp - an indexer that keeps the documents of one finding, for the tests of writeback_wazuh.
//
// It answers as RestUpdateFindingsAction of wazuh-indexer-security-analytics does: 200, or 207 where an item failed,
// and for each item "_id", "_index", "status", and "result" or "error", which is a text.
#pragma once
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

namespace writeback_test {

using nlohmann::json;
using sf::testing::MockAnswer;
using sf::testing::MockHost;
using sf::testing::MockRequest;

struct Document {
  std::string id;
  json source = json::object();  // what is stored of wazuh.case.status, in whatever shape
  int status = 200;              // of its item in the next answer
  json error{};                  // and what that says
};

struct Site {
  Site() {
    mock.secrets.values["password"] = "s3cret";
    mock.http.respond = [this](const MockRequest& request) { return answer(request); };
  }
  explicit Site(std::vector<Document> given) : Site() { documents = std::move(given); }
  explicit Site(int count) : Site() {
    for (int n = 0; n < count; ++n) documents.push_back({"f" + std::to_string(n)});
  }

  // One delivery, by a notifier of its own: SF_OK, or what it threw, with its sentence in `said`.
  sf_status deliver() {
    said.clear();
    try {
      sf::testing::NotifierUnderTest notifier(
          mock, *static_cast<const sf_notify*>(signalfoundry_plugin.get_interface(SF_NOTIFY)),
          {{"url", "https://indexer.example:9200"}, {"user", "sf"}, {"password", {}}, {"retry_for", 0}});
      notifier.notify({{"event_index", "events"}, {"doc_id", "d"}, {"rule_id", "r"}, {"status", "completed"}}, "id");
    } catch (const sf::Error& error) {
      said = error.what();
      return error.code();
    }
    return SF_OK;
  }
  bool says(const std::string& text) const { return said.find(text) != std::string::npos; }
  std::size_t set() const {
    return static_cast<std::size_t>(std::count_if(documents.begin(), documents.end(), [](const Document& one) {
      return one.source == json{{"wazuh", {{"case", {{"status", "completed"}}}}}};
    }));
  }
  std::uint64_t counted(const char* name) const { return mock.metrics.counter(name); }

  MockHost mock{"status"};
  std::vector<Document> documents;
  std::vector<std::string> updated;                        // ids, in the order in which they were asked for
  std::function<void()> before_update = [] {};             // what somebody does between the look and the update
  std::function<void(json&)> spoil_search = [](json&) {};  // the answer
  std::function<void(MockAnswer&)> spoil_update = [](MockAnswer&) {};
  std::string said;

 private:
  MockAnswer answer(const MockRequest& request) {
    MockAnswer out;
    const auto asked = json::parse(request.body);
    if (request.method == "PUT") {
      before_update();
      update(asked.at("findings"), out);
      spoil_update(out);
      return out;
    }
    CHECK(asked.at("_source") == json{"wazuh.case.status"});
    auto found = search(asked);
    spoil_search(found);
    out.body = found.dump();
    return out;
  }
  json search(const json& asked) const {
    auto hits = json::array();
    for (const auto& one : documents)
      if (hits.size() < asked.value("size", std::size_t{10}))
        hits.push_back({{"_id", one.id}, {"_index", ".ds-findings"}, {"_source", one.source}});
    const json shards = {{"total", 1}, {"successful", 1}, {"skipped", 0}, {"failed", 0}};
    const json total = {{"value", documents.size()}, {"relation", "eq"}};
    return {{"timed_out", false}, {"_shards", shards}, {"hits", {{"total", total}, {"hits", hits}}}};
  }
  void update(const json& findings, MockAnswer& out) {
    CHECK(findings.size() <= 10);  // max_case_management_bulk_size, by default
    CHECK(!findings.empty());
    auto items = json::array();
    bool errors = false;
    for (const auto& one : findings) {
      updated.push_back(one.at("_id").get<std::string>());
      for (auto& document : documents) {
        if (document.id != updated.back()) continue;
        json item = {{"_id", document.id}, {"_index", one.at("_index")}, {"status", document.status}};
        if (document.status == 200) {
          item["result"] = "updated";
          document.source = {{"wazuh", {{"case", one.at("case")}}}};
        } else {
          item["error"] = document.error;
          errors = true;
        }
        items.push_back(item);
      }
    }
    out.status = errors ? 207 : 200;
    out.body = json{{"took", 1}, {"errors", errors}, {"items", items}}.dump();
  }
};

}  // namespace writeback_test
