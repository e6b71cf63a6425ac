// SPDX-License-Identifier: Apache-2.0
#include "policy.hpp"

#include "fixture.hpp"
#include "policy_text.hpp"

using namespace triage_policy;
using namespace triage_policy::test;

namespace {

// One entry for each layer, and an alert for each that it decides.
const std::string kEveryLayer = R"(
[always_escalate]
rule_ids = [100053]
groups = ["rootkit"]
[[known_fp]]
id = "kfp-1"
owner = "soc"
reason = "nightly backup"
created = 2026-01-01
expires = 2026-12-01
rule_ids = [550]
[[override]]
id = "ovr-1"
disposition = "review"
reason = "under observation"
rule_ids = [551]
[sysmon]
escalate_event_ids = [8]
[[sysmon.suppression]]
id = "sup-1"
owner = "soc"
reason = "inventory agent"
created = 2026-01-01
expires = 2026-12-01
event_ids = [7]
[[sysmon.tier]]
id = "tier-1"
event_ids = [3]
disposition = "review"
reason = "network"
[review]
rule_ids = [533]
[protected]
hosts = ["dc-01"]
[benign]
rules = [{ rule_id = 5502, reason = "session ended" }]
groups = [{ group = "sca", reason = "check passed" }]
neutral_groups = ["wazuh"]
)";

}  // namespace

TEST_CASE("policy: every layer decides the alert that is its own", "[triage_policy]") {
  // Goal: no layer is dead (P7); each of the thirteen is reached with one policy.
  Judge judge(kEveryLayer);
  CHECK(judge.says(alert("100053", 3)) == "always_escalate_rules escalated");
  CHECK(judge.says(alert("1", 3, {"ossec", "rootkit"})) == "always_escalate_groups escalated");
  CHECK(judge.says(alert("1", 12)) == "escalate_level escalated");
  CHECK(judge.says(alert("550", 7)) == "known_fp known_fp");
  CHECK(judge.says(alert("551", 7)) == "overrides review");
  CHECK(judge.says(sysmon("7")) == "sysmon_suppressions known_fp");
  CHECK(judge.says(sysmon("3")) == "sysmon_tiering review");
  CHECK(judge.says(sysmon("8")) == "sysmon_escalate_events escalated");
  CHECK(judge.says(alert("533", 7)) == "review_rules review");
  CHECK(judge.says(alert("1", 7, {}, "dc-01")) == "protected_hosts escalated");
  CHECK(judge.says(alert("5502", 3)) == "benign_rules benign");
  CHECK(judge.says(alert("19008", 3, {"sca"})) == "benign_level benign");
  CHECK(judge.says(alert("1", 5)) == "default review");
}

TEST_CASE("policy: the trail names each layer that was asked, in order, and none behind the one that decided",
          "[triage_policy]") {
  // Goal: a verdict can be read back from its trail alone.
  Judge judge(kEveryLayer);
  CHECK(trail(judge(alert("550", 7))) == std::vector<std::string>{"always_escalate_rules: no",
                                                                  "always_escalate_groups: no", "escalate_level: no",
                                                                  "known_fp: yes kfp-1"});
  const auto all = trail(judge(alert("1", 5)));
  REQUIRE(all.size() == kLayers);
  for (std::size_t i = 0; i < kLayers; ++i)
    CHECK(all[i].rfind(std::string(word(static_cast<Layer>(i))) + ": ", 0) == 0);
  CHECK(all.back() == "default: review");
  CHECK(trail(judge(alert("19008", 3, {"sca", "wazuh"}))).back() == "benign_level: yes (level 3 <= 3, group sca)");
  CHECK(trail(judge(alert("100053", 3))) == std::vector<std::string>{"always_escalate_rules: yes (rule 100053)"});
}

