// SPDX-License-Identifier: Apache-2.0
#include "policy_file.hpp"

#include "fixture.hpp"
#include "policy_text.hpp"

using namespace triage_policy;
using namespace triage_policy::test;

namespace {

// An entry that has all it must have.
std::string entry(const std::string& table, const std::string& id, const std::string& rest) {
  return "[[" + table + "]]\nid = \"" + id +
         "\"\nowner = \"soc\"\nreason = \"known\"\ncreated = 2026-01-01\nexpires = 2026-12-01\n" + rest + "\n";
}
std::string kfp(const std::string& rest) {
  return entry("known_fp", "k1", rest);
}
std::string ovr(const std::string& rest) {
  return entry("override", "o1", rest);
}

struct Case {
  std::string toml;
  std::string problems;  // all of them, one a line
};
void check(const std::vector<Case>& cases) {
  for (const auto& one : cases) {
    INFO(one.toml);
    CHECK(problems(one.toml) == one.problems);
  }
}

}  // namespace

TEST_CASE("policy file: an empty one is a policy with the shipped defaults (P4)", "[triage_policy]") {
  // Goal: a missing key never means anything but its documented value, and the shipped file repeats exactly those.
  const auto empty = spec_of("");
  const auto shipped = spec_of(repository_file("pipelines/policies/default.toml"));
  for (const auto* spec : {&empty, &shipped}) {
    CHECK(spec->thresholds.escalate_min_level == 12);
    CHECK(spec->thresholds.known_fp_max_level == 11);
    CHECK(spec->thresholds.protected_host_min_level == 7);
    CHECK(spec->thresholds.benign_max_level == 3);
    CHECK(spec->sysmon_providers == std::vector<std::string>{"Microsoft-Windows-Sysmon"});
    CHECK(spec->otherwise == Disposition::review);
    CHECK_FALSE(spec->benign_any_group);
  }
  REQUIRE(empty.always_groups.size() == shipped.always_groups.size());
  for (std::size_t i = 0; i < empty.always_groups.size(); ++i)
    CHECK(empty.always_groups[i].text == shipped.always_groups[i].text);
  CHECK(spec_of("[always_escalate]\ngroups = []").always_groups.empty());
}

