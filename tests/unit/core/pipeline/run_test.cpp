// SPDX-License-Identifier: Apache-2.0
//
// Goal: one run takes up what an interrupted one left, brings every alert to its end, and reports what failed and what
// went on all the same.
#include "pipeline/run.hpp"

#include "alert/alert.hpp"
#include "base/digest.hpp"
#include "process.hpp"
#include "store/sqlite.hpp"
#include "support/catch.h"

using signalfoundry::Exit;
using signalfoundry::Json;
using signalfoundry::pipeline::Report;
using signalfoundry::pipeline::Run;
using Names = std::set<std::string>;

namespace {

std::string document(int number) {
  return R"({"id":")" + std::to_string(number) + R"(","time":"2024-09-18T10:01:44Z","rule":7})";
}

// A pipeline poll -> policy -> cases over a state directory.
struct Pipeline : Machine {
  Script poll{"poll"};
  Script policy{"policy"};
  Script cases{"cases"};
  Json policy_settings = Json::object();
  Report report;

  Pipeline() {
    poll.poll = [](const Made&, const sf_record_sink*, sf_error*) { return SF_END; };
    policy.triage = always(SF_BENIGN);
    cases.batch = [this](const Made& made, const sf_record* const* records, std::uint32_t count, const sf_batch_sink*,
                         sf_error*) -> sf_status {
      for (std::uint32_t i = 0; i < count; ++i) process->dirs.cases.sub_path(made.text(records[i], "case.path"));
      return SF_OK;
    };
  }

  // Offers documents first .. last-1, then says how that went.
  void offer(int first, int last, sf_status status = SF_END) {
    poll.poll = [=](const Made&, const sf_record_sink* sink, sf_error* error) -> sf_status {
      for (int i = first; i < last; ++i) sink->push(sink, c_str(document(i)), c_str(""), c_str(std::to_string(i)));
      return status < 0 ? fail_with(error, status, "no answer") : status;
    };
  }

  // One run in a new process; gives "status exit: counts".
  std::string run(bool drain = false, bool stop = false) {
    restart();
    auto& config = process->config;
    config.workers = 2;
    config.batch = 3;
    for (const char* name : {"poll", "policy", "cases"}) config.stages.push_back(scripted::stage_config(name));
    config.stages[1].settings = policy_settings;
    process->stop = stop;
    process->report.run_id = "run";
    {
      Run one(config, {&scripted::source_plugin(), &scripted::triage_plugin(), &scripted::stage_plugin()},
              process->queue, *process->store, process->report, process->stop, [] {});
      one.execute(drain);
    }
    report = process->report;
    return report.status + " " + std::to_string(static_cast<int>(report.exit)) + ": " + process->counted();
  }
};

}  // namespace

TEST_CASE("run: what a source offers and what was dropped in has a verdict at its end") {
  Pipeline p;
  p.offer(0, 4);
  p.drop("drop-in.json", document(1));
  CHECK(p.run() == "ok 0: fetched 5, accepted 5, triaged 5, benign 5");
  CHECK(p->dirs.queue.empty());
  CHECK(p->dirs.active.empty());
  CHECK(p->dirs.accept.empty());
  CHECK(p->store->cursor("poll") == "3");
  CHECK(p->mismatches() == "");
  CHECK(p.report.depth_end == 0);
  CHECK(p.report.passes == 1);
  CHECK(p.run() == "ok 0: fetched 4, duplicate 4");
  CHECK(p->mismatches() == "");
}