TEST_CASE("policy: the reason names the entry or the layer", "[triage_policy]") {
  // Goal: one sentence that an analyst can act on.
  Judge judge(kEveryLayer);
  CHECK(judge(alert("550", 7)).reason == "known_fp kfp-1: nightly backup");
  CHECK(judge(alert("550", 7)).entry == "kfp-1");
  CHECK(judge(alert("551", 7)).reason == "override ovr-1: under observation");
  CHECK(judge(sysmon("7")).reason == "sysmon.suppression sup-1: inventory agent");
  CHECK(judge(sysmon("3")).reason == "sysmon.tier tier-1: network");
  CHECK(judge(sysmon("8")).reason == "Sysmon event 8 is in sysmon.escalate_event_ids");
  CHECK(judge(alert("1", 3, {"Rootkit"})).reason == "group rootkit is in always_escalate.groups");
  CHECK(judge(alert("1", 13)).reason == "level 13 reaches escalate_min_level 12");
  CHECK(judge(alert("1", 9, {}, "DC-01.corp.example")).reason ==
        "host dc-01 is protected and level 9 reaches protected_host_min_level 7");
  CHECK(judge(alert("5502", 3)).reason == "benign rule 5502: session ended");
  CHECK(judge(alert("19008", 2, {"sca"})).reason == "benign group sca, level 2 <= 3: check passed");
  CHECK(judge(alert("1", 5)).reason == "no layer decided, and the default is review");
}

TEST_CASE("policy: an earlier layer wins over a later one", "[triage_policy]") {
  // Goal: the order of the layers, each against the next one that could decide the same alert.
  Judge judge(kEveryLayer + R"(
[[override]]
id = "ovr-2"
disposition = "escalated"
reason = "later than known_fp"
rule_ids = [550, 533, 5502]
hosts = ["a"]
[[override]]
id = "ovr-3"
disposition = "escalated"
reason = "before Sysmon"
event_ids = [7]
hosts = ["a"]
)");
  CHECK(judge.says(alert("100053", 15, {"rootkit"})) == "always_escalate_rules escalated");
  CHECK(judge.says(alert("1", 15, {"rootkit"})) == "always_escalate_groups escalated");
  CHECK(judge.says(alert("550", 12)) == "escalate_level escalated");
  CHECK(judge.says(alert("550", 7, {}, "a")) == "known_fp known_fp");
  CHECK(judge.says(alert("533", 7, {}, "a")) == "overrides escalated");
  CHECK(judge.says(sysmon("7").with("host.name", {"a"})) == "overrides escalated");
  CHECK(judge.says(sysmon("7").with("host.name", {"dc-01"}).at(8)) == "sysmon_suppressions known_fp");
  CHECK(judge.says(alert("533", 8, {}, "dc-01")) == "review_rules review");
  CHECK(judge.says(alert("5502", 3, {}, "a")) == "overrides escalated");
  CHECK(judge.says(alert("5502", 3, {"sca"})) == "benign_rules benign");
}

