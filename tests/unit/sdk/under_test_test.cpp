// SPDX-License-Identifier: Apache-2.0
//
// Goal: the drivers run a plugin as the runner does, keep what it hands over, and catch what it must not do.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::Fault;
using sf::testing::Misuse;
using sf::testing::MockHost;
using sf::testing::MockRecord;

namespace {

// Benign for the rule it is told of; a rule named "keep-view" or "keep-record" makes it break the lifetime rule.
class Picky : public sf::Triage {
 public:
  void configure(const sf::Host& host, std::string_view settings) override {
    if (host.stage() == "nowhere") throw sf::Error(SF_INVALID, "the stage is called nowhere");
    rule_ = sf::Path(host, "rule.id");
    settings_ = settings;
    wanted_ = json::parse(settings).value("rule", "1");
  }
  sf::Verdict triage(const sf::Record& alert, int64_t logical_time_ms) override {
    if (kept_ != nullptr) sf::Record(kept_).text(rule_);
    if (!view_.empty()) return sf::review(std::string(view_));
    const auto rule = alert.text(rule_);
    if (!rule) throw sf::Error(SF_FAILED, "the alert has no rule.id");
    if (rule == "throw") throw std::runtime_error("a bug");
    if (rule == "keep-record") kept_ = alert.raw();
    if (rule == "keep-view") view_ = *rule;
    if (rule == "keep-settings") return sf::review(std::string(settings_));
    if (rule == wanted_)
      return {SF_BENIGN, "rule " + wanted_ + " at " + std::to_string(logical_time_ms), R"([{"rule":"1"}])"};
    return sf::pass();
  }
  std::string inputs() override { return R"({"policy":"sha256:00"})"; }

 private:
  sf::Path rule_;
  std::string wanted_;
  std::string_view settings_;
  std::string_view view_;
  const sf_record* kept_ = nullptr;
};

class CaseWriter : public sf::Stage {
 public:
  void configure(const sf::Host& host, std::string_view) override {
    host_ = host;
    id_ = sf::Path(host, "case.id");
    cases_ = sf::fs::Dir::open(host, "cases").value();
  }
  void begin() override { host_.count("begun"); }
  void batch(std::span<const sf::Record> alerts, const sf::BatchSink& out) override {
    uint32_t index = 0;
    for (const auto& alert : alerts) {
      const auto id = alert.text_or(id_, "");
      if (id.empty()) {
        out.fail(index, "no case id");
      } else {
        auto tree = cases_.begin_tree("2026/" + id);
        tree.add_alert("alert.json", alert);
        tree.publish();
        out.note(index, "pack", R"({"files":1})");
        out.send(index, R"({"case":1})");
      }
      ++index;
    }
  }
  void end() override { throw sf::Error(SF_RETRY, "the disk is full", 5000); }

 private:
  sf::Host host_;
  sf::Path id_;
  sf::fs::Dir cases_;
};

// Ten numbered alerts; the position is the number of the next one, with "!" it fails at the eighth.
class Counter : public sf::Source {
 public:
  void configure(const sf::Host&, std::string_view) override {}
  std::string mapping() override { return R"({"name":"counter"})"; }
  void open(std::string_view position) override {
    fails_ = position.ends_with('!');
    next_ = position.empty() ? 0 : std::stoi(std::string(position));
  }
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t) override {
    for (uint32_t n = 0; n < max_records; ++n) {
      if (next_ == 10) {
        sf_interval asked{sizeof(sf_interval), 1, 0, 1000, 10, sf::to_c("all"), 1, 0};
        out.interval(asked);
        return sf::Poll::end;
      }
      const auto text = std::to_string(next_);
      if (next_ == 8 && fails_) throw sf::Error(SF_RETRY, "the answer was cut short");
      if (next_ == 7) out.reject("{broken", "not JSON");
      if (!out.push("{\"n\":" + text + "}", text, std::to_string(next_ + 1))) return sf::Poll::more;
      ++next_;
    }
    return sf::Poll::more;
  }

 private:
  int next_ = 0;
  bool fails_ = false;
};

class Mail : public sf::Notifier {
 public:
  void configure(const sf::Host& host, std::string_view) override { host_ = host; }
  void notify(std::string_view payload, std::string_view id, uint32_t attempt) override {
    if (attempt == 1) throw sf::Error(SF_RETRY, "greylisted", 60'000);
    host_.info(std::string(id) + " " + std::string(payload));
  }

 private:
  sf::Host host_;
};

constexpr const char* kKinds[] = {SF_TRIAGE, nullptr};
constexpr const char* kNeeds[] = {nullptr};
constexpr sf_descriptor kPicky{sizeof(sf_descriptor),
                               0,
                               "picky",
                               "1.0.0",
                               "",
                               "MIT",
                               "",
                               R"({"type":"object","properties":{"rule":{"type":"string","default":"5710"},
                                   "wait":{"type":"string","x-sf-duration":true,"default":"5m"},
                                   "password":{"type":"string","x-sf-secret":true}}})",
                               kKinds,
                               kNeeds};
