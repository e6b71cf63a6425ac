// SPDX-License-Identifier: Apache-2.0
//
// Goal: a batch is committed in the order that makes a crash harmless, and the books say what was decided.
#include "pipeline/batch.hpp"

#include <sys/stat.h>

#include "alert/alert.hpp"
#include "base/digest.hpp"
#include "process.hpp"
#include "support/catch.h"

using signalfoundry::Json;
using signalfoundry::sha256_hex;

namespace {

const std::string kDropIn = "drop-in";

std::string key_of(const Machine& machine, const std::string& bytes) {
  return signalfoundry::read_alert(bytes, kDropIn, machine->mapping, "", 0).key;
}

}  // namespace

TEST_CASE("batch: cases are built before the commit, files are filed after it") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  Script cases("cases");
  std::string during;
  cases.batch = [&](const Made&, const sf_record* const*, std::uint32_t count, const sf_batch_sink*,
                    sf_error*) -> sf_status {
    during = std::to_string(count) + " records, " + std::to_string(names_in(machine->dirs.active).size()) +
             " active, " + std::to_string(names_in(machine->dirs.queue).size()) +
             " waiting, ledger: " + machine->ledger();
    return SF_OK;
  };
  std::string after;
  machine->context.progress = [&] {
    after =
        machine->ledger() + ", processed: " + std::to_string(names_in(*machine->dirs.processed.find_path(kDay)).size());
  };
  machine->build({"policy"}, {"cases"});
  machine.drop("a.json", wazuh_alert(1));
  machine.drop("b.json", wazuh_alert(2));
  machine->runner->run({"a.json", "b.json"}, false);
  CHECK(during == "2 records, 2 active, 0 waiting, ledger: ");
  CHECK(after == "inputs:1 accepted:2 verdict:3 accepted:4 verdict:5, processed: 2");
  CHECK(machine->dirs.active.empty());
  CHECK(machine->counted() == "fetched 2, accepted 2, triaged 2, benign 2");
  CHECK(machine->mismatches() == "");
  CHECK(machine->runner->take_decided() ==
        std::vector<std::string>{key_of(machine, wazuh_alert(1)), key_of(machine, wazuh_alert(2))});
  CHECK(machine->runner->take_decided().empty());
}

TEST_CASE("batch: the verdict's entry says who decided what, why, from which bytes and inputs") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_KNOWN_FP);
  machine->build({"policy"}, {});
  const std::string bytes = wazuh_alert(1);
  machine.drop("a.json", bytes);
  machine->runner->run({"a.json"}, false);
  const std::string key = key_of(machine, bytes);

  const Json accepted = machine->entry(2);
  CHECK(accepted.at("kind") == "accepted");
  CHECK(accepted.at("key") == key);
  CHECK(accepted.at("source") == kDropIn);
  CHECK(accepted.at("alert_id") == "1726653704.1");
  CHECK(accepted.at("alert_time") == "2024-09-18T10:01:44.000Z");
  CHECK(accepted.at("sha256") == sha256_hex(bytes));
  CHECK(accepted.at("bytes") == bytes.size());
  CHECK(machine->store->blob(accepted.at("mapping").get<std::string>()) == machine->mapping->text());

  const Json verdict = machine->entry(3);
  CHECK(verdict.at("kind") == "verdict");
  CHECK(verdict.at("key") == key);
  CHECK(verdict.at("run_id") == "run-1");
  CHECK(verdict.at("disposition") == "known_fp");
  CHECK(verdict.at("case_id") == "c-" + key);
  CHECK(verdict.at("source") == kDropIn);
  CHECK(verdict.at("alert_id") == "1726653704.1");
  CHECK(verdict.at("reason") == "because");
  CHECK(verdict.at("trail") == Json::array({"step"}));
  CHECK(verdict.at("stage") == "policy");
  CHECK(verdict.at("plugin") == "scripted_triage 1.2.3");
  CHECK(verdict.at("inputs") == "0000000000policy");
  CHECK(verdict.at("logical_time") == "2024-09-18T10:01:44.000Z");
  CHECK(verdict.at("sha256") == sha256_hex(bytes));
  CHECK(machine->entry(1).at("of") == Json::parse(R"({"stage":"policy"})"));
  const auto row = machine->store->find(key);
  CHECK(row->accepted_seq == 2);
  CHECK(row->decided_seq == 3);
}

TEST_CASE("batch: the inputs of verdicts are booked once, also over restarts") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  for (int i = 0; i < 3; ++i) {
    machine->build({"policy"}, {});
    machine.drop("a.json", wazuh_alert(i));
    machine->runner->run({"a.json"}, false);
    if (i == 1) machine.restart();
  }
  CHECK(machine->ledger() == "inputs:1 accepted:2 verdict:3 accepted:4 verdict:5 accepted:6 verdict:7");
}

