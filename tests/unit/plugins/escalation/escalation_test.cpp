// SPDX-License-Identifier: Apache-2.0
//
// Goal: a pack is complete, checks against its manifest, says nothing that the alert does not say, and no text of an
// alert escapes from where it stands.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>
#include <sstream>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::Fault;
using sf::testing::MockHost;
using sf::testing::MockRecord;
using sf::testing::StageUnderTest;

namespace {

using Files = std::map<std::string, std::string>;

MockRecord alert(const std::string& disposition = "escalated", const std::string& n = "1") {
  return MockRecord(
      R"({"data":{"win":{"system":{"systemTime":"2026-11-24T19:42:24.9Z"}}},"id":")" + n + R"(.5"})",
      {{"time", "2026-11-24T19:42:25.000Z"},
       {"rule", {{"id", "100053"}, {"name", "Credential dumping"}, {"level", 13}, {"groups", {"credential_dumping"}}}},
       {"rule.mitre.id", {"T1003.001"}},
       {"rule.mitre.tactic", {"Credential Access"}},
       {"severity", "high"},
       {"host", {{"id", "007"}, {"name", "dc-01"}, {"ip", "10.0.0.7"}}},
       {"user.name", "a.novak"},
       {"source.ip", "203.0.113.9"},
       {"process.executable", "C:\\Temp\\p.exe"},
       {"observer.name", "siem-01"},
       {"alert.id", n + ".5"},
       {"alert.source", "poll"},
       {"alert.received", "2026-11-24T19:43:00.000Z"},
       {"case.id", "c-" + n},
       {"case.path", "2026/11/24/c-" + n},
       {"verdict.disposition", disposition},
       {"verdict.reason", "level 13 is 12 or higher"},
       {"verdict.trail", R"([{"layer":"level","limit":12}])"},
       {"verdict.stage", "triage"},
       {"verdict.plugin", "triage_policy"},
       {"verdict.inputs", "0123456789abcdef"},
       {"verdict.time", "2026-11-24T19:42:25.000Z"},
       {"verdict.seq", 42}});
}

Files pack_of(const MockRecord& record, const json& settings = json::object()) {
  MockHost host("escalation");
  StageUnderTest escalation(host, signalfoundry_plugin, settings);
  CHECK(escalation.batch({record}).fails.empty());
  return host.fs.tree("packs", "c-1");
}

// The JSON bodies of the fenced blocks of queries.md, each with the line above it.
std::vector<std::pair<std::string, json>> queries_of(const std::string& markdown) {
  std::vector<std::pair<std::string, json>> out;
  std::istringstream in(markdown);
  bool inside = false;
  std::string body;
  for (std::string line; std::getline(in, line);) {
    if (line == "```") {
      if (inside) out.emplace_back(body.substr(0, body.find('\n')), json::parse(body.substr(body.find('\n'))));
      inside = !inside;
      body.clear();
    } else if (inside) {
      body += line + "\n";
    }
  }
  CHECK(!inside);
  return out;
}

std::vector<std::string> absent_fields(const Files& pack) {
  return json::parse(pack.at("pack.json"))["missing_context"];
}

}  // namespace

TEST_CASE("escalation: only escalated alerts get a pack, and each is noted", "[escalation]") {
  MockHost host("escalation");
  StageUnderTest escalation(host, signalfoundry_plugin);
  const auto out =
      escalation.batch({alert("benign", "1"), alert("review", "2"), alert("escalated", "3"), alert("known_fp", "4")});
  CHECK(host.fs.published == std::vector<std::string>{"packs/c-3"});
  REQUIRE(out.notes.size() == 1);
  CHECK(out.notes[0].index == 2);
  CHECK(out.notes[0].kind == "pack");
  const auto manifest = host.fs.get("packs", "c-3/MANIFEST.sha256").value();
  CHECK(out.notes[0].fields ==
        json{{"path", "packs/c-3"}, {"manifest_sha256", sf::testing::detail::sha256_hex(manifest)}, {"files", 5}});
}

TEST_CASE("escalation: nothing to escalate touches nothing", "[escalation]") {
  MockHost host("escalation");
  StageUnderTest escalation(host, signalfoundry_plugin);
  escalation.batch({alert("benign")});
  CHECK(host.fs.calls.empty());
}

TEST_CASE("escalation: the manifest lists every other file, sorted, with its digest", "[escalation]") {
  auto pack = pack_of(alert());
  std::vector<std::string> names;
  for (const auto& [name, bytes] : pack) names.push_back(name);
  CHECK(names == std::vector<std::string>{"MANIFEST.sha256", "artifacts/alert.json", "pack.json", "queries.md",
                                          "report.md", "timeline.csv"});
  std::string wanted;
  for (const auto& [name, bytes] : pack)
    if (name != "MANIFEST.sha256") wanted += sf::testing::detail::sha256_hex(bytes) + "  " + name + "\n";
  CHECK(pack["MANIFEST.sha256"] == wanted);
  CHECK(pack["artifacts/alert.json"] == alert().bytes());
}