const void* picky_table(const char* id) {
  return std::string_view(id) == SF_TRIAGE ? &sf::detail::triage_table<Picky> : nullptr;
}
constexpr sf_plugin_entry kPickyEntry{
    SF_PLUGIN_MAGIC, sizeof(sf_plugin_entry), SF_ABI_MAJOR, SF_ABI_MINOR, 0, 0, &kPicky, picky_table};

MockRecord rule(const char* id) {
  return MockRecord("{}", {{"rule.id", id}});
}

using sf::testing::TriageUnderTest;

}  // namespace

TEST_CASE("triage driver: verdict, reason, trail, inputs and logical time") {
  MockHost host;
  TriageUnderTest triage(host, sf::detail::triage_table<Picky>);
  const auto verdict = triage.triage(rule("1"), 42);
  CHECK(verdict.disposition == SF_BENIGN);
  CHECK(verdict.reason == "rule 1 at 42");
  CHECK(verdict.trail == json::parse(R"([{"rule":"1"}])"));
  CHECK(triage.triage(rule("2")).disposition == SF_PASS);
  CHECK(triage.inputs() == json{{"policy", "sha256:00"}});
}

TEST_CASE("triage driver: a hook's error becomes sf::Error with the plugin's code, an exception SF_PANIC") {
  MockHost host;
  TriageUnderTest triage(host, sf::detail::triage_table<Picky>);
  CHECK_THROWS_WITH(triage.triage(MockRecord("{}")), "the alert has no rule.id");
  CHECK(triage.status() == SF_FAILED);
  CHECK_THROWS_WITH(triage.triage(rule("throw")), "a bug");
  CHECK(triage.status() == SF_PANIC);
  CHECK(std::string(triage.error().where) == "triage");

  MockHost nowhere("nowhere");
  CHECK_THROWS_WITH(TriageUnderTest(nowhere, sf::detail::triage_table<Picky>), "the stage is called nowhere");
}