TEST_CASE("policy file: everything that an entry may say is read", "[triage_policy]") {
  // Goal: each key lands where it belongs, with dates in each form and numbers as texts.
  const auto spec = spec_of(kfp(R"(monitor = true
allow_dangerous = true
rule_ids = [5715, " a-1 "]
groups = ["g"]
hosts = ["h*"]
locations = ["l"]
provider_names = ["p"]
event_ids = [1, "2"]
min_level = 0
max_level = 15
where = [{ field = "user.name", all = ["a", "b"] }, { field = "/data/x~1y", cidr = ["10.0.0.0/8"] }])"));
  REQUIRE(spec.known_fps.size() == 1);
  const Entry& one = spec.known_fps.front();
  CHECK(one.id == "k1");
  CHECK(one.owner == "soc");
  CHECK(one.reason == "known");
  CHECK(one.disposition == Disposition::known_fp);
  CHECK(one.monitor);
  CHECK(one.allow_dangerous);
  CHECK(one.created_ms == parse_instant("2026-01-01"));
  CHECK(one.expires_ms == parse_instant("2026-12-01"));
  CHECK(one.rule_ids == std::vector<std::string>{"5715", "a-1"});
  CHECK(one.event_ids == std::vector<std::string>{"1", "2"});
  CHECK(one.min_level == 0);
  CHECK(one.max_level == 15);
  REQUIRE(one.where.size() == 2);
  CHECK(one.where[0].op == Condition::Op::all);
  CHECK(one.where[1].field == "/data/x~1y");
  CHECK(one.place.line == 1);
  for (const char* expires : {"2026-12-01T12:00:00Z", "2026-12-01T14:00:00+02:00", "\"2026-12-01T12:00:00Z\"",
                              "\"2026-12-01T12:00:00.000Z\""}) {
    auto toml = kfp("rule_ids = [1]");
    toml.replace(toml.find("2026-12-01"), 10, expires);
    CHECK(spec_of(toml).known_fps.front().expires_ms == parse_instant("2026-12-01T12:00:00Z"));
  }
}

TEST_CASE("policy file: every problem is reported, in file order, with its place", "[triage_policy]") {
  // Goal: one pass tells an operator everything.
  CHECK(
      problems("treshold = 3\n[thresholds]\nbenign_max_lvl = 3\n[[known_fp]]\nid = \"k1\"\nagent_names = [\"x\"]\n") ==
      "soc.toml:1:1: the policy has no key \"treshold\". Did you mean \"thresholds\"?\n"
      "soc.toml:3:1: [thresholds] has no key \"benign_max_lvl\". Did you mean \"benign_max_level\"?\n"
      "soc.toml:4:1: [[known_fp]] k1 has no reason. Add reason = \"why this is so\".\n"
      "soc.toml:4:1: [[known_fp]] k1 has no owner. Add owner = \"who answers for it\".\n"
      "soc.toml:4:1: [[known_fp]] k1 has no created. Add created = 2026-01-15.\n"
      "soc.toml:4:1: [[known_fp]] k1 has no expires. Add expires = 2026-07-15.\n"
      "soc.toml:4:1: [[known_fp]] k1 has no selector, so it would match every alert. Add one of rule_ids, groups, "
      "hosts, "
      "locations, provider_names or event_ids.\n"
      "soc.toml:6:1: [[known_fp]] k1 has no key \"agent_names\". Write hosts = [\"…\"].\n");
}

TEST_CASE("policy file: unknown keys are refused, with what could be meant (P4)", "[triage_policy]") {
  // Goal: near misses, keys of the original, and words that are like nothing.
  const std::string where = "Say in which field: where = [{ field = \"process.command_line\", ";
  check({
      {"[review]\nrule_idz = [1]", "soc.toml:2:1: [review] has no key \"rule_idz\". Did you mean \"rule_ids\"?\n"},
      {"[review]\nfrobnicate = 1", "soc.toml:2:1: [review] has no key \"frobnicate\". It may have: rule_ids.\n"},
      {"[sysmom]", "soc.toml:1:2: the policy has no key \"sysmom\". Did you mean \"sysmon\"?\n"},
      {kfp("rule_ids = [1]\ncontains_any = [\"x\"]"),
       "soc.toml:8:1: [[known_fp]] k1 has no key \"contains_any\". " + where + "any = [\"…\"] }].\n"},
      {kfp("rule_ids = [1]\ncontains_all = [\"x\"]"),
       "soc.toml:8:1: [[known_fp]] k1 has no key \"contains_all\". " + where + "all = [\"…\"] }].\n"},
      {kfp("rule_ids = [1]\nagent = \"x\""),
       "soc.toml:8:1: [[known_fp]] k1 has no key \"agent\". Write hosts = [\"…\"].\n"},
      {kfp("rule_ids = [1]\ndisposition = \"benign\""),
       "soc.toml:8:1: [[known_fp]] k1 has no key \"disposition\". It may have: id, monitor, allow_dangerous, reason, "
       "owner, "
       "created, expires, rule_ids, groups, hosts, locations, provider_names, event_ids, min_level, max_level, "
       "where.\n"},
      {"[benign]\nrules = [{ id = 5, reason = \"r\" }]",
       "soc.toml:2:10: benign.rules: has no rule_id. Add rule_id = 5502.\n"
       "soc.toml:2:12: benign.rules: has no key \"id\". Write rule_id = 5502.\n"},
      {"\"a\\nb\" = 1",
       "soc.toml:1:1: the policy has no key \"a\\nb\". It may have: thresholds, always_escalate, known_fp, "
       "override, sysmon, review, protected, benign, default, aliases.\n"},
  });
}

TEST_CASE("policy file: values of the wrong kind are refused with the right one", "[triage_policy]") {
  // Goal: each kind of value, where another one stands.
  check({
      {"thresholds = 3",
       "soc.toml:1:14: the policy must have thresholds as a table, not as an integer. Write [thresholds] in a "
       "line of its own, and its keys below.\n"},
      {"aliases = []",
       "soc.toml:1:11: the policy must have aliases as a table, not as a list. Write [aliases] in a line of its "
       "own, and its keys below.\n"},
      {"known_fp = 3",
       "soc.toml:1:12: the policy known_fp must be a list of tables, not an integer. Write known_fp = [{ … }], or "
       "[[…known_fp]] above its keys.\n"},
      {"known_fp = [1]", "soc.toml:1:13: the policy known_fp has an integer where a table is wanted. Write { … }.\n"},
      {"[thresholds]\nescalate_min_level = \"12\"",
       "soc.toml:2:22: [thresholds] escalate_min_level must be an integer, not a text. Write escalate_min_level = "
       "12.\n"},
      {"[thresholds]\nescalate_min_level = 12.5",
       "soc.toml:2:22: [thresholds] escalate_min_level must be an integer, not a number with a fraction. Write "
       "escalate_min_level = 12.\n"},
      {"[always_escalate]\nrule_ids = 5715",
       "soc.toml:2:12: [always_escalate] rule_ids must be a list, not an integer. Write "
       "rule_ids = [\"…\"].\n"},
      {"[benign]\nany_group = \"yes\"",
       "soc.toml:2:13: [benign] any_group must be true or false, not a text. Write any_group = true.\n"},
      {"[review]\nrule_ids = [1.5, -1, [2]]",
       "soc.toml:2:13: [review] rule_ids has a number with a fraction where a rule id is wanted. Write a text or a "
       "number from 0.\n"
       "soc.toml:2:18: [review] rule_ids has an integer where a rule id is wanted. Write a text or a number from 0.\n"
       "soc.toml:2:22: [review] rule_ids has a list where a rule id is wanted. Write a text or a number from 0.\n"},
      {"[protected]\nhosts = [7]",
       "soc.toml:2:10: [protected] hosts has an integer where a host is wanted. Write a text in quotes.\n"},
      {kfp("rule_ids = [1]\nwhere = { field = \"user.name\" }"),
       "soc.toml:8:9: [[known_fp]] k1 where must be a list of tables, not a table. Write where = [{ … }], or "
       "[[…where]] above its keys.\n"},
      {kfp("rule_ids = [1]\nwhere = [{ field = \"user.name\", any = [1.5] }]"),
       "soc.toml:8:40: [[known_fp]] k1 where: any has a number with a fraction where a text is wanted. Write it in "
       "quotes.\n"},
  });
}

TEST_CASE("policy file: thresholds outside the scale or behind the one that decides first are refused",
          "[triage_policy]") {
  // Goal: no threshold is dead, as the original's cap of 13 behind its 12 was (P1).
  check({
      {"[thresholds]\nescalate_min_level = 16",
       "soc.toml:2:22: [thresholds] escalate_min_level is 16, but levels go from 0 to 15. "
       "Write one of those.\n"},
      {"[thresholds]\nbenign_max_level = -1",
       "soc.toml:2:20: [thresholds] benign_max_level is -1, but levels go from 0 to 15. "
       "Write one of those.\n"},
      {"[thresholds]\nescalate_min_level = 0",
       "soc.toml:2:22: [thresholds] escalate_min_level 0 would escalate every alert. Write 1 to 15.\n"},
      {"[thresholds]\nknown_fp_max_level = 13",
       "soc.toml:2:22: [thresholds] known_fp_max_level is 13, but escalate_min_level 12 is "
       "decided first. Write at most 11.\n"},
      {"[thresholds]\nbenign_max_level = 5\nescalate_min_level = 5",
       "soc.toml:2:20: [thresholds] benign_max_level is 5, but escalate_min_level 5 is decided first. Write at most "
       "4.\n"},
      {"[benign]\nrules = [{ rule_id = 1, reason = \"r\", max_level = 12 }]",
       "soc.toml:2:10: benign.rules: rule \"1\" has a max_level at which escalate_min_level 12 decides first. Write at "
       "most 11.\n"},
  });
  const auto lowered = spec_of("[thresholds]\nescalate_min_level = 3");
  CHECK(lowered.thresholds.known_fp_max_level == 2);
  CHECK(lowered.thresholds.benign_max_level == 2);
}

TEST_CASE("policy file: an entry that would match everything is refused (P3)", "[triage_policy]") {
  // Goal: empty selectors, empty lists, texts and patterns that are in every value, and closing by text alone.
  const std::string names = "rule_ids, groups, hosts, locations, provider_names or event_ids.\n";
  const std::string alone =
      " closes alerts of every rule, group and host by level or text alone, and text is the attacker's to "
      "write. Add one of " +
      names;
  check({
      {kfp(""), "soc.toml:1:1: [[known_fp]] k1 has no selector, so it would match every alert. Add one of " + names},
      {ovr("disposition = \"escalated\""),
       "soc.toml:1:1: [[override]] o1 has no selector, so it would match every alert. Add one of " + names},
      {kfp("max_level = 15"), "soc.toml:1:1: [[known_fp]] k1" + alone},
      {kfp("where = [{ field = \"user.name\", equals = [\"x\"] }]"), "soc.toml:1:1: [[known_fp]] k1" + alone},
      {ovr("disposition = \"benign\"\nmin_level = 1"), "soc.toml:1:1: [[override]] o1" + alone},
      {ovr("disposition = \"escalated\"\nmin_level = 9"), ""},
      {ovr("disposition = \"review\"\nwhere = [{ field = \"user.name\", equals = [\"x\"] }]"), ""},
      {kfp("rule_ids = []"),
       "soc.toml:7:12: [[known_fp]] k1 rule_ids is an empty list, which no alert can match. Name at least one "
       "rule id, or leave the key out.\n"},
      {kfp("rule_ids = [1]\nwhere = []"),
       "soc.toml:8:9: [[known_fp]] k1 where is an empty list. Add a condition, or leave the key out.\n"},
      {kfp("hosts = [\"*\", \"**\"]"),
       "soc.toml:7:10: [[known_fp]] k1 hosts: \"*\" is every host. Leave the key out, or name some.\n"
       "soc.toml:7:15: [[known_fp]] k1 hosts: \"**\" is every host. Leave the key out, or name some.\n"},
      {kfp("hosts = [\"*.corp\"]"),
       "soc.toml:7:10: [[known_fp]] k1 hosts: \"*.corp\" leaves no name before its first '.'. Write "
       "the host's short name.\n"},
      {kfp("rule_ids = [\" \"]"), "soc.toml:7:13: [[known_fp]] k1 rule_ids: \" \" is an empty rule id. Take it out.\n"},
      {kfp("rule_ids = [\"57*\"]"),
       "soc.toml:7:13: [[known_fp]] k1 rule_ids: \"57*\" has a '*', which stands for nothing in a rule "
       "id. Write each name out.\n"},
      {kfp("groups = [\"a,b\"]"),
       "soc.toml:7:11: [[known_fp]] k1 groups: \"a,b\" has a comma. Write each group as a text of its own.\n"},
      {kfp("event_ids = [\"1\\u0007\"]"),
       "soc.toml:7:14: [[known_fp]] k1 event_ids: \"1\\x07\" has a control character. Take it out.\n"},
  });
}

TEST_CASE("policy file: conditions are refused where they say nothing or too much (P2, P3)", "[triage_policy]") {
  // Goal: no field, no such field, no comparison, two of them, and texts that every value has.
  const auto condition = [](const std::string& inside) { return kfp("rule_ids = [1]\nwhere = [{ " + inside + " }]"); };
  const std::string at = "[[known_fp]] k1 where: ";
  check({
      {condition("any = [\"x\"]"), "soc.toml:8:10: " + at + "has no field. Add field = \"process.command_line\".\n"},
      {condition("field = \"process.comand_line\", any = [\"x\"]"),
       "soc.toml:8:20: " + at +
           "field \"process.comand_line\" is neither a canonical field nor a JSON pointer. Did you mean "
           "\"process.command_line\"?\n"},
      {condition("field = \"everything\", any = [\"x\"]"),
       "soc.toml:8:20: " + at +
           "field \"everything\" is neither a canonical field nor a JSON pointer. Write one of "
           "docs/formats/alert.md, or a pointer like \"/data/win/eventdata/image\".\n"},
      {condition("field = \"\", any = [\"x\"]"),
       "soc.toml:8:20: " + at + "field is empty. Write field = \"process.command_line\".\n"},
      {condition("field = \"/a~2b\", any = [\"x\"]"),
       "soc.toml:8:20: " + at +
           "field \"/a~2b\" is no JSON pointer: '~' must be followed by 0 or 1. Write '~' as \"~0\".\n"},
      {condition("field = \"user.name\""),
       "soc.toml:8:10: " + at + "compares with nothing. Write one of any, all, equals, glob and cidr.\n"},
      {condition("field = \"user.name\", any = [\"x\"], glob = [\"y\"]"),
       "soc.toml:8:10: " + at +
           "has more than one comparison. Write one of any, all, equals, glob and cidr, and a table of its own "
           "for each other.\n"},
      {condition("field = \"user.name\", any = []"), "soc.toml:8:39: " + at + "any is an empty list. Add a text.\n"},
      {condition("field = \"user.name\", any = [\"\"]"),
       "soc.toml:8:40: " + at + "any: an empty text is in every value. Take it out.\n"},
      {condition("field = \"user.name\", all = [\" \"]"),
       "soc.toml:8:40: " + at + "all: an empty text is in every value. Take it out.\n"},
      {condition("field = \"user.name\", glob = [\"**\"]"),
       "soc.toml:8:41: " + at + "glob: \"**\" matches every value. Say what must be in it.\n"},
      {condition("field = \"source.ip\", cidr = [\"10.0.0\"]"),
       "soc.toml:8:41: " + at +
           "cidr: \"10.0.0\" is no address or network. Write one like 10.0.0.0/8 or 2001:db8::/32.\n"},
      {condition("field = \"source.ip\", cidr = [\"0.0.0.0/0\"]"),
       "soc.toml:8:41: " + at + "cidr: \"0.0.0.0/0\" has no usable prefix length. Write a number from 1 to 32.\n"},
      {condition("field = \"source.ip\", cidr = [\"2001:db8::/129\"]"),
       "soc.toml:8:41: " + at +
           "cidr: \"2001:db8::/129\" has no usable prefix length. Write a number from 1 to 128.\n"},
      {condition("field = \"source.ip\", cidr = [\"10.0.0.1/8\"]"),
       "soc.toml:8:41: " + at +
           "cidr: \"10.0.0.1/8\" has bits set behind its prefix. Write the network's first address.\n"},
      {condition("field = \"user.name\", equals = [\"" + std::string(1025, 'x') + "\"]"),
       "soc.toml:8:43: " + at + "equals: a text is longer than 1024 bytes. Shorten it.\n"},
  });
}

TEST_CASE("policy file: what closes or sets danger aside wants owner, reason, created and expires", "[triage_policy]") {
  // Goal: custody on every suppressing entry of each kind, and on none that only raises or holds.
  const std::string custody = "has no owner. Add owner = \"who answers for it\".\n";
  for (const char* head :
       {"[[known_fp]]", "[[sysmon.suppression]]", "[[override]]\ndisposition = \"benign\"",
        "[[override]]\ndisposition = \"known_fp\"", "[[override]]\ndisposition = \"review\"\nallow_dangerous = true"}) {
    const auto found = problems(std::string(head) + "\nid = \"x1\"\nrule_ids = [1]\n");
    INFO(head);
    CHECK_THAT(found, ContainsSubstring("x1 has no owner. Add owner = \"who answers for it\".\n"));
    CHECK_THAT(found, ContainsSubstring("x1 has no reason. Add reason = \"why this is so\".\n"));
    CHECK_THAT(found, ContainsSubstring("x1 has no created. Add created = 2026-01-15.\n"));
    CHECK_THAT(found, ContainsSubstring("x1 has no expires. Add expires = 2026-07-15.\n"));
  }
  for (const char* disposition : {"review", "escalated"})
    CHECK(problems(std::string("[[override]]\nid = \"x1\"\nreason = \"r\"\nrule_ids = [1]\ndisposition = \"") +
                   disposition + "\"")
              .empty());
  const auto dated = [](const std::string& created, const std::string& expires) {
    return problems("[[known_fp]]\nid = \"k1\"\nowner = \"o\"\nreason = \"r\"\nrule_ids = [1]\ncreated = " + created +
                    "\nexpires = " + expires);
  };
  const std::string form = ". Write a date (2026-07-01) or a time with its zone (2026-07-01T12:00:00Z).\n";
  CHECK(dated("2026-05-01", "2026-05-01") ==
        "soc.toml:7:11: [[known_fp]] k1 expires before it is created. Write a later date.\n");
  CHECK(dated("2026-05-01", "\"never\"") == "soc.toml:7:11: [[known_fp]] k1 expires is \"never\"" + form);
  CHECK(dated("2026-05-01", "\"2027-02-29\"") == "soc.toml:7:11: [[known_fp]] k1 expires is \"2027-02-29\"" + form);
  CHECK(dated("2026-05-01", "2027-01-01T10:00:00") ==
        "soc.toml:7:11: [[known_fp]] k1 expires is a time without its zone" + form);
  CHECK(dated("10:00:00", "2027-01-01") == "soc.toml:6:11: [[known_fp]] k1 created is a time without its zone" + form);
  CHECK(dated("2026-05-01", "20270101") == "soc.toml:7:11: [[known_fp]] k1 expires is an integer" + form);
}

TEST_CASE("policy file: ids, texts and dispositions are checked", "[triage_policy]") {
  // Goal: an id is a word that is printed in trails; a reason is one line; a disposition is one of the words.
  check({
      {"[[override]]\nid = \"a b\"\nreason = \"r\"\ndisposition = \"review\"\nrule_ids = [1]",
       "soc.toml:2:6: [[override]] id is \"a b\". Write 1 to 64 of: letters, digits, '.', '_', '-'.\n"},
      {"[[override]]\nid = 7\nreason = \"r\"\ndisposition = \"review\"\nrule_ids = [1]",
       "soc.toml:2:6: [[override]] id must be a text, not an integer. Write id = \"kfp-001\".\n"},
      {"[[override]]\nreason = \"r\"\ndisposition = \"review\"\nrule_ids = [1]",
       "soc.toml:1:1: [[override]] has no id. Add id = \"kfp-001\".\n"},
      {kfp("rule_ids = [1]") + entry("sysmon.suppression", "k1", "event_ids = [1]"),
       "soc.toml:9:6: [[sysmon.suppression]] k1 has the id of the entry in line 2. Give each entry an id of its "
       "own.\n"},
      {"[[override]]\nid = \"o\"\nreason = \"r\"\nrule_ids = [1]",
       "soc.toml:1:1: [[override]] o has no disposition. Add disposition = \"review\".\n"},
      {"[[override]]\nid = \"o\"\nreason = \"r\"\nrule_ids = [1]\ndisposition = \"escalate\"",
       "soc.toml:5:15: [[override]] o disposition is \"escalate\". Did you mean \"escalated\"? It is \"benign\", "
       "\"known_fp\", "
       "\"review\" or \"escalated\".\n"},
      {"[[sysmon.tier]]\nid = \"t\"\nreason = \"r\"\nevent_ids = [1]\ndisposition = \"benign\"",
       "soc.toml:5:15: [[sysmon.tier]] t disposition is \"benign\". Write \"review\" or \"escalated\".\n"},
      {"[[sysmon.tier]]\nid = \"t\"\nreason = \"r\"\nrule_ids = [1]\ndisposition = \"review\"",
       "soc.toml:1:1: [[sysmon.tier]] t has no event_ids. Add event_ids = [3].\n"},
      {"[default]\ndisposition = \"benign\"",
       "soc.toml:2:15: [default] disposition is \"benign\". Write \"review\" or \"escalated\".\n"},
      {"[[override]]\nid = \"o\"\nreason = \"\"\"a\nb\"\"\"\nrule_ids = [1]\ndisposition = \"review\"",
       "soc.toml:3:10: [[override]] o reason has a control character or a line break. Write it in one line.\n"},
      {"[[override]]\nid = \"o\"\nreason = \" \"\nrule_ids = [1]\ndisposition = \"review\"",
       "soc.toml:3:10: [[override]] o reason is empty. Write reason = \"why this is so\".\n"},
      {"[[override]]\nid = \"o\"\nreason = \"" + std::string(501, 'x') + "\"\nrule_ids = [1]\ndisposition = \"review\"",
       "soc.toml:3:10: [[override]] o reason is longer than 500 bytes. Shorten it.\n"},
      {ovr("disposition = \"escalated\"\nrule_ids = [1]\nallow_dangerous = true"),
       "soc.toml:1:1: [[override]] o1 escalates, so there is no danger to set aside. Take allow_dangerous out.\n"},
      {kfp("rule_ids = [1]\nmin_level = 5\nmax_level = 4"),
       "soc.toml:8:13: [[known_fp]] k1 has a min_level above its max_level. Swap them.\n"},
      {"[benign]\nrules = [{ rule_id = 1 }]\ngroups = [{ reason = \"r\" }]",
       "soc.toml:2:10: benign.rules: rule \"1\" has no reason. Add reason = \"why it is noise\".\n"
       "soc.toml:3:11: benign.groups: has no group. Add group = \"sca\".\n"},
  });
}

TEST_CASE("policy file: what can never happen is refused", "[triage_policy]") {
  // Goal: no entry that an earlier layer never lets through, and no rule or group that two layers claim (P1, P7).
  const std::string out = ". Take it out, or say allow_dangerous = true.\n";
  const std::string always = "[always_escalate]\nrule_ids = [1, 2]\ngroups = [\"rootkit\", \"Data-Exfiltration\"]\n";
  check({
      {always + kfp("rule_ids = [1, \"2\"]"),
       "soc.toml:4:1: entry \"k1\" can never match: all its rule_ids are in always_escalate.rule_ids" + out},
      {always + kfp("rule_ids = [1, 3]"), ""},
      {always + kfp("rule_ids = [1]\nallow_dangerous = true"), ""},
      {always + kfp("groups = [\"data exfiltration\"]"),
       "soc.toml:4:1: entry \"k1\" can never match: all its groups are in always_escalate.groups" + out},
      {kfp("rule_ids = [9]\nmin_level = 12"),
       "soc.toml:1:1: entry \"k1\" can never match: escalate_min_level 12 takes every alert from its min_level on" +
           out},
      {"[thresholds]\nknown_fp_max_level = 5\n" + kfp("rule_ids = [9]\nmin_level = 6"),
       "soc.toml:3:1: entry \"k1\" can never match: its min_level is above known_fp_max_level 5" + out},
      {ovr("disposition = \"escalated\"\nrule_ids = [9]\nmin_level = 12"), ""},
      {"[[sysmon.tier]]\nid = \"t\"\nreason = \"r\"\nevent_ids = [1]\nmin_level = 12\ndisposition = \"review\"",
       "soc.toml:1:1: entry \"t\" can never match: escalate_min_level 12 takes every alert from its min_level on. Take "
       "it out.\n"},
      {"[always_escalate]\nrule_ids = [1, 1]",
       "soc.toml:2:16: rule \"1\" is in always_escalate.rule_ids twice. Take one out.\n"},
      {"[review]\nrule_ids = [7]\n[benign]\nrules = [{ rule_id = 7, reason = \"r\" }]",
       "soc.toml:4:10: rule \"7\" is in benign.rules, but review.rule_ids has it too and is asked first. Take it out "
       "of one of them.\n"},
      {"[benign]\ngroups = [{ group = \"ROOTKIT\", reason = \"r\" }]",
       "soc.toml:2:11: group \"rootkit\" is in benign.groups, but always_escalate.groups has it too and is asked "
       "first. Take it out "
       "of one of them.\n"},
      {"[benign]\ngroups = [{ group = \"a-b\", reason = \"r\" }]\nneutral_groups = [\"a b\"]",
       "soc.toml:3:19: group \"a_b\" is in benign.neutral_groups, but benign.groups has it too and is asked first. "
       "Take it out of one "
       "of them.\n"},
  });
}

TEST_CASE("policy file: an alias that would name two hosts is refused, in one file or over two (F13)",
          "[triage_policy]") {
  // Goal: the original's host01 that covered two machines.
  const std::string two = "would name two hosts: \"b\" here and \"a\" in ";
  const std::string one = ". A name must lead to one host.\n";
  check({
      {"[aliases]\na = [\"x\"]\nb = [\"X.corp\"]", "soc.toml:3:6: [aliases] \"X.corp\" " + two + "soc.toml:2" + one},
      {"[aliases]\na = [\"b\"]\nb = []", "soc.toml:3:1: [aliases] \"b\" " + two + "soc.toml:2" + one},
      {"[aliases]\na = [\"x\"]\n\"A.corp\" = [\"y\"]",
       "soc.toml:3:1: [aliases] \"A.corp\" stands for host \"a\" already, in soc.toml:2. Take one out.\n"},
      {"[aliases]\na = [\"x\", \"x.corp\"]",
       "soc.toml:2:11: [aliases] \"x.corp\" stands for host \"a\" already, in soc.toml:2. Take one out.\n"},
      {"[aliases]\na = [\"A.example.org\"]", ""},
      {"[aliases]\na = \"x\"",
       "soc.toml:2:5: [aliases] \"a\" must be a list, not a text. Write \"a\" = [\"another name\"].\n"},
      {"[aliases]\na = [1, \"\", \"x*\"]",
       "soc.toml:2:6: [aliases] \"a\" has an alias that is no host name. Write a name in quotes, without '*'.\n"
       "soc.toml:2:9: [aliases] \"a\" has an alias that is no host name. Write a name in quotes, without '*'.\n"
       "soc.toml:2:13: [aliases] \"a\" has an alias that is no host name. Write a name in quotes, without '*'.\n"},
      {"[aliases]\n\".x\" = []", "soc.toml:2:1: [aliases] \".x\" is no host name. Write the host's short name.\n"},
  });
  CHECK(problems("[aliases]\na = [\"x\"]", "[aliases]\nb = [\"x\"]") ==
        "hosts.toml:2:6: [aliases] \"x\" " + two + "soc.toml:2" + one);
  CHECK(problems("", "[alias]\n") ==
        "hosts.toml: the aliases file has no [aliases] table. Add one, with lines like web-01 = "
        "[\"www\"].\nhosts.toml:1:2: the aliases file has no key \"alias\". It may have: aliases.\n");
  const auto merged = load_policy({"soc.toml", "[aliases]\na = [\"x\"]"},
                                  SourceText{"hosts.toml", "[aliases]\nb = [\"y\", \"z.corp\"]"});
  CHECK(merged.problems.empty());
  CHECK(merged.spec.aliases == decltype(merged.spec.aliases){{"a", {"x"}}, {"b", {"y", "z"}}});
}

TEST_CASE("policy file: what is not TOML is one problem with its place, and nothing breaks", "[triage_policy]") {
  // Goal: syntax errors, binary, invalid UTF-8, byte order mark, deep nesting, and each file on its own.
  CHECK_THAT(problems("[thresholds\nx = 1"), ContainsSubstring("soc.toml:1:12: this is not TOML: "));
  CHECK(problems("[a\u202eb\"]").find("\u202e") == std::string::npos);
  CHECK_THAT(problems("[thresholds\nx = 1"), ContainsSubstring(". Correct the line; what follows it was not read.\n"));
  CHECK_THAT(problems("a = 1\na = 2"), ContainsSubstring("soc.toml:2:"));
  for (const std::string& bytes : std::vector<std::string>{
           std::string("\0\0\0", 3), std::string("\xff\xfe[\0", 4), std::string("a = \"\xc3\x28\""),
           std::string(100'000, '['), "a = " + std::string(100'000, '['), "a = " + std::string(5'000, '{'), "[[[a]]]",
           "a = [},", "a = 1979-05-27T", "a = 1\xc3\xbc", "a" + std::string(1'000'000, '.') + "b = 1",
           std::string(100'000, '.'), std::string("\x7f"), std::string(1, '"'), std::string(1U << 20U, '=')}) {
    const auto found = problems(bytes);
    CHECK(std::count(found.begin(), found.end(), '\n') == 1);
    CHECK_THAT(found, ContainsSubstring("this is not TOML"));
  }
  CHECK(problems("\xef\xbb\xbf[thresholds]\r\nescalate_min_level = 12\r\n").empty());
  CHECK_THAT(problems("x", "[aliases]\na = 1"), ContainsSubstring("hosts.toml:2:5: "));
}

TEST_CASE("policy file: a problem names what it found in bounded, printable text", "[triage_policy]") {
  // Goal: a policy that somebody else wrote cannot play with the terminal that its errors are read on.
  const auto found = problems("[review]\nrule_ids = [\"" + std::string(70'000, 'x') + "\", \"\\u001b[31m\"]\n\"" +
                              std::string(5000, 'k') + "\" = 1");
  CHECK(found.size() < 1000);
  CHECK(found.find('\x1b') == std::string::npos);
  CHECK_THAT(found, ContainsSubstring("\\x1b[31m"));
  CHECK_THAT(found, ContainsSubstring("…\""));
  CHECK(in_quotes(std::string(79, 'a') + "äb") == "\"" + std::string(79, 'a') + "ä…\"");
  CHECK(in_quotes("a\u202eb\u0085") == "\"a\\u{202e}b\\u{0085}\"");
}

TEST_CASE("policy file: instants are read and written, and days that do not exist are not", "[triage_policy]") {
  // Goal: the calendar behind expiry.
  CHECK(parse_instant("1970-01-01") == 0);
  CHECK(parse_instant("2026-06-01") == 1'780'272'000'000);
  CHECK(parse_instant("2024-02-29T23:59:59.999Z") == 1'709'251'199'999);
  CHECK(parse_instant("2026-06-01T00:00:00-01:30") == 1'780'272'000'000 + 5'400'000);
  for (const char* bad :
       {"", "2026", "2026-13-01", "2026-00-01", "2026-02-29", "2026-04-31", "2026-6-1", "2026-06-01T", "2026-06-01Z",
        "2026-06-01T00:00:00", "2026-06-01T24:00:00Z", "2026-06-01T00:60:00Z", "2026-06-01T00:00Z",
        "2026-06-01T00:00:00.Z", "2026-06-01T00:00:00+25:00", "2026-06-01T00:00:00Zx", "x026-06-01"}) {
    INFO(bad);
    CHECK_FALSE(parse_instant(bad));
  }
  for (const char* same :
       {"0001-01-01", "1969-12-31", "1970-01-01", "2000-02-29", "2026-12-31", "9999-12-31", "1969-12-31T23:59:58Z"})
    CHECK(instant_text(*parse_instant(same)) == same);
}