TEST_CASE("batch: the first triage stage that does not pass decides; when none does it is for review") {
  Machine machine;
  Script first("first");
  Script second("second");
  first.triage = [](const Made& made, const sf_record* record, std::int64_t, const sf_verdict_sink* sink,
                    sf_error*) -> sf_status {
    const std::string host = made.text(record, "host.name");
    if (host == "host-1") return sink->decide(sink, SF_BENIGN, c_str("first"), c_str("[1]"));
    return host == "host-2" ? sink->decide(sink, SF_PASS, c_str("no"), c_str("[0]")) : static_cast<sf_status>(SF_OK);
  };
  second.triage = [](const Made& made, const sf_record* record, std::int64_t, const sf_verdict_sink* sink,
                     sf_error*) -> sf_status {
    if (made.text(record, "host.name") == "host-3") return SF_OK;
    return sink->decide(sink, SF_ESCALATED, c_str("second"), c_str("[2]"));
  };
  machine->build({"first", "second"}, {});
  for (int i = 1; i <= 3; ++i) machine.drop(std::to_string(i) + ".json", wazuh_alert(i));
  machine->runner->run({"1.json", "2.json", "3.json"}, false);
  const auto said = [&](int seq) {
    const Json v = machine->entry(seq);
    return v.at("disposition").get<std::string>() + " " + v.at("reason").get<std::string>() + " " +
           v.at("stage").dump() + v.at("plugin").dump() + v.at("inputs").dump() + v.at("trail").dump();
  };
  CHECK(said(4) == R"(benign first "first""scripted_triage 1.2.3""00000000000first"[1])");
  CHECK(said(6) == R"(escalated second "second""scripted_triage 1.2.3""0000000000second"[2])");
  CHECK(said(8) == "review no triage stage decided nullnullnull[]");
}

TEST_CASE("batch: the number that a stage sees for a verdict is its number in the ledger") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_REVIEW);
  Script cases("cases");
  std::mutex mutex;
  std::map<std::string, std::string> shown;  // key: the number, of the last call
  cases.batch = [&](const Made& made, const sf_record* const* records, std::uint32_t count, const sf_batch_sink* sink,
                    sf_error*) -> sf_status {
    const std::lock_guard lock(mutex);
    for (std::uint32_t i = 0; i < count; ++i) {
      shown[made.text(records[i], "alert.key")] = made.text(records[i], "verdict.seq");
      if (made.text(records[i], "host.name") == "host-3") sink->fail(sink, i, c_str("not this one"));
      sink->note(sink, i, c_str("pack"), c_str("{}"));
    }
    return SF_OK;
  };
  const std::size_t workers = GENERATE(1, 3);
  machine->build({"policy"}, {"cases"}, workers);
  std::vector<std::string> names;
  for (int i = 0; i < 8; ++i) {
    names.push_back(std::to_string(i) + ".json");
    machine.drop(names.back(), i == 5 ? "not json" : wazuh_alert(i));
  }
  machine->runner->run(names, false);
  int compared = 0;
  machine->store->each_entry(1, [&](std::int64_t seq, const std::string& line) {
    const Json entry = Json::parse(line);
    if (entry.at("kind") != "verdict") return true;
    ++compared;
    CHECK(shown.at(entry.at("key").get<std::string>()) == std::to_string(seq));
    CHECK(machine->store->find(entry.at("key").get<std::string>())->decided_seq == seq);
    return true;
  });
  CHECK(compared == 6);
  CHECK(machine->store->totals()[signalfoundry::store::Count::packs] == 6);
}

TEST_CASE("batch: an alert without a time is judged at its file's, so that a retry gives the same verdict") {
  Machine machine;
  Script policy("policy");
  std::vector<std::int64_t> times;
  policy.triage = [&](const Made&, const sf_record*, std::int64_t time, const sf_verdict_sink* sink, sf_error*) {
    times.push_back(time);
    return sink->decide(sink, SF_BENIGN, c_str("r"), c_str("[]"));
  };
  Script cases("cases");
  int calls = 0;
  cases.batch = [&](const Made&, const sf_record* const*, std::uint32_t, const sf_batch_sink*,
                    sf_error* error) -> sf_status {
    return ++calls == 1 ? fail_with(error, SF_RETRY, "disk full") : static_cast<sf_status>(SF_OK);
  };
  machine.drop("a.json", R"({"rule":{"id":"1"}})");
  const timespec then[2] = {{1'600'000'000, 0}, {1'600'000'000, 500'000'000}};
  REQUIRE(::utimensat(machine->dirs.queue.fd(), "a.json", then, 0) == 0);
  machine->build({"policy"}, {"cases"});
  CHECK_THROWS_AS(machine->runner->run({"a.json"}, false), signalfoundry::pipeline::StageError);
  machine.restart();
  machine->build({"policy"}, {"cases"});
  machine->runner->run({"a.json"}, false);
  CHECK(times == std::vector<std::int64_t>{1'600'000'000'500, 1'600'000'000'500});
  CHECK(machine->entry(3).at("logical_time") == "2020-09-13T12:26:40.500Z");
  CHECK(machine->mismatches() == "");
}