TEST_CASE("run: what a source keeps is written with its page, or not at all") {
  Pipeline p;
  p.poll.poll = [](const Made& made, const sf_record_sink* sink, sf_error*) -> sf_status {
    const auto* api = static_cast<const sf_state_api*>(made.host->get_service(made.host, SF_SERVICE_STATE));
    sink->push(sink, c_str(document(1)), c_str(""), c_str("1"));
    api->put(made.host, c_str("seen"), c_str("all of it"));
    return SF_END;
  };
  const auto kept = [&] {
    std::string out;
    p->store->each_state(
        "poll", [&](std::string_view key, std::string_view value) { out.append(key).append(" ").append(value); });
    return out;
  };
  signalfoundry::store::Database raw(p.temp / "state/state.db", false);
  raw.exec("CREATE TRIGGER full BEFORE INSERT ON cursor BEGIN SELECT RAISE(ABORT, 'no room'); END");
  p.run();
  CHECK_THAT(p.report.error, ContainsSubstring("no room"));
  CHECK(p->store->cursor("poll") == "");
  CHECK(kept() == "");
  raw.exec("DROP TRIGGER full");
  CHECK(p.run() == "ok 0: fetched 1, accepted 1, triaged 1, benign 1");
  CHECK(kept() == "seen all of it");
}

TEST_CASE("run: what an interrupted run left in active, .accept and .staging is settled first") {
  Pipeline p;
  const auto mapping = signalfoundry::Mapping::parse(p.poll.mapping);
  const auto of_source = [&](int i) { return signalfoundry::read_alert(document(i), "poll", mapping, "", 0); };
  p->store->begin();
  p->context.remember(*mapping);
  for (const int i : {1, 2}) {
    const auto alert = of_source(i);
    const auto seq = p->store->append("accepted", "run-0", alert.key, signalfoundry::pipeline::accepted_fields(alert));
    p->store->put({alert.key, signalfoundry::store::AlertState::waiting, signalfoundry::store::Disposition::none, seq,
                   0, alert.time_ms, false});
  }
  signalfoundry::store::Counts counts;
  counts[signalfoundry::store::Count::fetched] = counts[signalfoundry::store::Count::accepted] = 2;
  p->store->add(counts);
  p->store->commit();
  const auto name = [&](int i) { return signalfoundry::queue::make_name(of_source(i)); };
  p->dirs.active.create_file(name(1), document(1));              // claimed
  p->dirs.accept.create_file(name(2), document(2));              // booked, not moved
  p->dirs.accept.create_file(name(3), document(3));              // written, not booked
  p->dirs.active.create_file("drop-in.json", document(4));       // claimed
  p->dirs.active.create_file("broken.json", "no json");          // claimed
  p->dirs.staging.sub_path("t0/evidence").create_file("x", "");  // under construction
  CHECK(p.run() == "ok 0: fetched 2, accepted 2, triaged 3, benign 3, quarantined 1");
  for (const auto* dir : {&p->dirs.queue, &p->dirs.active, &p->dirs.accept, &p->dirs.staging}) CHECK(dir->empty());
  CHECK(p->mismatches() == "");
}

TEST_CASE("run: what a source gave before it failed is kept and triaged; the run is degraded and names the stage") {
  Pipeline p;
  p.offer(0, 2, SF_RETRY);
  CHECK(p.run() == "degraded 69: fetched 2, accepted 2, triaged 2, benign 2");
  CHECK(p.report.failed_stage == "poll");
  CHECK_THAT(p.report.error, ContainsSubstring("no answer"));
  CHECK(p->store->cursor("poll") == "1");
  CHECK(p->mismatches() == "");
}

TEST_CASE("run: a policy that fails on everything fails the run and loses nothing") {
  Pipeline p;
  p.offer(0, 7);
  p.policy.triage = [](const Made&, const sf_record*, std::int64_t, const sf_verdict_sink*, sf_error* e) {
    return fail_with(e, SF_FAILED, "cannot");
  };
  CHECK(p.run() == "failed 70: fetched 7, accepted 7");
  CHECK(p.report.failed_stage == "policy");
  CHECK(names_in(p->dirs.queue).size() == 7);
  CHECK(p->dirs.active.empty());
  CHECK(p->mismatches() == "");
  p.policy.triage = always(SF_REVIEW);
  CHECK(p.run() == "ok 0: fetched 7, duplicate 7, triaged 7, review 7");
  CHECK(p->mismatches() == "");
}

