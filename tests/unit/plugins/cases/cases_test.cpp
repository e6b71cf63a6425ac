// SPDX-License-Identifier: Apache-2.0
//
// Goal: every alert with a verdict gets a case that says the same as the verdict, whatever the alert holds; and a fault
// of one record, of the disk or of a directory ends where it should.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::Fault;
using sf::testing::MockHost;
using sf::testing::MockRecord;
using sf::testing::StageUnderTest;

namespace {

MockRecord alert(const std::string& disposition, const std::string& n = "1") {
  return MockRecord(
      R"({"rule":{"id":"5710"},"id":")" + n + R"(.5"})",
      {{"time", "2026-11-24T19:42:25.000Z"},
       {"rule", {{"id", "5710"}, {"name", "sshd: no such user"}, {"level", 5}, {"groups", {"sshd", "syslog"}}}},
       {"rule.mitre.id", {"T1110"}},
       {"severity", "low"},
       {"host", {{"id", "007"}, {"name", "web-1"}, {"ip", "10.0.0.7"}}},
       {"alert.id", n + ".5"},
       {"alert.source", "poll"},
       {"alert.received", "2026-11-24T19:43:00.000Z"},
       {"case.id", "c-" + n},
       {"case.path", "2026/11/24/c-" + n},
       {"verdict.disposition", disposition},
       {"verdict.reason", "no layer decided"},
       {"verdict.trail", R"([{"layer":"known_fp","matched":false},{"layer":"default","says":"review"}])"},
       {"verdict.stage", "triage"},
       {"verdict.plugin", "triage_policy"},
       {"verdict.inputs", "0123456789abcdef"},
       {"verdict.time", "2026-11-24T19:42:25.000Z"},
       {"verdict.seq", 42}});
}

json case_of(MockHost& host, const std::string& n = "1") {
  return json::parse(host.fs.get("cases", "2026/11/24/c-" + n + "/case.json").value());
}
std::string summary_of(MockHost& host) {
  return host.fs.get("cases", "2026/11/24/c-1/summary.md").value_or("");
}

}  // namespace

TEST_CASE("cases: case.json repeats alert and verdict, alert.json is the alert's bytes", "[cases]") {
  MockHost host("cases");
  StageUnderTest cases(host, signalfoundry_plugin);
  const auto record = alert("benign");
  const auto out = cases.batch({record});
  CHECK(out.fails.empty());
  CHECK(host.fs.published == std::vector<std::string>{"cases/2026/11/24/c-1"});
  CHECK(host.fs.get("cases", "2026/11/24/c-1/alert.json") == record.bytes());
  const auto written = case_of(host);
  CHECK(written ==
        json{{"schema", 1},
             {"case_id", "c-1"},
             {"key", record.key()},
             {"alert_id", "1.5"},
             {"disposition", "benign"},
             {"reason", "no layer decided"},
             {"seq", 42},
             {"severity", "low"},
             {"time", "2026-11-24T19:42:25.000Z"},
             {"received", "2026-11-24T19:43:00.000Z"},
             {"source", "poll"},
             {"alert_sha256", record.field("alert.sha256")},
             {"rule",
              {{"id", "5710"},
               {"name", "sshd: no such user"},
               {"level", 5},
               {"groups", {"sshd", "syslog"}},
               {"mitre", {{"id", {"T1110"}}, {"tactic", json::array()}, {"technique", json::array()}}}}},
             {"host", {{"id", "007"}, {"name", "web-1"}, {"ip", "10.0.0.7"}}},
             {"verdict",
              {{"stage", "triage"},
               {"plugin", "triage_policy"},
               {"inputs", "0123456789abcdef"},
               {"time", "2026-11-24T19:42:25.000Z"}}},
             {"trail", {{{"layer", "known_fp"}, {"matched", false}}, {{"layer", "default"}, {"says", "review"}}}}});
}

TEST_CASE("cases: a summary stands where a person will read it, and only there", "[cases]") {
  for (const auto& [disposition, summary] : std::vector<std::pair<std::string, bool>>{
           {"benign", false}, {"known_fp", false}, {"review", true}, {"escalated", true}}) {
    MockHost host("cases");
    StageUnderTest cases(host, signalfoundry_plugin);
    cases.batch({alert(disposition)});
    CHECK(host.fs.files("cases").size() == (summary ? 3 : 2));
    CHECK(summary_of(host).empty() == !summary);
  }
}

TEST_CASE("cases: what the alert does not say is null, empty or said to be absent", "[cases]") {
  MockHost host("cases");
  StageUnderTest cases(host, signalfoundry_plugin);
  cases.batch(
      {MockRecord("{}", {{"case.id", "c-1"}, {"case.path", "2026/11/24/c-1"}, {"verdict.disposition", "review"}})});
  const auto written = case_of(host);
  for (const char* key : {"alert_id", "reason", "seq", "severity", "time"}) CHECK(written.at(key).is_null());
  CHECK(written["rule"]["id"].is_null());
  CHECK(written["rule"]["level"].is_null());
  CHECK(written["rule"]["groups"] == json::array());
  CHECK(written["trail"] == json::array());
  CHECK_THAT(summary_of(host), ContainsSubstring("- User: not in the alert"));
  CHECK_THAT(summary_of(host), ContainsSubstring("The triage stage gave no trail."));
}