TEST_CASE("batch: what a plugin says of a verdict is checked before it enters the ledger") {
  Machine machine;
  Script policy("policy");
  std::vector<sf_status> answers;
  policy.triage = [&](const Made& made, const sf_record* record, std::int64_t, const sf_verdict_sink* sink,
                      sf_error*) -> sf_status {
    using namespace std::string_literals;
    const std::string trails[] = {"no json", "",          "\xef\xbb\xbf[]",
                                  "[]\0x"s,  "[\n1,\n2]", "[" + std::string(20'000, ' ') + "]"};
    answers.push_back(sink->decide(sink, 5, c_str("r"), c_str("[]")));
    const std::string host = made.text(record, "host.name");
    return sink->decide(sink, SF_REVIEW, c_str("\x1b[2J\nreason \xff" + std::string(9'000, 'x')),
                        c_str(trails[host.back() - '0']));
  };
  machine->build({"policy"}, {});
  std::vector<std::string> names;
  for (int i = 0; i < 6; ++i) {
    names.push_back(std::to_string(i) + ".json");
    machine.drop(names.back(), wazuh_alert(i));
  }
  machine->runner->run(names, false);
  CHECK(answers == std::vector<sf_status>(6, SF_INVALID));
  std::string trails;
  machine->store->each_entry(1, [&](std::int64_t, const std::string& line) {
    CHECK(line.find_first_of("\n\x1b\xff") == std::string::npos);
    CHECK(line.find('\0') == std::string::npos);
    const Json entry = Json::parse(line);
    if (entry.at("kind") == "verdict") {
      trails += entry.at("trail").dump();
      CHECK(entry.at("reason").get<std::string>().starts_with("\\x1B[2J\\x0Areason \\xFFxx"));
      CHECK(entry.at("reason").get<std::string>().size() < 600);
    }
    return true;
  });
  const std::string replaced = R"(["the plugin's trail was no JSON"])";
  CHECK(trails == replaced + replaced + replaced + replaced + "[1,2]" + replaced);
}

TEST_CASE("batch: notes become entries after the verdicts, a pack is remembered, messages wait in the outbox") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_ESCALATED);
  Script packs("packs");
  packs.batch = [](const Made&, const sf_record* const*, std::uint32_t count, const sf_batch_sink* sink,
                   sf_error*) -> sf_status {
    for (std::uint32_t i = 0; i < count; ++i) {
      sink->note(sink, i, c_str("pack"), c_str(R"({ "n" : 7, "t": "\u0041" })"));
      sink->note(sink, i, c_str("enrichment"), c_str("{}"));
      sink->send(sink, i, c_str(R"({"to":"siem"})"));
      sink->send(sink, i, c_str(R"({"to":"chat"})"));
    }
    return SF_OK;
  };
  machine->build({"policy"}, {"packs"});
  for (int i = 0; i < 2; ++i) {
    machine.drop(std::to_string(i) + ".json", wazuh_alert(i));
    machine->dirs.packs.make("c-" + key_of(machine, wazuh_alert(i)));
  }
  machine->runner->run({"0.json", "1.json"}, false);
  CHECK(machine->ledger() ==
        "inputs:1 accepted:2 verdict:3 accepted:4 verdict:5 pack:6 enrichment:7 pack:8 enrichment:9");
  CHECK(machine->entry(6).at("n") == 7);
  CHECK(machine->entry(6).at("t") == "A");
  CHECK(machine->entry(6).at("key") == key_of(machine, wazuh_alert(0)));
  CHECK(machine->store->find(key_of(machine, wazuh_alert(0)))->pack);
  CHECK(machine->store->outbox_size() == 4);
  CHECK(machine->counted() == "fetched 2, accepted 2, triaged 2, escalated 2, packs 2");
  CHECK(machine->mismatches() == "");
}

TEST_CASE("batch: a stage can note only what is its own to note") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_REVIEW);
  Script notes("notes");
  std::vector<std::string> taken;
  notes.batch = [&](const Made&, const sf_record* const*, std::uint32_t, const sf_batch_sink* sink,
                    sf_error*) -> sf_status {
    using namespace std::string_literals;
    const auto note = [&](std::uint32_t index, std::string_view kind, std::string_view fields) {
      if (sink->note(sink, index, c_str(kind), c_str(fields)) == SF_OK)
        taken.push_back(std::string(kind) + std::string(fields));
    };
    for (const char* kind : {"accepted", "verdict", "quarantined", "inputs", "repair", "decision", "rebuild", "lost",
                             "", "Pack", "pa ck", "pack\"", "p1"})
      note(0, kind, "{}");
    note(0, std::string(33, 'a'), "{}");
    for (const char* fields :
         {"", "[]", "7", "{", "{}x", "{\"a\":\"\xff\"}", R"({"seq":1})", R"({"key":"k"})", R"({"prev":""})",
          R"({"hash":""})", R"({"time":""})", R"({"run_id":""})", R"({"kind":""})"})
      note(0, "pack", fields);
    note(1, "pack", "{}");
    note(UINT32_MAX, "pack", "{}");
    sink->note(sink, 0, {nullptr, 0}, {nullptr, 0});
    for (const std::string& payload : {"no json"s, ""s, "\xef\xbb\xbf{}"s, "{}\0"s})
      if (sink->send(sink, 0, c_str(payload)) == SF_OK) taken.push_back("sent " + payload);
    if (sink->send(sink, 1, c_str("{}")) == SF_OK || sink->fail(sink, 1, c_str("x")) == SF_OK)
      taken.push_back("index 1");
    note(0, "fine", R"({"a":1})");
    return SF_OK;
  };
  machine->build({"policy"}, {"notes"});
  machine.drop("a.json", wazuh_alert(1));
  machine->runner->run({"a.json"}, false);
  CHECK(taken == std::vector<std::string>{R"(fine{"a":1})"});
  CHECK(machine->ledger() == "inputs:1 accepted:2 verdict:3 fine:4");
  CHECK(machine->store->outbox_size() == 0);
}

