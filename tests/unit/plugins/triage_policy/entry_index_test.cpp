// SPDX-License-Identifier: Apache-2.0
#include "entry_index.hpp"

#include <memory>

#include "fixture.hpp"

using namespace triage_policy;
using namespace triage_policy::test;

TEST_CASE("entries: text in another field does not close an alert (P2)", "[triage_policy]") {
  // Goal: what an attacker writes into a user name, URL or command line closes nothing that looks elsewhere.
  Judge judge(fp("rule_ids = [92052]\nwhere = [{ field = \"process.executable\", any = ['\\backup\\agent.exe'] }]"));
  const Alert base = alert("92052", 5, {}, "a");
  const std::string text = R"(C:\Backup\agent.exe)";
  CHECK(judge.says(base.with("process.executable", {text})) == "known_fp known_fp");
  for (const char* field : {"user.name", "process.command_line", "event.original", "file.path", "rule.name", "location",
                            "host.name", "/data/url", "process.parent.executable"})
    CHECK(judge.says(base.with(field, {text})) == "default review");
  CHECK(judge.says(base) == "default review");
  CHECK(judge.says(base.with("process.executable", {R"(C:\Backup\agent.com)"})) == "default review");
}

TEST_CASE("entries: where compares in each of its five ways", "[triage_policy]") {
  // Goal: any, all, equals, glob and cidr, on one value, on several, and on none.
  const auto says = [](const std::string& condition, std::vector<std::string> values) {
    Judge judge(fp("rule_ids = [1]\nwhere = [{ field = \"/data/x\", " + condition + " }]"));
    return judge(alert("1", 5).with("/data/x", std::move(values))).layer == Layer::known_fp;
  };
  CHECK(says("any = [\"zz\", \"BC\"]", {"aBcd"}));
  CHECK_FALSE(says("any = [\"zz\"]", {"abcd"}));
  CHECK(says("all = [\"ab\", \"CD\"]", {"xx", "abcd"}));
  CHECK_FALSE(says("all = [\"ab\", \"cd\"]", {"ab", "cd"}));  // one value must have them all
  CHECK(says("equals = [\"Abc\"]", {"x", "aBC"}));
  CHECK_FALSE(says("equals = [\"abc\"]", {"abc "}));
  CHECK(says("equals = [5]", {"5"}));
  CHECK(says("glob = ['c:\\tmp\\*.exe']", {R"(C:\tmp\a\b.EXE)"}));
  CHECK(says("glob = ['c:\\tmp\\*.exe']", {R"(C:\\tmp\\b.exe)"}));  // Wazuh doubles backslashes
  CHECK_FALSE(says("glob = ['c:\\tmp\\*.exe']", {R"(xC:\tmp\b.exe)"}));
  CHECK(says("glob = [\"a*b*c\"]", {"axxbxxbc"}));
  CHECK_FALSE(says("glob = [\"ab*ba\"]", {"aba"}));
  CHECK(says("cidr = [\"10.0.0.0/8\", \"2001:db8::/32\"]", {"10.255.0.1"}));
  CHECK(says("cidr = [\"10.0.0.0/8\"]", {"::ffff:10.1.2.3"}));
  CHECK(says("cidr = [\"2001:db8::/32\"]", {"2001:db8:1::5"}));
  CHECK(says("cidr = [\"192.0.2.7\"]", {"192.0.2.7"}));
  CHECK(says("cidr = [\"192.0.2.128/25\"]", {"192.0.2.129"}));
  CHECK_FALSE(says("cidr = [\"192.0.2.128/25\"]", {"192.0.2.127"}));
  for (const char* no_address :
       {"", "-", "10.0.0", "10.0.0.256", "11.0.0.1", "10.0.0.1 ", "10.0.0.1x", "::ffff:11.0.0.1"})
    CHECK_FALSE(says("cidr = [\"10.0.0.0/8\"]", {no_address}));
  CHECK_FALSE(says("cidr = [\"10.0.0.0/8\"]", {std::string("10.0.0.1\0x", 10)}));
  for (const char* op : {"any", "all", "equals", "glob"}) CHECK_FALSE(says(std::string(op) + " = [\"a\"]", {}));
}

