// SPDX-License-Identifier: Apache-2.0
//
// The plugin on the testing host: its settings, its files, its verdicts, its inputs.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "fixture.hpp"

using namespace triage_policy::test;
using sf::testing::MockHost;
using sf::testing::MockRecord;
using sf::testing::TriageUnderTest;

namespace {

const nlohmann::json kSettings = {{"policy", "/etc/sf/soc.toml"}};
const nlohmann::json kBoth = {{"policy", "/etc/sf/soc.toml"}, {"aliases", "/etc/sf/hosts.toml"}};

std::string refusal(MockHost& host, const nlohmann::json& settings = kSettings) {
  try {
    TriageUnderTest triage(host, signalfoundry_plugin, settings);
  } catch (const sf::Error& error) {
    CHECK(error.code() == SF_INVALID);
    return error.what();
  }
  return "accepted";
}

MockRecord record(const std::string& rule, int level, std::vector<std::string> groups = {}) {
  const char* document =
      R"({"data":{"win":{"eventdata":{"targetImage":"C:\\\\Win\\\\lsass.exe"}},"flag":true,"n":7,"o":{"a":"secret"}}})";
  return MockRecord(document, {{"rule.id", rule}, {"rule.level", level}, {"rule.groups", groups}});
}

}  // namespace

TEST_CASE("triage_policy: gives each disposition, a reason and the trail through the ABI", "[triage_policy]") {
  // Goal: the shipped policy, end to end over the boundary.
  MockHost host("triage");
  host.fs.put("parent:policy", "soc.toml", repository_file("pipelines/policies/default.toml") + fp("rule_ids = [550]"));
  TriageUnderTest triage(host, signalfoundry_plugin, kSettings);
  const auto benign = triage.triage(record("5502", 3, {"pam", "syslog"}));
  CHECK(benign.disposition == SF_BENIGN);
  CHECK(benign.reason == "benign rule 5502: a PAM session ended");
  CHECK(benign.trail.size() == 11);
  CHECK(benign.trail.back() == "benign_rules: yes (rule 5502, level 3 <= 3)");
  CHECK(triage.triage(record("550", 7, {"syscheck"}), 1'780'272'000'000).disposition == SF_KNOWN_FP);
  CHECK(triage.triage(record("550", 7, {"syscheck"}), 1'900'000'000'000).disposition == SF_REVIEW);
  CHECK(triage.triage(record("1", 3, {"rootkit"})).disposition == SF_ESCALATED);
  CHECK(triage.triage(record("1", 7).with("rule.level", "twelve")).disposition == SF_REVIEW);
  CHECK(triage.triage(MockRecord("{}")).disposition == SF_REVIEW);
  CHECK(host.misuses().empty());
}

TEST_CASE("triage_policy: reads JSON pointers, and never the text of an object", "[triage_policy]") {
  // Goal: a pointer to an object or a flag gives no text to look in (P2); numbers are compared as text.
  const auto says = [](const std::string& condition) {
    MockHost host("triage");
    host.fs.put("parent:policy", "soc.toml", fp("rule_ids = [1]\nwhere = [{ " + condition + " }]"));
    TriageUnderTest triage(host, signalfoundry_plugin, kSettings);
    return triage.triage(record("1", 5), 1'780'272'000'000).disposition;
  };
  CHECK(says(R"(field = "/data/win/eventdata/targetImage", glob = ['*\lsass.exe'])") == SF_KNOWN_FP);
  CHECK(says(R"(field = "/data/n", equals = [7])") == SF_KNOWN_FP);
  CHECK(says(R"(field = "/data/o", any = ["secret"])") == SF_REVIEW);
  CHECK(says(R"(field = "/data", any = ["secret"])") == SF_REVIEW);
  CHECK(says(R"(field = "/data/o/a", any = ["secret"])") == SF_KNOWN_FP);
  CHECK(says(R"(field = "/no/such/place", any = ["secret"])") == SF_REVIEW);
}

TEST_CASE("triage_policy: inputs are the digests of the files' bytes", "[triage_policy]") {
  // Goal: what a replay needs; aliases only where there is such a file.
  MockHost host("triage");
  host.fs.put("parent:policy", "soc.toml", "");
  host.fs.put("parent:aliases", "hosts.toml", "[aliases]\na = [\"b\"]");
  const std::string empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  CHECK(TriageUnderTest(host, signalfoundry_plugin, kSettings).inputs() == nlohmann::json{{"policy", empty}});
  const auto both = TriageUnderTest(host, signalfoundry_plugin, kBoth).inputs();
  CHECK(both.size() == 2);
  CHECK(both["policy"] == empty);
  CHECK(both["aliases"] == "sha256:" + host.host().sha256("[aliases]\na = [\"b\"]"));
}