TEST_CASE("triage driver: the entry's schema gives defaults, milliseconds and the word secret") {
  MockHost host;
  TriageUnderTest by_default(host, kPickyEntry);
  CHECK(by_default.triage(rule("5710")).disposition == SF_BENIGN);

  const auto settings = sf::testing::settings_for(json::parse(kPicky.config_schema), {{"password", {{"env", "PW"}}}});
  CHECK(settings == json{{"rule", "5710"}, {"wait", 300'000}, {"password", "secret"}});
  CHECK_THROWS_AS(TriageUnderTest(host, kPickyEntry, {{"rules", "1"}}), std::invalid_argument);
}

TEST_CASE("triage driver: a view that is kept reads as poison in the next call") {
  MockHost host;
  TriageUnderTest triage(host, sf::detail::triage_table<Picky>);
  triage.triage(rule("keep-view"));
  CHECK(triage.triage(rule("1")).reason == std::string(9, '\xDD'));

  TriageUnderTest settings(host, sf::detail::triage_table<Picky>);
  CHECK(settings.triage(rule("keep-settings")).reason == "\xDD\xDD");
}

TEST_CASE("triage driver: a record that is kept is a misuse") {
  MockHost host;
  TriageUnderTest triage(host, sf::detail::triage_table<Picky>);
  triage.triage(rule("keep-record"));
  CHECK_THROWS_AS(triage.triage(rule("1")), Misuse);
}

TEST_CASE("triage driver: no verdict, two verdicts and an unknown one are misuses") {
  using Hook = decltype(sf_triage::triage);
  const auto with = [](Hook hook) {
    sf_triage table = sf::detail::triage_table<Picky>;
    table.triage = hook;
    return table;
  };
  const auto none =
      with([](void*, const sf_record*, int64_t, const sf_verdict_sink*, sf_error*) -> sf_status { return SF_OK; });
  const auto two = with([](void*, const sf_record*, int64_t, const sf_verdict_sink* s, sf_error*) -> sf_status {
    s->decide(s, SF_PASS, {nullptr, 0}, {"[]", 2});
    return s->decide(s, SF_PASS, {nullptr, 0}, {"[]", 2});
  });
  const auto unknown = with([](void*, const sf_record*, int64_t, const sf_verdict_sink* s, sf_error*) -> sf_status {
    return s->decide(s, 9, {nullptr, 0}, {"[]", 2});
  });
  MockHost host;
  for (const auto& table : {none, two, unknown}) {
    TriageUnderTest triage(host, table);
    CHECK_THROWS_AS(triage.triage(rule("1")), Misuse);
  }
}

TEST_CASE("stage driver: notes, fails and sends of a batch, and the errors of other hooks") {
  MockHost host;
  sf::testing::StageUnderTest stage(host, sf::detail::stage_table<CaseWriter>);
  stage.begin();
  CHECK(host.metrics.counter("begun") == 1);
  const auto out = stage.batch({rule("1").with("case.id", "c-1"), rule("2")});
  REQUIRE(out.notes.size() == 1);
  CHECK(out.notes[0].index == 0);
  CHECK(out.notes[0].kind == "pack");
  CHECK(out.notes[0].fields == json{{"files", 1}});
  REQUIRE(out.fails.size() == 1);
  CHECK(out.fails[0].index == 1);
  CHECK(out.fails[0].reason == "no case id");
  REQUIRE(out.sends.size() == 1);
  CHECK(host.fs.tree("cases", "2026/c-1") == std::map<std::string, std::string>{{"alert.json", "{}"}});
  CHECK_THROWS_WITH(stage.end(), "the disk is full");
  CHECK(stage.error().retry_after_ms == 5000);
}

TEST_CASE("stage driver: a fault in any file call of a batch is an error, and leaves no half tree") {
  for (unsigned nth = 1; nth <= 3; ++nth) {
    MockHost host;
    sf::testing::StageUnderTest stage(host, sf::detail::stage_table<CaseWriter>);
    host.fs.inject("any", nth, Fault::retry);
    CHECK_THROWS_AS(stage.batch({rule("1").with("case.id", "c-1")}), sf::Error);
    CHECK(host.fs.files("cases").empty());
    CHECK(host.fs.open_trees() == 0);
  }
}

TEST_CASE("source driver: pushes, intervals, rejects and the position of the next run") {
  MockHost host;
  sf::testing::SourceUnderTest source(host, sf::detail::source_table<Counter>);
  CHECK(source.mapping() == json{{"name", "counter"}});
  source.open();
  const auto first = source.poll(4);
  CHECK(first.status == SF_OK);
  CHECK(first.pushed.size() == 4);
  CHECK(source.position() == "4");
  const auto rest = source.poll_all(4);
  CHECK(rest.status == SF_END);
  CHECK(rest.pushed.size() == 6);
  CHECK(rest.pushed.back().document == R"({"n":9})");
  REQUIRE(rest.rejected.size() == 1);
  CHECK(rest.rejected[0].reason == "not JSON");
  REQUIRE(rest.intervals.size() == 1);
  CHECK(rest.intervals[0].complete);
  CHECK(rest.intervals[0].filter == "all");
}

TEST_CASE("source driver: a full sink loses and doubles nothing, a cancelled one stops") {
  MockHost host;
  sf::testing::SourceUnderTest source(host, sf::detail::source_table<Counter>);
  source.open("2");
  source.room = 3;
  CHECK(source.poll().pushed.size() == 3);
  source.room = 100;
  CHECK(source.poll().pushed.front().document == R"({"n":5})");

  sf::testing::SourceUnderTest stopped(host, sf::detail::source_table<Counter>);
  stopped.open();
  stopped.cancel_after = 2;
  const auto out = stopped.poll();
  CHECK(out.status == SF_CANCELLED);
  CHECK(out.pushed.size() == 2);
}

TEST_CASE("source driver: what was handed over before a failure is there to be looked at") {
  MockHost host;
  sf::testing::SourceUnderTest source(host, sf::detail::source_table<Counter>);
  CHECK_THROWS_AS(source.open("not a number"), sf::Error);
  CHECK(source.status() == SF_PANIC);
  source.open("6!");
  CHECK_THROWS_WITH(source.poll(), "the answer was cut short");
  CHECK(source.last().pushed.size() == 2);
  CHECK(source.last().rejected.size() == 1);
}

TEST_CASE("notifier driver: a retry keeps its delivery id") {
  MockHost host;
  sf::testing::NotifierUnderTest mail(host, sf::detail::notify_table<Mail>);
  CHECK_THROWS_WITH(mail.notify({{"case", "c-1"}}, "d-1"), "greylisted");
  mail.notify({{"case", "c-1"}}, "d-1", 2);
  CHECK(host.log.contains(R"(d-1 {"case":"c-1"})"));
}