TEST_CASE("escalation: pack.json holds verdict, entities and the event, and names what is missing", "[escalation]") {
  const auto pack = json::parse(pack_of(alert()).at("pack.json"));
  CHECK(pack["schema"] == 1);
  CHECK(pack["case_id"] == "c-1");
  CHECK(pack["key"] == alert().key());
  CHECK(pack["alert_id"] == "1.5");
  CHECK(pack["severity"] == "high");
  CHECK(pack["verdict"]["disposition"] == "escalated");
  CHECK(pack["verdict"]["trail"] == json{{{"layer", "level"}, {"limit", 12}}});
  CHECK(pack["verdict"]["seq"] == 42);
  CHECK(pack["entities"]["host"] == json{{"id", "007"}, {"name", "dc-01"}, {"ip", "10.0.0.7"}});
  CHECK(pack["entities"]["user"]["name"] == "a.novak");
  CHECK(pack["entities"]["source"] == json{{"ip", "203.0.113.9"}, {"port", nullptr}});
  CHECK(pack["entities"]["destination"] == json{{"ip", nullptr}, {"port", nullptr}});
  CHECK(pack["entities"]["process"]["executable"] == "C:\\Temp\\p.exe");
  CHECK(pack["mitre"] == json{{"id", {"T1003.001"}}, {"tactic", {"Credential Access"}}, {"technique", json::array()}});
  CHECK(pack["source_event"]["file"] == "artifacts/alert.json");
  CHECK(pack["source_event"]["sha256"] == alert().field("alert.sha256"));
  CHECK(pack["missing_context"] == json{"rule.mitre.technique", "source.port", "destination.ip", "destination.port",
                                        "file.path", "file.hash", "process.command_line", "process.parent.executable",
                                        "event.provider", "event.code", "event.original", "decoder.name", "location"});
}

TEST_CASE("escalation: the report says what is there, and that the rest is not", "[escalation]") {
  const auto report = pack_of(alert()).at("report.md");
  for (const char* said :
       {"# Escalation `c-1`", "`100053`: `Credential dumping`", "`high`, level 13 of 15", "`T1003.001`",
        "- Reason: `level 13 is 12 or higher`", "1. `layer`: `level`, `limit`: `12`", "- Host: `dc-01`",
        "- User: `a.novak`", "- Destination: not in the alert", "- Log line: not in the alert", "`MANIFEST.sha256`"})
    CHECK_THAT(report, ContainsSubstring(said));
}

TEST_CASE("escalation: the timeline has the times that are known and no other", "[escalation]") {
  CHECK(pack_of(alert()).at("timeline.csv") ==
        "time,event,detail,evidence\r\n"
        "\"2026-11-24T19:42:24.9Z\",\"event written to the Windows event "
        "log\",\"\",\"artifacts/alert.json#/data/win/system/systemTime\"\r\n"
        "\"2026-11-24T19:42:25.000Z\",\"alert raised by the SIEM\",\"Credential dumping\",\"artifacts/alert.json\"\r\n"
        "\"2026-11-24T19:43:00.000Z\",\"alert received\",\"poll\",\"pack.json#/source_event/received\"\r\n"
        "\"2026-11-24T19:42:25.000Z\",\"judged as of this time: escalated\",\"level 13 is 12 or "
        "higher\",\"pack.json#/verdict\"\r\n");
  const auto bare = MockRecord("{}", {{"case.id", "c-1"}, {"verdict.disposition", "escalated"}});
  CHECK(pack_of(bare).at("timeline.csv") == "time,event,detail,evidence\r\n");
}

TEST_CASE("escalation: queries run as they stand, with the index's own field names", "[escalation]") {
  const auto queries = queries_of(pack_of(alert(), {{"index", "soc-*"}, {"window_minutes", 5}}).at("queries.md"));
  REQUIRE(queries.size() == 5);
  for (const auto& [line, body] : queries) {
    CHECK(line == "POST /soc-*/_search");
    CHECK(
        body["query"]["bool"]["filter"][0] ==
        json{{"range",
              {{"timestamp", {{"gte", "2026-11-24T19:42:25.000Z||-5m"}, {"lte", "2026-11-24T19:42:25.000Z||+5m"}}}}}});
  }
  CHECK(queries[0].second["query"]["bool"]["filter"][1] == json{{"term", {{"rule.id", "100053"}}}});
  CHECK(queries[1].second["query"]["bool"]["filter"].size() == 3);
  CHECK(queries[2].second["query"]["bool"]["filter"][1]["bool"]["should"][0] ==
        json{{"term", {{"agent.name", "dc-01"}}}});
  CHECK(queries[3].second.dump().find(R"({"term":{"data.win.eventdata.targetUserName":"a.novak"}})") !=
        std::string::npos);
  CHECK(queries[4].second.dump().find(R"({"term":{"data.srcip":"203.0.113.9"}})") != std::string::npos);
}