TEST_CASE("policy: no signature closes a dangerous group, rule or level (P1)", "[triage_policy]") {
  // Goal: the original's worst defect: a known false positive outranked rootkit and ransomware at any level.
  Judge judge(fp("hosts = [\"a\"]", R"([always_escalate]
rule_ids = [100053]
[[override]]
id = "ovr-1"
disposition = "benign"
owner = "soc"
reason = "quiet"
created = 2026-01-01
expires = 2026-12-01
hosts = ["b"]
)"));
  for (const char* host : {"a", "b"}) {
    for (const char* group :
         {"rootkit", "ransomware", "MALWARE", "Credential-Dumping", "lateral movement", "sql_injection"})
      CHECK(judge.says(alert("1", 3, {group}, host)) == "always_escalate_groups escalated");
    CHECK(judge.says(alert("1", 3, {"ossec,rootkit"}, host)) == "always_escalate_groups escalated");
    CHECK(judge.says(alert("100053", 3, {}, host)) == "always_escalate_rules escalated");
    for (int level = 12; level <= 16; ++level)
      CHECK(judge.says(alert("1", level, {}, host)) == "escalate_level escalated");
  }
  CHECK(judge.says(alert("1", 11, {}, "a")) == "known_fp known_fp");
  CHECK(judge.says(alert("1", 11, {}, "b")) == "overrides benign");
}

TEST_CASE("policy: known_fp_max_level caps every closing entry, and the trail says so (P1)", "[triage_policy]") {
  // Goal: the cap is read, at its exact value, by all three kinds of entry; an unknown level is over any cap.
  Judge judge("[thresholds]\nknown_fp_max_level = 8\n" + fp("rule_ids = [1]", R"(
[[override]]
id = "ovr-1"
disposition = "benign"
owner = "soc"
reason = "quiet"
created = 2026-01-01
expires = 2026-12-01
rule_ids = [2]
[[override]]
id = "ovr-2"
disposition = "review"
reason = "not closing, so not capped"
rule_ids = [3]
[[sysmon.suppression]]
id = "sup-1"
owner = "soc"
reason = "quiet"
created = 2026-01-01
expires = 2026-12-01
event_ids = [7]
)"));
  CHECK(judge.says(alert("1", 8)) == "known_fp known_fp");
  CHECK(judge.says(alert("1", 9)) == "default review");
  CHECK(trail(judge(alert("1", 9)))[3] == "known_fp: no (kfp-1 matches, but level 9 > 8)");
  CHECK(trail(judge(alert("1", std::nullopt)))[3] == "known_fp: no (kfp-1 matches, but level unknown)");
  CHECK(judge.says(alert("2", 8)) == "overrides benign");
  CHECK(judge.says(alert("2", 9)) == "default review");
  CHECK(judge.says(alert("3", 9)) == "overrides review");
  CHECK(judge.says(sysmon("7", 8)) == "sysmon_suppressions known_fp");
  CHECK(judge.says(sysmon("7", 9)) == "default review");
}

TEST_CASE("policy: allow_dangerous sets danger aside, until it expires, and says so", "[triage_policy]") {
  // Goal: the one way past the dangerous layers, for all three kinds of entry, with its custody.
  const std::string custody =
      "owner = \"soc\"\nreason = \"red team\"\ncreated = 2026-01-01\nexpires = 2026-07-01\nallow_dangerous = true\n";
  Judge judge(
      "[always_escalate]\nrule_ids = [100053]\ngroups = [\"rootkit\"]\n"
      "[[known_fp]]\nid = \"k\"\nhosts = [\"lab\"]\n" +
      custody + "[[override]]\nid = \"o\"\ndisposition = \"review\"\nrule_ids = [23506]\n" + custody +
      "[[sysmon.suppression]]\nid = \"s\"\nevent_ids = [10]\n" + custody);
  const auto decision = judge(alert("1", 3, {"rootkit"}, "lab"));
  CHECK(decision.disposition == Disposition::known_fp);
  CHECK(decision.layer == Layer::known_fp);
  CHECK(decision.reason == "known_fp k sets group rootkit aside: red team");
  CHECK(trail(decision).back() == "always_escalate_groups: set aside (group rootkit; known_fp k has allow_dangerous)");
  CHECK(judge.says(alert("100053", 3, {}, "lab")) == "known_fp known_fp");
  CHECK(judge.says(alert("1", 15, {}, "lab")) == "known_fp known_fp");
  CHECK(judge.says(alert("1", std::nullopt, {}, "lab")) == "known_fp known_fp");
  CHECK(judge.says(alert("1", 3, {}, "lab")) == "known_fp known_fp");
  CHECK(judge.says(alert("23506", 13)) == "overrides review");
  CHECK(judge.says(sysmon("10", 12)) == "sysmon_suppressions known_fp");
  CHECK(judge.says(sysmon("10", 12).with("event.provider", {"Other"})) == "escalate_level escalated");
  CHECK(judge.says(alert("1", 3, {"rootkit"}, "other")) == "always_escalate_groups escalated");
  const auto late = judge(alert("1", 3, {"rootkit"}, "lab"), *parse_instant("2026-07-01"));
  CHECK(late.disposition == Disposition::escalated);
  CHECK(trail(late).back() == "always_escalate_groups: yes (group rootkit; k expired 2026-07-01)");
}

TEST_CASE("policy: expiry is judged against logical time, to the millisecond", "[triage_policy]") {
  // Goal: `expires` is the first moment at which the entry does not match; a date is its first moment in UTC.
  Judge date(fp("rule_ids = [1]"));
  const auto end = *parse_instant("2026-12-01");
  CHECK(date.says(alert("1", 5), end - 1) == "known_fp known_fp");
  CHECK(date.says(alert("1", 5), end) == "default review");
  CHECK(trail(date(alert("1", 5), end))[3] == "known_fp: no (kfp-1 expired 2026-12-01)");
  CHECK(trail(date(alert("2", 5), end))[3] == "known_fp: no");
  std::string timed = fp("rule_ids = [1]");
  timed.replace(timed.find("2026-12-01"), 10, "2026-12-01T12:30:00+02:00");
  Judge time(timed);
  CHECK(time.says(alert("1", 5), *parse_instant("2026-12-01T10:30:00Z") - 1) == "known_fp known_fp");
  CHECK(trail(time(alert("1", 5), *parse_instant("2026-12-01T10:30:00Z")))[3] ==
        "known_fp: no (kfp-1 expired 2026-12-01T10:30:00Z)");
}

TEST_CASE("policy: an expired entry lets the next one in the file decide", "[triage_policy]") {
  // Goal: file order, and that an entry which does not count any more hides none behind it.
  Judge judge(fp("rule_ids = [1]") + R"([[known_fp]]
id = "kfp-2"
owner = "soc"
reason = "second"
created = 2026-01-01
expires = 2027-01-01
groups = ["web"]
)");
  CHECK(judge(alert("1", 5, {"web"})).entry == "kfp-1");
  const auto later = judge(alert("1", 5, {"web"}), *parse_instant("2026-12-15"));
  CHECK(later.entry == "kfp-2");
  CHECK(trail(later).back() == "known_fp: yes kfp-2 (kfp-1 expired 2026-12-01)");
}

TEST_CASE("policy: monitor only notes what an entry would have done", "[triage_policy]") {
  // Goal: a signature can be watched before it is let loose, on each kind of entry and on the dangerous layers.
  Judge judge(fp("rule_ids = [1]",
                 "monitor = true\n[[override]]\nid = \"ovr\"\ndisposition = \"escalated\"\n"
                 "reason = \"r\"\nrule_ids = [1]\nmonitor = true\n"));
  const auto decision = judge(alert("1", 5));
  CHECK(decision.layer == Layer::otherwise);
  CHECK(trail(decision)[3] == "known_fp: no (kfp-1 would match (monitor))");
  CHECK(trail(decision)[4] == "overrides: no (ovr would match (monitor))");
  Judge dangerous(fp("groups = [\"rootkit\"]", "monitor = true\nallow_dangerous = true"));
  const auto kept = dangerous(alert("1", 5, {"rootkit"}));
  CHECK(kept.disposition == Disposition::escalated);
  CHECK(trail(kept).back() == "always_escalate_groups: yes (group rootkit; kfp-1 would match (monitor))");
}

TEST_CASE("policy: a trail stays short however many entries have something to say", "[triage_policy]") {
  // Goal: thousands of expired signatures for one rule do not make a trail of megabytes.
  PolicySpec spec = spec_of(fp("rule_ids = [1]"));
  spec.known_fps.front().monitor = true;
  spec.known_fps.resize(5000, spec.known_fps.front());
  Judge judge(spec);
  const auto decision = judge(alert("1", 5));
  CHECK(decision.trail_json.size() < 2000);
  CHECK_THAT(trail(decision)[3], ContainsSubstring("; and 4992 more)"));
}

TEST_CASE("policy: an unknown level is never closed by level and never kills the stage (P4)", "[triage_policy]") {
  // Goal: absent and impossible levels reach no threshold, in either direction.
  Judge judge(kEveryLayer + "[thresholds]\n");
  for (const std::optional<std::int64_t> level :
       {std::optional<std::int64_t>(), std::optional<std::int64_t>(-1), std::optional<std::int64_t>(INT64_MIN)}) {
    CHECK(judge.says(alert("5502", level, {"sca"})) == "default review");
    CHECK(judge.says(alert("19008", level, {"sca"})) == "default review");
    CHECK(judge.says(alert("1", level, {}, "dc-01")) == "default review");
    CHECK(judge.says(alert("1", level, {"rootkit"})) == "always_escalate_groups escalated");
  }
  CHECK(trail(judge(alert("5502", std::nullopt)))[10] == "benign_rules: no (rule 5502, level unknown)");
  CHECK(judge.says(alert("1", INT64_MAX)) == "escalate_level escalated");
  CHECK(judge.says(Alert{}) == "default review");
}

TEST_CASE("policy: rule ids are compared as exact texts everywhere (P5)", "[triage_policy]") {
  // Goal: no digit stripping, no leading zeros, one notion of a rule id in lists and in entries.
  Judge judge(R"([always_escalate]
rule_ids = [" 5715 ", "sid:1:2"]
)" + fp("rule_ids = [\"kfp-77\"]"));
  for (const char* same : {"5715", " 5715", "5715\n", "sid:1:2"})
    CHECK(judge.says(alert(same, 3)) == "always_escalate_rules escalated");
  for (const char* other : {"05715", "5715x", "57 15", "15715", "sid:12", "SID:1:2", "77", "12", ""})
    CHECK(judge.says(alert(other, 3)) == "default review");
  CHECK(judge.says(alert("kfp-77", 3)) == "known_fp known_fp");
  CHECK(judge.says(alert("kfp77", 3)) == "default review");
}

TEST_CASE("policy: hosts are compared by short name and alias, and only the origin counts (F13, F14)",
          "[triage_policy]") {
  // Goal: case, domain, aliases; addresses stay whole; the manager's name never stands for a host.
  Judge judge(R"([protected]
hosts = ["hq-dc", "10.0.0.5", "fe80::1"]
[aliases]
DC-01 = ["hq-dc.example.org", "dc-01-mgmt"]
)" + fp("hosts = [\"Web-01.example.org\"]"));
  for (const char* name : {"dc-01", "DC-01.corp", "HQ-DC", "hq-dc.other.example", "dc-01-mgmt", " dc-01 "})
    CHECK(judge(alert("1", 8, {}, name)).reason ==
          "host dc-01 is protected and level 8 reaches protected_host_min_level 7");
  CHECK(judge.says(alert("1", 8, {}, "10.0.0.5")) == "protected_hosts escalated");
  CHECK(judge.says(alert("1", 8, {}, "FE80::1")) == "protected_hosts escalated");
  for (const char* name : {"10.0.0.6", "10", "dc", "dc-011", "", ".", ".dc-01", "hq"})
    CHECK(judge.says(alert("1", 8, {}, name)) == "default review");
  CHECK(judge.says(alert("1", 5, {}, "WEB-01")) == "known_fp known_fp");
  CHECK(judge.says(alert("1", 8).with("observer.name", {"dc-01"}).with("/manager/name", {"dc-01"})) ==
        "default review");
}

