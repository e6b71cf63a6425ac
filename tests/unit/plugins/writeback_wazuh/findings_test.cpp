// SPDX-License-Identifier: Apache-2.0
//
// Goal: what a person has set stays, however the document spells it; every copy of a finding gets its status, and those
// that get none are told.
#include "site.hpp"

using namespace writeback_test;

namespace {
json nested(const json& status) {
  return {{"wazuh", {{"case", {{"status", status}}}}}};
}
}  // namespace

TEST_CASE("writeback_wazuh: a status that is there in any shape is a person's", "[writeback_wazuh]") {
  const json shapes[] = {nested("closed"),
                         nested({"closed"}),
                         nested({"active", "closed"}),
                         nested(7),
                         nested(false),
                         nested({{"keyword", "closed"}}),
                         {{"wazuh.case.status", "closed"}},
                         {{"wazuh.case.status", {"closed"}}},
                         {{"wazuh.case.status", "active"}},
                         {{"wazuh", {{"case.status", "closed"}}}},
                         {{"wazuh.case", {{"status", "closed"}}}},
                         {{"wazuh", {{"case", json::array({{{"status", "closed"}}})}}}},
                         {{"wazuh", json::array({{{"case", {{"status", "closed"}}}}})}},
                         {{"wazuh", {{"case", {{"status", "active"}}}}}, {"wazuh.case.status", "closed"}}};
  for (const auto& shape : shapes) {
    INFO(shape);
    Site site(std::vector<Document>{{"f0", shape}});
    CHECK(site.deliver() == SF_OK);
    CHECK(site.updated.empty());
    CHECK(site.counted("writeback_left_alone") == 1);
    CHECK(site.counted("writeback_updated") == 0);
  }
}

TEST_CASE("writeback_wazuh: without a status, or with the one that a new case has, it is set", "[writeback_wazuh]") {
  const json shapes[] = {json::object(),
                         nested("active"),
                         nested("ACTIVE"),
                         nested(""),
                         nested(nullptr),
                         nested(json::array()),
                         nested(json::object()),
                         {{"wazuh", nullptr}},
                         {{"wazuh.case.status", nullptr}}};
  for (const auto& shape : shapes) {
    INFO(shape);
    Site site(std::vector<Document>{{"f0", shape}});
    CHECK(site.deliver() == SF_OK);
    CHECK(site.set() == 1);
    CHECK(site.counted("writeback_updated") == 1);
    CHECK(site.deliver() == SF_OK);  // a second time: it is set already
    CHECK(site.updated.size() == 1);
  }
}

TEST_CASE("writeback_wazuh: every one of many copies is set", "[writeback_wazuh]") {
  Site site(1'000);
  CHECK(site.deliver() == SF_OK);
  CHECK(site.set() == 1'000);
}

TEST_CASE("writeback_wazuh: copies beyond the bound are told and counted", "[writeback_wazuh]") {
  Site site(1'003);
  CHECK(site.deliver() == SF_FAILED);
  CHECK(site.says("keeps 1003 documents of this finding, and 3 of them were not looked at"));
  CHECK(site.set() == 1'000);
  CHECK(site.counted("writeback_beyond") == 3);
  CHECK(site.counted("writeback_updated") == 1);
}

TEST_CASE("writeback_wazuh: a list that is not whole, or none, is not taken for one", "[writeback_wazuh]") {
  const std::function<void(json&)> spoilt[] = {
      [](json& answer) { answer["timed_out"] = true; },
      [](json& answer) { answer["_shards"]["failed"] = 1; },
      [](json& answer) { answer["_shards"]["total"] = 0; },
      [](json& answer) { answer.erase("_shards"); },
      [](json& answer) { answer = json::array({answer}); },
      [](json& answer) { answer["hits"] = "none"; },
      [](json& answer) { answer["hits"]["hits"] = 7; },
      [](json& answer) { answer["hits"]["hits"][0] = 7; },
      [](json& answer) { answer["hits"]["hits"][0].erase("_source"); },
      [](json& answer) { answer["hits"]["hits"][0]["_id"] = 7; },
      [](json& answer) { answer["hits"]["hits"][0].erase("_index"); },
  };
  for (std::size_t i = 0; i < std::size(spoilt); ++i) {
    INFO(i);
    Site site(2);
    site.spoil_search = spoilt[i];
    CHECK(site.deliver() == SF_RETRY);
    CHECK(site.says("the indexer at indexer.example:9200 gave a list of findings that is not "));
    CHECK(site.updated.empty());
  }
}

TEST_CASE("writeback_wazuh: an answer that nests without end is no end of the process", "[writeback_wazuh]") {
  Site site(std::vector<Document>{{"f0"}});
  constexpr int kDeep = 200'000;
  site.mock.http.answer(200, R"({"timed_out":false,"_shards":{"total":1,"failed":0},)"
                             R"("hits":{"hits":[{"_id":"f0","_index":"i","_source":)" +
                                 std::string(kDeep, '[') + "7" + std::string(kDeep, ']') + "}]}}");
  CHECK(site.deliver() == SF_OK);
  CHECK(site.updated.empty());
}

TEST_CASE("writeback_wazuh: an answer may be as large as a thousand copies can make it, and no larger",
          "[writeback_wazuh]") {
  Site site(0);
  // The longest names that OpenSearch takes.
  for (int n = 0; n < 1'000; ++n)
    site.documents.push_back({std::to_string(10'000 + n) + std::string(507, 'i'), nested("ACKNOWLEDGED")});
  site.spoil_search = [](json& answer) {
    for (auto& hit : answer["hits"]["hits"]) {
      hit["_index"] = std::string(255, 'x');
      hit["_score"] = 0.123456789;
    }
  };
  CHECK(site.deliver() == SF_OK);
  CHECK(site.counted("writeback_left_alone") == 1);
  // A megabyte of JSON may cost sixty of memory; what is larger is not read, in an answer of whatever status.
  const auto normal = site.mock.http.respond;
  for (const int status : {200, 403, 500}) {
    INFO(status);
    site.mock.http.respond = [&](const MockRequest& request) {
      auto answer = normal(request);
      answer.status = static_cast<std::uint32_t>(status);
      answer.body += std::string(std::size_t{1} << 20U, ' ');
      return answer;
    };
    CHECK(site.deliver() == SF_RETRY);
    CHECK(site.says("the indexer at indexer.example:9200 gave an answer that is not understood: it is larger than "));
  }
}

TEST_CASE("writeback_wazuh: a finding that is not there is refused", "[writeback_wazuh]") {
  Site site(0);
  CHECK(site.deliver() == SF_FAILED);
  CHECK(site.says("there is no such finding in wazuh-findings-v5-*"));
}