TEST_CASE("escalation: a query that cannot be asked is said to be missing", "[escalation]") {
  auto markdown =
      pack_of(alert().with("user.name", nullptr).with("source.ip", std::string(5000, '1')).with("time", nullptr))
          .at("queries.md");
  CHECK(queries_of(markdown).size() == 3);
  CHECK_THAT(markdown, ContainsSubstring("No query: `user.name` is not in the alert."));
  CHECK_THAT(markdown, ContainsSubstring("No query: `source.ip` has 5000 bytes"));
  CHECK_THAT(markdown, ContainsSubstring("the time of receipt (the alert has no time)"));
  markdown = pack_of(MockRecord("{}", {{"case.id", "c-1"}, {"verdict.disposition", "escalated"}})).at("queries.md");
  CHECK_THAT(markdown, ContainsSubstring("No queries: neither"));
}

TEST_CASE("escalation: hostile text stays text in every file", "[escalation]") {
  const std::vector<std::string> hostile{"<script>x</script>",
                                         "```\n# owned",
                                         "`](http://evil.example)",
                                         "=cmd|' /C calc'!A0",
                                         "a\",\"b\r\n=1+1",
                                         "\xe2\x80\xae"
                                         "fdp.exe",
                                         "\"}}]}},{\"match_all\":{}}",
                                         "\x1b]0;x\x07",
                                         std::string(200'000, '"'),
                                         std::string("a\0b", 3),
                                         "@SUM(A1)",
                                         "-2+3",
                                         "+4"};
  for (const auto& text : hostile) {
    auto record = alert();
    for (const char* field : {"rule.id", "rule.name", "host.name", "user.name", "source.ip", "event.original",
                              "verdict.reason", "alert.source"})
      record = record.with(field, text);
    const auto pack = pack_of(record);
    CHECK(json::parse(pack.at("pack.json"))["entities"]["host"]["name"] == text);
    CHECK(absent_fields(pack).size() == 12);
    for (const auto& [line, body] : queries_of(pack.at("queries.md"))) {
      CHECK(line == "POST /wazuh-alerts-*/_search");
      CHECK(body["query"]["bool"]["filter"].size() <= 3);
    }
    for (const auto& name : {"report.md", "queries.md"}) {
      const auto& file = pack.at(name);
      CHECK(file.size() < 40'000);
      CHECK(file.find("<script") == std::string::npos);
      CHECK(file.find("\n# owned") == std::string::npos);
      CHECK(file.find("](") == std::string::npos);
      CHECK(file.find("\xe2\x80\xae") == std::string::npos);
      CHECK(file.find_first_of(std::string_view("\0\x1b\x07\r", 4)) == std::string::npos);
    }
    std::istringstream rows(pack.at("timeline.csv"));
    std::size_t count = 0;
    for (std::string row; std::getline(rows, row); ++count) {
      CHECK(row.back() == '\r');
      if (count != 0) CHECK(row.starts_with("\"2026-"));
      for (const char* formula : {",\"=", ",\"+", ",\"-", ",\"@"}) CHECK(row.find(formula) == std::string::npos);
    }
    CHECK(count == 5);
  }
}

TEST_CASE("escalation: an index that is none is refused", "[escalation]") {
  MockHost host("escalation");
  for (const char* index : {"a b", "x`y", "a/_search\n", "../"})
    CHECK_THROWS_AS(StageUnderTest(host, signalfoundry_plugin, {{"index", index}}), sf::Error);
}

TEST_CASE("escalation: one record fails alone; disk and permissions stop the batch and leave no half pack",
          "[escalation]") {
  MockHost host("escalation");
  StageUnderTest escalation(host, signalfoundry_plugin);
  const auto out =
      escalation.batch({alert().with("case.id", "../x"), alert("escalated", "2"), alert().with("case.id", nullptr)});
  REQUIRE(out.fails.size() == 2);
  CHECK(out.fails[0].index == 0);
  CHECK(out.fails[1].index == 2);
  CHECK(out.notes.size() == 1);
  for (const auto fault : {Fault::retry, Fault::denied}) {
    for (const char* call : {"tree_begin", "tree_add", "tree_add_alert", "tree_publish"}) {
      MockHost other("escalation");
      StageUnderTest again(other, signalfoundry_plugin);
      other.fs.inject(call, 1, fault);
      CHECK_THROWS_AS(again.batch({alert()}), sf::Error);
      CHECK(other.fs.published.empty());
      CHECK(again.batch({alert()}).notes.size() == 1);
    }
  }
}