TEST_CASE("cases: hostile text stays text in every file", "[cases]") {
  const std::vector<std::string> hostile{"<img src=x onerror=alert(1)>",
                                         "`](javascript:alert(1))`",
                                         "\n# owned\n- [x](http://evil.example)",
                                         "| a | b |",
                                         "\xe2\x80\xae"
                                         "exe.txt\xe2\x81\xa6",
                                         "\x1b[2J\x07\x7f",
                                         "\"},\"disposition\":\"benign\"",
                                         "\\u0022",
                                         std::string(200'000, 'A'),
                                         std::string(50'000, '`'),
                                         std::string("a\0b", 3),
                                         "\xef\xbb\xbfx"};
  for (const auto& text : hostile) {
    MockHost host("cases");
    StageUnderTest cases(host, signalfoundry_plugin);
    auto record = alert("escalated");
    for (const char* field : {"rule.id", "rule.name", "host.name", "user.name", "file.path", "process.command_line",
                              "event.original", "verdict.reason", "alert.id"})
      record = record.with(field, text);
    record = record.with("rule.groups", json::array({text, text}))
                 .with("verdict.trail", json::array({{{"why", text}, {text, 1}}, text}).dump());
    CHECK(cases.batch({record}).fails.empty());
    const auto bytes = host.fs.get("cases", "2026/11/24/c-1/case.json").value();
    const auto written = json::parse(bytes);
    CHECK(written["disposition"] == "escalated");
    CHECK(written["host"]["name"] == text);
    CHECK(written["trail"][0]["why"] == text);
    for (const char byte : bytes) CHECK((byte == '\n' || static_cast<unsigned char>(byte) >= 0x20));
    CHECK(bytes.find("\xe2\x80\xae") == std::string::npos);
    const auto summary = summary_of(host);
    CHECK(summary.size() < 12'000);
    CHECK(summary.find("<img") == std::string::npos);
    CHECK(summary.find("](") == std::string::npos);
    CHECK(summary.find("://") == std::string::npos);
    CHECK(summary.find("\n# owned") == std::string::npos);
    CHECK(summary.find_first_of(std::string_view("\0\x1b\x07\x7f", 4)) == std::string::npos);
    CHECK(summary.find("\xe2\x80\xae") == std::string::npos);
  }
}

TEST_CASE("cases: a long trail is shown in part, and says where all of it is", "[cases]") {
  auto trail = json::array();
  for (int i = 0; i < 500; ++i) trail.push_back({{"layer", "l" + std::to_string(i)}});
  MockHost host("cases");
  StageUnderTest cases(host, signalfoundry_plugin);
  cases.batch({alert("review").with("verdict.trail", trail.dump())});
  CHECK(case_of(host)["trail"].size() == 500);
  CHECK_THAT(summary_of(host), ContainsSubstring("The trail has 500 steps; all of them are in `case.json`."));
}

TEST_CASE("cases: a record that cannot be written fails alone", "[cases]") {
  MockHost host("cases");
  StageUnderTest cases(host, signalfoundry_plugin);
  const auto out = cases.batch({alert("benign", "1"), alert("benign", "2").with("case.path", "../../outside"),
                                alert("benign", "3").with("case.path", nullptr), alert("benign", "4")});
  REQUIRE(out.fails.size() == 2);
  CHECK(out.fails[0].index == 1);
  CHECK(out.fails[1].index == 2);
  CHECK(host.fs.published == std::vector<std::string>{"cases/2026/11/24/c-1", "cases/2026/11/24/c-4"});
}

TEST_CASE("cases: a full disk or a refused permission stops the batch and leaves no half case", "[cases]") {
  for (const auto fault : {Fault::retry, Fault::denied}) {
    for (const char* call : {"open_dir", "tree_begin", "tree_add", "tree_add_alert", "tree_publish"}) {
      MockHost host("cases");
      StageUnderTest cases(host, signalfoundry_plugin);
      host.fs.inject(call, 1, fault);
      INFO(call);
      try {
        cases.batch({alert("review")});
        FAIL("no error");
      } catch (const sf::Error& error) {
        CHECK(error.code() == (fault == Fault::denied ? SF_DENIED : SF_RETRY));
      }
      CHECK(host.fs.published.empty());
      CHECK(host.fs.open_trees() == 0);
      CHECK(cases.batch({alert("review")}).fails.empty());
      CHECK(host.fs.published.size() == 1);
    }
  }
}