TEST_CASE("policy: Sysmon layers want a Sysmon event", "[triage_policy]") {
  // Goal: the provider decides, exactly; event ids of other logs and text that says sysmon do not.
  Judge judge(kEveryLayer);
  for (const char* event : {"3", "7", "8"}) {
    for (const char* provider : {"Microsoft-Windows-Security-Auditing", "sysmon", "x Microsoft-Windows-Sysmon", ""})
      CHECK(judge.says(sysmon(event).with("event.provider", {provider})) == "default review");
    CHECK(judge.says(sysmon(event).with("event.provider", {"MICROSOFT-WINDOWS-SYSMON "})) != "default review");
  }
  CHECK(judge.says(sysmon("08")) == "default review");
}

TEST_CASE("policy: Sysmon tiers are asked in file order and escalate what their condition names", "[triage_policy]") {
  // Goal: the original's tiering: event 3 of a borrowed tool escalates, any other is for review.
  Judge judge(R"([[sysmon.tier]]
id = "lolbin"
event_ids = [3]
where = [{ field = "process.executable", any = ["rundll32", "mshta"] }]
disposition = "escalated"
reason = "borrowed tool"
[[sysmon.tier]]
id = "network"
event_ids = [1, 3]
disposition = "review"
reason = "network"
)");
  CHECK(judge(sysmon("3").with("process.executable", {R"(C:\Windows\System32\RunDLL32.exe)"})).entry == "lolbin");
  CHECK(judge(sysmon("3").with("process.executable", {R"(C:\x.exe)"})).entry == "network");
  CHECK(judge(sysmon("3").with("process.command_line", {"rundll32"})).entry == "network");
  CHECK(judge(sysmon("1")).entry == "network");
  CHECK(judge.says(sysmon("5")) == "default review");
}