TEST_CASE("batch: what a stage keeps is written with the commit") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_REVIEW);
  machine->build({"policy"}, {});
  machine->stage_state.put("policy", "k", "v");
  machine.drop("a.json", wazuh_alert(1));
  machine->runner->run({"a.json"}, false);
  std::string kept;
  machine->store->each_state("policy",
                             [&](const std::string& key, const std::string& value) { kept += key + "=" + value; });
  CHECK(kept == "k=v");
}

TEST_CASE("batch: many alerts on many workers all get their verdict, once, in the order of the batch") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  Script cases("cases");
  std::atomic<std::uint32_t> records{0};
  cases.batch = [&](const Made&, const sf_record* const*, std::uint32_t count, const sf_batch_sink*,
                    sf_error*) -> sf_status { return records += count, SF_OK; };
  machine->build({"policy"}, {"cases"}, 4);
  std::vector<std::string> names;
  for (int i = 0; i < 101; ++i) {
    names.push_back(std::to_string(i) + ".json");
    machine.drop(names.back(), wazuh_alert(i));
  }
  machine->runner->run(names, false);
  CHECK(records == 101);
  CHECK(machine->counted() == "fetched 101, accepted 101, triaged 101, benign 101");
  for (int i = 0; i < 101; ++i) CHECK(machine->entry(3 + 2 * i).at("alert_id") == "1726653704." + std::to_string(i));
  CHECK(machine->mismatches() == "");
}

TEST_CASE("batch: nothing to do leaves no trace") {
  Machine machine;
  machine->build({}, {});
  machine->runner->run({}, false);
  CHECK(machine->ledger() == "");
  CHECK(machine->counted() == "");
}

TEST_CASE(
    "stage state: what a rollback took is written with the next transaction, and what was put since its writing") {
  Machine machine;
  auto& context = machine->context;
  const auto stored = [&] {
    std::map<std::string, std::string> out;
    machine->store->each_state("policy", [&](const std::string& key, std::string value) { out[key] = value; });
    return out;
  };
  using Values = std::map<std::string, std::string>;
  machine->stage_state.put("policy", "a", "1");
  machine->store->begin();
  context.write_stage_state();
  machine->store->rollback();
  CHECK(stored().empty());
  machine->store->begin();
  context.write_stage_state();
  machine->stage_state.put("policy", "a", "2");  // by another thread, before the commit
  machine->store->commit();
  context.stage_state_kept();
  CHECK(stored() == Values{{"a", "1"}});
  machine->store->begin();
  context.write_stage_state();
  machine->store->commit();
  context.stage_state_kept();
  CHECK(stored() == Values{{"a", "2"}});
  CHECK(machine->stage_state.changed().empty());
}
