// SPDX-License-Identifier: Apache-2.0
//
// What pipelines/policies/default.toml and the documents of the policy promise.
#include <sstream>

#include "fixture.hpp"
#include "policy_text.hpp"

using namespace triage_policy;
using namespace triage_policy::test;

namespace {

PolicySpec shipped() {
  return spec_of(repository_file("pipelines/policies/default.toml"));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

// The texts of a document's ```toml blocks.
std::vector<std::string> toml_blocks(const std::string& path) {
  std::vector<std::string> out;
  bool inside = false;
  for (const auto& line : lines_of(repository_file(path))) {
    if (line == "```toml") {
      out.emplace_back();
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      out.back() += line + "\n";
    }
  }
  return out;
}

// The examples that stand in a policy's comments: runs of comment lines that begin with a table's header.
std::vector<std::string> commented_examples(const std::string& toml) {
  std::vector<std::string> out;
  bool inside = false;
  for (const auto& line : lines_of(toml)) {
    if (line.rfind("# [", 0) == 0) {
      out.emplace_back();
      inside = true;
    }
    if (line.rfind("# ", 0) != 0) inside = false;
    if (inside) out.back() += line.substr(2) + "\n";
  }
  return out;
}

// Every rule, group and level that the shipped policy speaks of, and some that it does not.
struct Words {
  std::vector<std::string> rules = {"", "1", "999999"};
  std::vector<std::string> groups = {"", "syslog", "unheard_of"};
  std::vector<std::optional<std::int64_t>> levels = {std::nullopt, -1, 99};
};
Words words_of(const PolicySpec& spec) {
  Words out;
  for (const auto* names : {&spec.always_rules, &spec.review_rules})
    for (const auto& name : *names) out.rules.push_back(name.text);
  for (const auto& rule : spec.benign_rules) {
    out.rules.push_back(rule.rule_id);
    out.groups.insert(out.groups.end(), rule.groups.begin(), rule.groups.end());
  }
  for (const auto& group : spec.benign_groups) out.groups.push_back(group.group);
  for (const auto& group : spec.neutral_groups) out.groups.push_back(group.text);
  for (int level = 0; level <= 16; ++level) out.levels.emplace_back(level);
  std::sort(out.groups.begin(), out.groups.end());
  out.groups.erase(std::unique(out.groups.begin(), out.groups.end()), out.groups.end());
  return out;
}

}  // namespace

TEST_CASE("default policy: an alert of a dangerous group is never closed, whatever else it is", "[triage_policy]") {
  // Goal: every dangerous group, in several spellings, with every rule and group, at levels of each kind.
  const auto spec = shipped();
  auto words = words_of(spec);
  words.levels = {std::nullopt, 0, 3, 11, 15};
  Judge judge(spec);
  REQUIRE(spec.always_groups.size() >= 7);
  for (const auto& dangerous : spec.always_groups) {
    std::string shouted = dangerous.text;
    for (char& c : shouted) c = c == '_' ? '-' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::size_t wrong = 0;
    for (const auto& rule : words.rules)
      for (const auto& group : words.groups)
        for (const auto& level : words.levels)
          for (const auto& groups :
               {std::vector<std::string>{group, dangerous.text}, {shouted, group}, {group + "," + dangerous.text}})
            wrong += judge(alert(rule, level, groups, "any")).disposition == Disposition::escalated ? 0 : 1;
    INFO(dangerous.text);
    CHECK(wrong == 0);
  }
}

TEST_CASE("default policy: level 12 and more is never closed, and an unknown level neither", "[triage_policy]") {
  // Goal: every rule and group at every level that must not close.
  const auto spec = shipped();
  const auto words = words_of(spec);
  Judge judge(spec);
  for (const auto& rule : words.rules)
    for (const auto& group : words.groups)
      for (const auto& level : words.levels) {
        const auto got = judge(alert(rule, level, {group})).disposition;
        if (level && *level >= 12 && got != Disposition::escalated) FAIL_CHECK("level " << *level << " rule " << rule);
        if ((!level || *level < 0 || *level > 3) && closes(got))
          FAIL_CHECK("closed: rule " << rule << " group " << group);
      }
}

TEST_CASE("default policy: nothing is a known false positive, and nothing is decided for a site", "[triage_policy]") {
  // Goal: signatures, overrides, suppressions, hosts and aliases are the site's own.
  const auto spec = shipped();
  CHECK(spec.known_fps.empty());
  CHECK(spec.overrides.empty());
  CHECK(spec.sysmon_suppressions.empty());
  CHECK(spec.protected_hosts.empty());
  CHECK(spec.aliases.empty());
  for (const auto& tier : spec.sysmon_tiers) CHECK_FALSE(closes(tier.disposition));
}

TEST_CASE("default policy: what it closes is the table in the documentation, and the other way round",
          "[triage_policy]") {
  // Goal: docs/default-policy.md names each closed rule and group with the policy's reason, and no other.
  const auto spec = shipped();
  Judge judge(spec);
  const std::string page = repository_file("docs/default-policy.md");
  std::vector<std::string> rows;
  bool closing = false;
  for (const auto& line : lines_of(page)) {
    if (line.rfind("## ", 0) == 0) closing = line.rfind("## Closed", 0) == 0;
    if (closing && line.rfind("| ", 0) == 0 && line.rfind("| rule", 0) != 0 && line.rfind("| group", 0) != 0 &&
        line.rfind("| ---", 0) != 0)
      rows.push_back(line);
  }
  CHECK(rows.size() == spec.benign_rules.size() + spec.benign_groups.size());
  for (const auto& rule : spec.benign_rules) {
    INFO(rule.rule_id);
    std::string row = "| " + rule.rule_id + " | ";
    REQUIRE_FALSE(rule.groups.empty());
    for (const auto& group : rule.groups) row += (&group == &rule.groups.front() ? "`" : ", `") + group + "`";
    CHECK(std::count(rows.begin(), rows.end(), row + " | " + rule.reason + " |") == 1);
    CHECK_FALSE(rule.max_level);
    for (const auto& group : rule.groups) {
      CHECK(judge.says(alert(rule.rule_id, 3, {"syslog", group})) == "benign_rules benign");
      CHECK(judge.says(alert(rule.rule_id, 4, {group})) == "default review");
    }
    CHECK(judge.says(alert(rule.rule_id, 3, {"unheard_of"})) == "default review");
  }
  for (const auto& group : spec.benign_groups) {
    CHECK(std::count(rows.begin(), rows.end(), "| `" + group.group + "` | " + group.reason + " |") == 1);
    CHECK(judge.says(alert("1", 3, {group.group})) == "benign_level benign");
    CHECK(judge.says(alert("1", 3, {group.group, "unheard_of"})) == "default review");
  }
  for (const auto* names : {&spec.always_rules, &spec.always_groups, &spec.review_rules})
    for (const auto& name : *names) {
      INFO(name.text);
      CHECK(page.find(name.text) != std::string::npos);
    }
}

TEST_CASE("default policy: Sysmon's dangerous moments escalate, in Wazuh's spelling of a path", "[triage_policy]") {
  // Goal: the shipped tiers work on what Wazuh really writes, doubled backslashes included.
  Judge judge(shipped());
  CHECK(judge(sysmon("10").with("/data/win/eventdata/targetImage", {R"(C:\\Windows\\System32\\lsass.exe)"})).entry ==
        "lsass-access");
  CHECK(judge(sysmon("10").with("/data/win/eventdata/targetImage", {R"(C:\Windows\System32\LSASS.EXE)"})).entry ==
        "lsass-access");
  CHECK(judge(sysmon("10").with("/data/win/eventdata/targetImage", {R"(C:\notlsass.exe)"})).entry ==
        "process-and-network");
  CHECK(judge(sysmon("3").with("process.executable", {R"(C:\\Windows\\System32\\rundll32.exe)"})).entry ==
        "lolbin-network");
  CHECK(judge(sysmon("3").with("process.executable", {R"(C:\Tools\x.exe)"})).disposition == Disposition::review);
}

TEST_CASE("default policy: middle levels and unknown rules are for review", "[triage_policy]") {
  // Goal: what nobody has decided is shown to a person, without waking one.
  Judge judge(shipped());
  for (int level = 0; level <= 11; ++level) CHECK(judge.says(alert("999999", level, {"local"})) == "default review");
  CHECK(judge.says(Alert{}) == "default review");
  CHECK(judge.says(alert("5715", 3, {"sshd", "authentication_success"})) == "review_rules review");
}

TEST_CASE("default policy: the examples in its comments and in the documentation are policies", "[triage_policy]") {
  // Goal: whatever a reader copies is accepted.
  const auto toml = repository_file("pipelines/policies/default.toml");
  const auto examples = commented_examples(toml);
  CHECK(examples.size() == 5);
  std::string whole = toml;
  for (const auto& example : examples) {
    INFO(example);
    CHECK(problems(example).empty());
    // [sysmon] is a table of the file already, so its suppressions follow it wherever they stand.
    whole += example;
  }
  CHECK(problems(whole).empty());
  for (const char* path : {"docs/reference/policy.md", "docs/default-policy.md", "docs/adr/0003-safe-policy-order.md"})
    for (const auto& block : toml_blocks(path)) {
      INFO(path << "\n" << block);
      CHECK(problems(block).empty());
    }
  CHECK(toml_blocks("docs/reference/policy.md").size() >= 6);
}

TEST_CASE("default policy: the reference names every key that the loader knows, and its default", "[triage_policy]") {
  // Goal: no key without a word about it.
  const std::string page = repository_file("docs/reference/policy.md");
  std::string keys;
  for (const char* table : {"", "[thresholds]\n", "[always_escalate]\n", "[sysmon]\n", "[review]\n", "[protected]\n",
                            "[benign]\n", "[default]\n", "[[known_fp]]\n", "[[override]]\n", "[[sysmon.tier]]\n"}) {
    const auto found = problems(std::string(table) + "\"nothing is called that here\" = 1\n");
    const auto at = found.find("It may have: ");
    REQUIRE(at != std::string::npos);
    keys += found.substr(at + 13, found.find(".\n", at) - at - 13) + ", ";
  }
  std::istringstream stream(keys);
  for (std::string key; std::getline(stream, key, ',');) {
    key = trim(key);
    if (key.empty()) continue;
    INFO(key);
    const bool named = page.find("`" + key + "`") != std::string::npos ||
                       page.find("." + key + "`") != std::string::npos ||
                       page.find("[" + key + "]") != std::string::npos;
    CHECK(named);
  }
  for (const char* row : {"| `escalate_min_level` | 12 |", "| `known_fp_max_level` | 11 |",
                          "| `protected_host_min_level` | 7 |", "| `benign_max_level` | 3 |"})
    CHECK(page.find(row) != std::string::npos);
  for (std::size_t layer = 0; layer < kLayers; ++layer)
    CHECK(page.find("| " + std::to_string(layer + 1) + " | `" + word(static_cast<Layer>(layer)) + "` |") !=
          std::string::npos);
}