TEST_CASE("policy: benign rules want their group and a low, known level", "[triage_policy]") {
  // Goal: a rule id alone is not enough where the policy says more, and a raised level keeps the alert open.
  Judge judge(R"([benign]
rules = [
  { rule_id = 5502, groups = ["pam"], reason = "ended" },
  { rule_id = 7, max_level = 6, reason = "loud but harmless" },
]
)");
  CHECK(judge.says(alert("5502", 3, {"pam", "syslog"})) == "benign_rules benign");
  CHECK(judge.says(alert("5502", 3, {"syslog"})) == "default review");
  CHECK(trail(judge(alert("5502", 3)))[10] == "benign_rules: no (rule 5502, none of its groups)");
  CHECK(judge.says(alert("5502", 4, {"pam"})) == "default review");
  CHECK(trail(judge(alert("5502", 4, {"pam"})))[10] == "benign_rules: no (rule 5502, level 4 > 3)");
  CHECK(judge.says(alert("7", 6)) == "benign_rules benign");
  CHECK(judge.says(alert("7", 7)) == "default review");
}

TEST_CASE("policy: benign_level wants every group of the alert listed or neutral", "[triage_policy]") {
  // Goal: one group that the policy does not know as noise keeps the alert open.
  Judge judge(kEveryLayer);
  CHECK(judge.says(alert("9", 3, {"sca"})) == "benign_level benign");
  CHECK(judge.says(alert("9", 0, {"wazuh", "SCA"})) == "benign_level benign");
  CHECK(judge.says(alert("9", 3, {"wazuh,sca,"})) == "benign_level benign");
  CHECK(judge.says(alert("9", 3, {"sca", "backdoor"})) == "default review");
  CHECK(judge.says(alert("9", 3, {"sca,backdoor"})) == "default review");
  CHECK(judge.says(alert("9", 3, {"wazuh"})) == "default review");
  CHECK(judge.says(alert("9", 3)) == "default review");
  CHECK(judge.says(alert("9", 4, {"sca"})) == "default review");
  Judge any("[benign]\nany_group = true\n");
  CHECK(any.says(alert("9", 3, {"whatever"})) == "benign_level benign");
  CHECK(any.says(alert("9", 3, {"malware"})) == "always_escalate_groups escalated");
  CHECK(any.says(alert("9", 4, {"whatever"})) == "default review");
  CHECK(any.says(alert("9", std::nullopt, {"whatever"})) == "default review");
}

TEST_CASE("policy: a verdict depends on the alert, the policy and the time, and on nothing before it",
          "[triage_policy]") {
  // Goal: replay: an evaluator that has seen a thousand other alerts says the same as a new one.
  Judge used(kEveryLayer);
  std::vector<Alert> alerts = {
      alert("550", 7),           alert("1", 3, {"rootkit"}, "dc-01"), sysmon("3"), sysmon("7"), Alert{},
      alert("5502", 3, {"sca"}), alert("1", 9, {"a", "b"}, "dc-01")};
  for (int round = 0; round < 3; ++round) {
    for (const auto& one : alerts) {
      Judge fresh(kEveryLayer);
      const auto a = fresh(one);
      const auto b = used(one);
      CHECK(a.trail_json == b.trail_json);
      CHECK(a.reason == b.reason);
      CHECK(a.entry == b.entry);
    }
  }
}