TEST_CASE("triage_policy: aliases come from their own file too", "[triage_policy]") {
  // Goal: the setting `aliases`, and its problems under its own name.
  MockHost host("triage");
  host.fs.put("parent:policy", "soc.toml", "[protected]\nhosts = [\"dc-01\"]");
  host.fs.put("parent:aliases", "hosts.toml", "[aliases]\ndc-01 = [\"hq-dc\"]");
  {
    TriageUnderTest triage(host, signalfoundry_plugin, kBoth);
    CHECK(triage.triage(record("1", 9).with("host.name", "HQ-DC.corp")).disposition == SF_ESCALATED);
  }
  host.fs.put("parent:aliases", "hosts.toml", "[aliases]\na = [\"x\"]\nb = [\"x\"]");
  CHECK_THAT(refusal(host, kBoth), ContainsSubstring("/etc/sf/hosts.toml:3:6: [aliases] \"x\" would name two hosts"));
}

TEST_CASE("triage_policy: a policy with problems is refused, each of them in the log", "[triage_policy]") {
  // Goal: one problem is the error; more are in the log, and the error says how many and which is the first.
  MockHost host("triage");
  host.fs.put("parent:policy", "soc.toml", "[review]\nrule_idz = []");
  CHECK(refusal(host) == "/etc/sf/soc.toml:2:1: [review] has no key \"rule_idz\". Did you mean \"rule_ids\"?");
  CHECK(host.log.lines.empty());
  host.fs.put("parent:policy", "soc.toml", "[review]\nrule_idz = []\n[protected]\nhost = []\n");
  CHECK(refusal(host) ==
        "2 problems in the policy, each in the log; the first: /etc/sf/soc.toml:2:1: [review] has no key \"rule_idz\". "
        "Did you mean "
        "\"rule_ids\"?");
  REQUIRE(host.log.lines.size() == 2);
  CHECK(host.log.lines[1].level == SF_LOG_ERROR);
  CHECK(host.log.lines[1].text == "/etc/sf/soc.toml:4:1: [protected] has no key \"host\". Did you mean \"hosts\"?");
}

TEST_CASE("triage_policy: a policy file that is not there or no file is named, with what to do", "[triage_policy]") {
  // Goal: missing directory, missing file, symbolic link, directory, and one that changes under the reader.
  MockHost host("triage");
  CHECK(refusal(host) == "/etc/sf/soc.toml: its directory is not there. Correct the setting policy.");
  host.fs.make_dir("parent:policy");
  CHECK(refusal(host) == "/etc/sf/soc.toml: there is no such file. Correct the setting policy.");
  host.fs.put("parent:policy", "soc.toml", "", SF_SYMLINK);
  CHECK(refusal(host) == "/etc/sf/soc.toml: this is a symbolic link, and none is followed. Name the file itself.");
  host.fs.put("parent:policy", "soc.toml", "", SF_DIRECTORY);
  CHECK(refusal(host) == "/etc/sf/soc.toml: this is no regular file. Name a TOML file.");
  host.fs.put("parent:policy", "soc.toml", "");
  for (const auto fault : {sf::testing::Fault::change, sf::testing::Fault::vanish}) {
    host.fs.inject("read", 1, fault);
    CHECK(refusal(host) == "/etc/sf/soc.toml: this changed while it was read. Try again.");
    host.fs.put("parent:policy", "soc.toml", "");
  }
  host.fs.put("parent:policy", "soc.toml", std::string((16U << 20U) + 1, '#'));
  CHECK(refusal(host) == "/etc/sf/soc.toml: this is larger than 16 MiB. Name a TOML file.");
}

TEST_CASE("triage_policy: declares its settings", "[triage_policy]") {
  // Goal: the schema that validate and the documentation are made from.
  const auto schema = nlohmann::json::parse(signalfoundry_plugin.descriptor->config_schema);
  CHECK(schema["required"] == nlohmann::json{"policy"});
  CHECK(schema["additionalProperties"] == false);
  for (const char* key : {"policy", "aliases"}) {
    CHECK(schema["properties"][key]["type"] == "string");
    CHECK(schema["properties"][key]["x-sf-path"] == true);
    CHECK_FALSE(schema["properties"][key]["description"].get<std::string>().empty());
  }
}