TEST_CASE("run: a mapping or inputs that are wrong fail the run as wrong settings, whatever is wrong with them") {
  Pipeline p;
  p.drop("drop-in.json", document(1));
  for (const char* mapping :
       {"", "[]", R"({"name":7})", R"({"fields":{"time":["x"]}})", R"({"level":{"words":{"a":"b"}}})"}) {
    CAPTURE(mapping);
    p.poll.mapping = mapping;
    CHECK(p.run() == "failed 78: ");
    CHECK(p.report.failed_stage == "poll");
    CHECK_THAT(p.report.error, ContainsSubstring("mapping is wrong"));
  }
  p.poll.mapping = "{\"fields\":{\"rule.id\":[\"/rule\"]}}";
  p.policy.inputs = [](const sf_bytes_sink* sink, sf_error*) { return sink->put(sink, c_str("[]")); };
  CHECK(p.run() == "failed 78: ");
  CHECK(names_in(p->dirs.queue) == Names{"drop-in.json"});
}

TEST_CASE("run: verdicts under other settings of the same plugin name other inputs") {
  Pipeline p;
  const auto entries = [&](const std::string& kind) {
    std::vector<Json> out;
    p->store->each_entry(1, [&](std::int64_t, const std::string& text) {
      auto entry = Json::parse(text);
      if (entry.at("kind") == kind) out.push_back(std::move(entry));
      return true;
    });
    return out;
  };
  int number = 0;
  for (const char* settings :
       {R"({"level":3,"key":"secret"})", R"({"level":4,"key":"secret"})", R"({"key":"secret","level":3})"}) {
    p.policy_settings = Json::parse(settings);
    p.drop(std::to_string(number) + ".json", document(number));
    ++number;
    CHECK(p.run() == "ok 0: fetched 1, accepted 1, triaged 1, benign 1");
  }
  const auto verdicts = entries("verdict");
  const auto inputs = entries("inputs");
  REQUIRE(verdicts.size() == 3);
  REQUIRE(inputs.size() == 2);
  CHECK(verdicts[0].at("inputs") != verdicts[1].at("inputs"));
  CHECK(verdicts[0].at("inputs") == verdicts[2].at("inputs"));
  CHECK(verdicts[1].at("inputs") == inputs[1].at("inputs"));
  CHECK(inputs[1].at("of").at("settings_sha256") == signalfoundry::sha256_hex(R"({"key":"secret","level":4})"));
}

TEST_CASE("run: one that is told to stop before it begins takes nothing") {
  Pipeline p;
  p.offer(0, 2);
  p.drop("drop-in.json", document(1));
  CHECK(p.run(false, true) == "ok 0: ");
  CHECK(names_in(p->dirs.queue) == Names{"drop-in.json"});
}

TEST_CASE("run: drained, it goes on until nothing waits, and what failed waits for the next run") {
  Pipeline p;
  for (int i = 0; i < 10; ++i) p.drop(std::to_string(i) + ".json", document(i));
  p.policy.triage = [](const Made& made, const sf_record* record, std::int64_t, const sf_verdict_sink* sink,
                       sf_error* e) -> sf_status {
    return made.text(record, "alert.id") == "5" ? fail_with(e, SF_FAILED, "cannot")
                                                : sink->decide(sink, SF_BENIGN, c_str("r"), c_str("[]"));
  };
  CHECK(p.run(true) == "degraded 0: fetched 9, accepted 9, triaged 9, benign 9");
  CHECK(names_in(p->dirs.queue) == Names{"5.json"});
  CHECK(p.report.failed_alerts == 1);
  CHECK(p.report.failed_stage == "policy");
  CHECK_THAT(p.report.error, ContainsSubstring("alert ") &&
                                 ContainsSubstring(" waits for the next run: stage \"policy\"") &&
                                 ContainsSubstring("cannot"));
  CHECK(p.report.depth_end == 1);
}

TEST_CASE("run: the report as JSON balances and says where the ledger ends") {
  Pipeline p;
  p.offer(0, 3);
  p.run();
  const auto json = p.report.json();
  CHECK(json.at("ledger").at("entries") == 7);
  CHECK(json.at("ledger").at("head") == p->store->head().hash);
  CHECK(json.at("totals").at("waiting") == 0);
  CHECK(json.at("stages").size() == 3);
  CHECK(json.at("stages")[1].at("plugin") == "scripted_triage 1.2.3");
}