TEST_CASE("entries: all selectors must hold, and in each one of its values", "[triage_policy]") {
  // Goal: every selector field of the original, alone able to keep an entry from matching.
  Judge judge(fp(R"(rule_ids = [1, "abc-9"]
groups = ["web", "Accesslog"]
hosts = ["w1", "lab-*"]
locations = ["/var/log/*.log", "EventChannel"]
provider_names = ["Prov-A"]
event_ids = [4625, "x"]
min_level = 3
max_level = 5
where = [{ field = "user.name", equals = ["svc"] }, { field = "/data/url", any = ["health"] }])"));
  const Alert good = alert("1", 4, {"accesslog"}, "w1.example.org")
                         .with("location", {"/var/log/a.log"})
                         .with("event.provider", {"prov-a"})
                         .with("event.code", {"4625"})
                         .with("user.name", {"SVC"})
                         .with("/data/url", {"/healthz"});
  const std::string hit = "known_fp known_fp";
  CHECK(judge.says(good) == hit);
  CHECK(judge.says(good.with("rule.id", {" abc-9 "})) == hit);
  CHECK(judge.says(good.with("rule.groups", {"x", "WEB"})) == hit);
  CHECK(judge.says(good.with("host.name", {"LAB-77.corp"})) == hit);
  CHECK(judge.says(good.with("location", {"eventchannel"})) == hit);
  CHECK(judge.says(good.at(3)) == hit);
  CHECK(judge.says(good.at(5)) == hit);
  for (const auto& [field, value] : std::map<std::string, std::string>{{"rule.id", "2"},
                                                                       {"rule.groups", "webx"},
                                                                       {"host.name", "w2"},
                                                                       {"location", "/var/log/a.txt"},
                                                                       {"event.provider", "prov-b"},
                                                                       {"event.code", "4624"},
                                                                       {"user.name", "svc2"},
                                                                       {"/data/url", "/heal"}}) {
    INFO(field);
    CHECK(judge.says(good.with(field, {value})) != hit);
    Alert without = good;
    without.fields.erase(field);
    CHECK(judge.says(without) != hit);
  }
  CHECK(judge.says(good.at(2)) != hit);
  CHECK(judge.says(good.at(6)) != hit);
  CHECK(judge.says(good.at(std::nullopt)) != hit);
}

TEST_CASE("entries: ten thousand signatures cost an alert what ten cost (P6)", "[triage_policy]") {
  // Goal: comparisons, counted: signatures by rule, rule and host, group, host and event are found, not searched.
  const auto build = [](int count) {
    PolicySpec spec;
    for (int i = 0; i < count; ++i) {
      Entry entry;
      entry.id = "k-" + std::to_string(i);
      entry.reason = "known";
      entry.disposition = Disposition::known_fp;
      const std::string n = std::to_string(i);
      if (i % 5 == 0) entry.rule_ids = {"r" + n};
      if (i % 5 == 1) entry.rule_ids = {"busy"}, entry.hosts = {"h" + n};
      if (i % 5 == 2) entry.groups = {"g" + n, "gg" + n};
      if (i % 5 == 3) entry.hosts = {"h" + n};
      if (i % 5 == 4) entry.event_ids = {"e" + n};
      entry.where = {{"process.command_line", Condition::Op::any, {"fragment-" + n}}};
      spec.known_fps.push_back(entry);
    }
    return spec;
  };
  Judge ten(build(10));
  Judge many(build(10'000));
  for (const auto& one : {alert("r5", 5, {"web"}, "x"), alert("busy", 5, {"g7", "gg7", "web"}, "h6"),
                          alert("other", 5, {"g2"}, "h3").with("event.code", {"e4"})}) {
    const Alert probe = one.with("process.command_line", {"nothing of interest"});
    CHECK(ten(probe).layer == Layer::otherwise);
    const auto few = ten.examined();
    CHECK(many(probe).layer == Layer::otherwise);
    CHECK(many.examined() <= 2 * few);
    CHECK(many.examined() <= 3);
  }
  CHECK(many(alert("r9995", 5).with("process.command_line", {"x fragment-9995 y"})).entry == "k-9995");
  CHECK(many(alert("busy", 5, {}, "h9996").with("process.command_line", {"fragment-9996"})).entry == "k-9996");
  CHECK(many(alert("", 5, {"gg9997"}).with("process.command_line", {"fragment-9997"})).entry == "k-9997");
  CHECK(many.examined() == 1);
}

TEST_CASE("entries: the index finds what a search through all entries finds", "[triage_policy]") {
  // Goal: whatever an entry is filed under, the first that matches in file order decides.
  std::vector<Entry> entries;
  const std::vector<std::string> rules = {"1", "2"}, groups = {"a", "b"}, hosts = {"x", "y*", "z"}, events = {"7"};
  for (int mask = 1; mask < 64; ++mask) {
    Entry entry;
    entry.id = "e" + std::to_string(mask);
    entry.disposition = Disposition::known_fp;
    if ((mask & 1) != 0) entry.rule_ids = {rules[static_cast<std::size_t>(mask) % 2]};
    if ((mask & 2) != 0) entry.groups = groups;
    if ((mask & 4) != 0) entry.hosts = {hosts[static_cast<std::size_t>(mask) % 3]};
    if ((mask & 8) != 0) entry.event_ids = events;
    if ((mask & 16) != 0) entry.min_level = 4;
    if ((mask & 32) != 0) entry.where = {{"user.name", Condition::Op::equals, {"u"}}};
    if (mask != 16 && mask != 32 && mask != 48) entries.push_back(entry);
  }
  std::vector<std::unique_ptr<Judge>> alone;
  for (const auto& entry : entries) {
    PolicySpec spec;
    spec.known_fps = {entry};
    alone.push_back(std::make_unique<Judge>(spec));
  }
  for (std::size_t start = 0; start < entries.size(); start += 3) {
    PolicySpec spec;
    spec.known_fps.assign(entries.begin() + static_cast<std::ptrdiff_t>(start), entries.end());
    Judge indexed(spec);
    for (const char* rule : {"1", "2", "3"})
      for (const char* group : {"a", "c"})
        for (const char* host : {"x", "yy", "z", "q"})
          for (const char* event : {"7", "8"}) {
            const Alert one = alert(rule, 5, {group}, host).with("event.code", {event}).with("user.name", {"u"});
            std::string first;
            for (std::size_t i = start; i < entries.size() && first.empty(); ++i) first = (*alone[i])(one).entry;
            const auto got = indexed(one).entry;
            if (got != first) FAIL_CHECK("start " << start << ": " << got << " != " << first);
          }
  }
}

TEST_CASE("entries: a field is read once, and not at all when nothing asks for it", "[triage_policy]") {
  // Goal: the cost of an alert does not grow with the entries that look at the same field.
  std::string toml;
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    toml += fp("rule_ids = [1]\nwhere = [{ field = \"user.name\", equals = [\"u" + n + "\"] }]", "", "kfp-" + n);
  }
  Judge judge(toml);
  const Alert probe = alert("1", 5).with("user.name", {"u19"});
  const MapView view(probe, judge.policy().fields());
  CHECK(judge.evaluator().decide(view, 1'780'272'000'000).entry == "kfp-19");
  CHECK(view.reads["user.name"] == 1);
  CHECK(view.reads["location"] == 0);
  const Alert other = alert("2", 5).with("user.name", {"u19"});
  const MapView unread(other, judge.policy().fields());
  judge.evaluator().decide(unread, 0);
  CHECK(unread.reads["user.name"] == 0);
}

TEST_CASE("entries: hostile alert text neither breaks the trail nor costs more than its length", "[triage_policy]") {
  // Goal: quotes, controls, NUL, invalid UTF-8 and huge fields; what an alert says never reaches the trail.
  Judge judge(
      fp("rule_ids = [1]\nwhere = [{ field = \"event.original\", glob = [\"*a*a*a*a*b\"] },"
         " { field = \"event.original\", any = [\"aaaaaaaaaaaaaaab\"] }]",
         "", "kfp-9"));
  constexpr char kEvil[] = "\"],\"known_fp: yes\"\x01\x7f\xff\xc3\0\n<script>";
  const std::string evil(kEvil, sizeof kEvil - 1);
  for (const char* field : {"rule.id", "host.name", "event.provider", "event.code", "event.original", "location"}) {
    const auto decision = judge(alert("1", 5).with(field, {evil}));
    CHECK(decision.layer == Layer::otherwise);
    CHECK_NOTHROW(trail(decision));
    CHECK(decision.trail_json.find("script") == std::string::npos);
    CHECK(decision.reason.find("script") == std::string::npos);
  }
  CHECK(judge.says(alert("1", 5, {evil, "rootkit"})) == "always_escalate_groups escalated");
  const std::string huge(1U << 20U, 'a');
  CHECK(judge.says(alert("1", 5).with("event.original", {huge})) == "default review");
  CHECK(judge.says(alert(huge, 5, {huge}, huge).with("event.code", {huge})) == "default review");
  std::vector<std::string> groups(100'000, "g");
  groups.push_back("ransomware");
  CHECK(judge.says(alert("1", 3, groups)) == "always_escalate_groups escalated");
}
