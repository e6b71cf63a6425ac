// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever fails, no alert is lost, none is counted that has no verdict, and one bad alert holds up nobody.
#include <sys/stat.h>
#include <unistd.h>

#include "process.hpp"
#include "support/catch.h"

using signalfoundry::Json;
using signalfoundry::pipeline::StageError;
using Names = std::set<std::string>;

namespace {

// Fails on the alerts of these hosts.
auto failing_on(std::set<std::string> hosts, sf_status status = SF_FAILED) {
  return [hosts = std::move(hosts), status](const Made& made, const sf_record* record, std::int64_t,
                                            const sf_verdict_sink* sink, sf_error* error) -> sf_status {
    if (hosts.contains(made.text(record, "host.name"))) return fail_with(error, status, "cannot judge this");
    return sink->decide(sink, SF_BENIGN, c_str("r"), c_str("[]"));
  };
}

// Drops alerts 0 .. count-1 as "0.json" ...; gives the names.
std::vector<std::string> drop(const Machine& machine, int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.push_back(std::to_string(i) + ".json");
    machine.drop(names.back(), wazuh_alert(i));
  }
  return names;
}

std::string thrown(Machine& machine, const std::vector<std::string>& names, bool leftover = false) {
  try {
    machine->runner->run(names, leftover);
    return "nothing";
  } catch (const StageError& e) {
    return e.stage() + ": " + e.what();
  } catch (const signalfoundry::Error& e) {
    return std::string("error: ") + e.what();
  }
}

}  // namespace

TEST_CASE("faults: an alert that a batch stage fails waits again, the others of its batch are committed") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  Script cases("cases");
  int calls = 0;
  cases.batch = [&](const Made& made, const sf_record* const* records, std::uint32_t count, const sf_batch_sink* sink,
                    sf_error*) -> sf_status {
    ++calls;
    for (std::uint32_t i = 0; i < count; ++i)
      if (made.text(records[i], "host.name") == "host-1") sink->fail(sink, i, c_str("no room\x1b[2J"));
    return SF_OK;
  };
  machine->build({"policy"}, {"cases"});
  machine->runner->run(drop(machine, 3), false);
  CHECK(calls == 2);
  CHECK(names_in(machine->dirs.queue) == Names{"1.json"});
  CHECK(machine->dirs.active.empty());
  CHECK(machine->ledger() == "inputs:1 accepted:2 verdict:3 accepted:4 verdict:5");
  CHECK(machine->counted() == "fetched 2, accepted 2, triaged 2, benign 2");
  CHECK(machine->report.failed_alerts == 1);
  CHECK(machine->report.status == "degraded");
  CHECK(machine->report.failed_stage == "cases");
  CHECK_THAT(
      machine->report.error,
      ContainsSubstring(" waits for the next run: stage \"cases\" (plugin scripted_stage, batch): no room\\x1B[2J"));
  CHECK(machine->queue.is_aside("1.json"));
  CHECK(machine->store->attempted() == std::map<std::string, int>{{"1.json", 1}});
  CHECK(machine->mismatches() == "");
}

TEST_CASE("faults: what a stage fails is not given to the stages after it") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  Script first("first");
  first.batch = [](const Made&, const sf_record* const*, std::uint32_t count, const sf_batch_sink* sink,
                   sf_error*) -> sf_status {
    return count > 1 ? sink->fail(sink, 0, c_str("x")) : static_cast<sf_status>(SF_OK);
  };
  Script second("second");
  std::string counts;
  second.batch = [&](const Made&, const sf_record* const*, std::uint32_t count, const sf_batch_sink*,
                     sf_error*) -> sf_status {
    counts += std::to_string(count) + " ";
    return SF_OK;
  };
  machine->build({"policy"}, {"first", "second"});
  machine->runner->run(drop(machine, 3), false);
  CHECK(counts == "2 1 1 ");
  CHECK(machine->counted() == "fetched 1, accepted 1, triaged 1, benign 1");
}

TEST_CASE("faults: a batch stage that fails as a whole puts everything back, and nothing is counted") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  Script cases("cases");
  const bool throws = GENERATE(false, true);
  cases.batch = [&](const Made&, const sf_record* const*, std::uint32_t, const sf_batch_sink*,
                    sf_error* error) -> sf_status {
    if (throws) throw std::runtime_error("out of ideas");
    return fail_with(error, SF_DENIED, "cases/ may not be written");
  };
  machine->build({"policy"}, {"cases"}, 2);
  const auto names = drop(machine, 4);
  machine.drop("broken.json", "no json");
  const std::string what = thrown(machine, {"0.json", "1.json", "2.json", "3.json", "broken.json", "never-there.json"});
  CHECK_THAT(what, ContainsSubstring("cases: stage \"cases\" (plugin scripted_stage, batch)"));
  CHECK_THAT(what, ContainsSubstring(throws ? "threw an exception: out of ideas" : "cases/ may not be written"));
  CHECK(names_in(machine->dirs.queue) == Names{"0.json", "1.json", "2.json", "3.json", "broken.json"});
  CHECK(machine->dirs.active.empty());
  CHECK(machine->ledger() == "");
  CHECK(machine->counted() == "");
  CHECK(machine->store->totals().values == signalfoundry::store::Counts{}.values);
  CHECK(machine->store->attempted().empty());
  CHECK(machine->runner->take_decided().empty());

  cases.batch = nothing;
  machine.restart();
  machine->build({"policy"}, {"cases"});
  machine->runner->run({"0.json", "1.json", "2.json", "3.json", "broken.json"}, false);
  CHECK(machine->counted() == "fetched 5, accepted 5, triaged 4, benign 4, quarantined 1");
  CHECK(machine->mismatches() == "");
}

TEST_CASE("faults: a triage stage that fails on three alerts in a row stops; what has a verdict is committed") {
  Machine machine;
  Script policy("policy");
  policy.triage = failing_on({"host-1", "host-2", "host-3"});
  machine->build({"policy"}, {});
  CHECK_THAT(thrown(machine, drop(machine, 6)),
             ContainsSubstring("policy: stage \"policy\"") && ContainsSubstring("cannot judge this"));
  CHECK(names_in(machine->dirs.queue) == Names{"1.json", "2.json", "3.json", "4.json", "5.json"});
  CHECK(machine->dirs.active.empty());
  CHECK(machine->counted() == "fetched 1, accepted 1, triaged 1, benign 1");
  CHECK(machine->report.failed_alerts == 3);
  CHECK(machine->store->attempted() == std::map<std::string, int>{{"1.json", 1}, {"2.json", 1}, {"3.json", 1}});
  CHECK(machine->mismatches() == "");
}

TEST_CASE("faults: failures with a success between them stop nothing") {
  Machine machine;
  Script policy("policy");
  policy.triage = failing_on({"host-0", "host-1", "host-3", "host-4"});
  machine->build({"policy"}, {});
  CHECK(thrown(machine, drop(machine, 6)) == "nothing");
  CHECK(names_in(machine->dirs.queue) == Names{"0.json", "1.json", "3.json", "4.json"});
  CHECK(machine->counted() == "fetched 2, accepted 2, triaged 2, benign 2");
}

TEST_CASE("faults: SF_FATAL stops a triage stage at once") {
  Machine machine;
  Script policy("policy");
  policy.triage = failing_on({"host-0"}, SF_FATAL);
  machine->build({"policy"}, {});
  CHECK_THAT(thrown(machine, drop(machine, 3)), ContainsSubstring("policy: "));
  CHECK(names_in(machine->dirs.queue) == Names{"0.json", "1.json", "2.json"});
}

TEST_CASE(
    "faults: an alert that fails in three runs goes to quarantine with the plugin's reason; its name is free again") {
  Machine machine;
  Script policy("policy");
  policy.triage = failing_on({"host-0"});
  for (int run = 1; run <= 3; ++run) {
    CAPTURE(run);
    machine->build({"policy"}, {});
    if (run == 1) machine.drop("bad.json", wazuh_alert(0));
    machine.drop("good.json", wazuh_alert(run));
    CHECK(machine->runner->attempted("bad.json") == (run != 1));
    machine->runner->run({"good.json", "bad.json"}, false);
    CHECK(machine->mismatches() == "");
    CHECK(names_in(machine->dirs.queue) == (run == 3 ? Names{} : Names{"bad.json"}));
    if (run != 3) machine.restart();
  }
  CHECK(machine->counted() == "fetched 2, accepted 2, triaged 1, benign 1, quarantined 1");
  const Json entry = machine->entry(machine->store->head().entries);
  CHECK(entry.at("kind") == "quarantined");
  CHECK_THAT(entry.at("reason").get<std::string>(),
             ContainsSubstring("given up after 3 runs: ") && ContainsSubstring("cannot judge this"));
  CHECK(bytes_of(machine->dirs.quarantine, entry.at("file").get<std::string>()) == wazuh_alert(0));
  CHECK(machine->store->attempted().empty());

  machine.restart();
  machine->build({"policy"}, {});
  machine.drop("bad.json", wazuh_alert(9));
  machine->runner->run({"bad.json"}, false);
  CHECK(machine->counted() == "fetched 1, accepted 1, triaged 1, benign 1");
}

TEST_CASE("faults: a plugin that fails on every alert sends none to quarantine, in any number of runs") {
  Machine machine;
  Script policy("policy");
  policy.triage = failing_on({"host-0"});
  for (int run = 1; run <= 6; ++run) {
    machine->build({"policy"}, {});
    if (run == 1) drop(machine, 1);
    machine->runner->run({"0.json"}, false);
    CHECK(names_in(machine->dirs.queue) == Names{"0.json"});
    CHECK(machine->counted() == "");
    machine.restart();
  }
  CHECK(machine->dirs.quarantine.empty());
  policy.triage = always(SF_BENIGN);
  machine->build({"policy"}, {});
  machine->runner->run({"0.json"}, false);
  CHECK(machine->counted() == "fetched 1, accepted 1, triaged 1, benign 1");
  CHECK(machine->store->attempted().empty());
}

TEST_CASE("faults: an alert that crashed the worker in three runs goes to quarantine unseen by a plugin") {
  Machine machine;
  Script policy("policy");
  policy.triage = failing_on({"host-0"});
  drop(machine, 1);
  for (int run = 1; run <= 3; ++run) machine->store->add_attempt("0.json");
  machine->build({"policy"}, {});
  machine->runner->run({"0.json"}, false);
  CHECK(machine->counted() == "fetched 1, accepted 1, quarantined 1");
  CHECK_THAT(machine->entry(machine->store->head().entries).at("reason").get<std::string>(),
             ContainsSubstring("given up after 3 runs"));
  CHECK(machine->store->attempted().empty());
  CHECK(machine->mismatches() == "");
}

TEST_CASE("faults: a batch stage that fails an alert in three runs sends it to quarantine too") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  Script cases("cases");
  cases.batch = [](const Made& made, const sf_record* const* records, std::uint32_t count, const sf_batch_sink* sink,
                   sf_error*) -> sf_status {
    for (std::uint32_t i = 0; i < count; ++i)
      if (made.text(records[i], "host.name") == "host-0") sink->fail(sink, i, c_str("never works"));
    return SF_OK;
  };
  for (int run = 1; run <= 3; ++run) {
    machine->build({"policy"}, {"cases"});
    if (run == 1) machine.drop("bad.json", wazuh_alert(0));
    machine.drop("good.json", wazuh_alert(run));
    machine->runner->run({"bad.json", "good.json"}, false);
    CHECK(machine->mismatches() == "");
    if (run != 3) machine.restart();
  }
  CHECK(machine->counted() == "fetched 2, accepted 2, triaged 1, benign 1, quarantined 1");
  CHECK(machine->dirs.queue.empty());
  CHECK(machine->dirs.active.empty());
}

TEST_CASE("faults: files that are gone, or no files any more, are counted or left, and nobody waits for them") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  machine->build({"policy"}, {});
  machine.drop("a.json", wazuh_alert(1));
  machine->dirs.queue.make("folder.json");
  REQUIRE(::mkfifo((machine.temp / "state/queue/fifo.json").c_str(), 0600) == 0);
  REQUIRE(::symlink("/etc/passwd", (machine.temp / "state/queue/link.json").c_str()) == 0);
  machine->runner->run({"gone.json", "folder.json", "fifo.json", "link.json", "a.json"}, false);
  CHECK(machine->counted() == "fetched 1, accepted 1, triaged 1, benign 1, vanished 1");
  CHECK(names_in(machine->dirs.queue) == Names{"folder.json", "fifo.json", "link.json"});
  CHECK(machine->dirs.active.empty());
  for (const char* left : {"folder.json", "fifo.json", "link.json"}) CHECK(machine->queue.is_aside(left));
}

TEST_CASE("faults: a file whose name is active already waits for the next run") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  machine->build({"policy"}, {});
  machine.drop("a.json", wazuh_alert(1));
  machine->dirs.active.create_file("a.json", wazuh_alert(2));
  machine->runner->run({"a.json"}, false);
  CHECK(machine->counted() == "");
  CHECK(bytes_of(machine->dirs.queue, "a.json") == wazuh_alert(1));
  CHECK(bytes_of(machine->dirs.active, "a.json") == wazuh_alert(2));
}

TEST_CASE("faults: what is no alert goes to quarantine with its reason, and is counted like any other") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  machine->config.max_alert_bytes = 2'000;
  machine->build({"policy"}, {});
  machine.drop("text.json", "not json");
  machine.drop("array.json", "[]");
  machine.drop("other.json", R"({"a":1})");
  machine.drop("empty.json", "");
  machine.drop("large.json", wazuh_alert(1, R"(,"x":")" + std::string(2'000, 'x') + "\""));
  machine.drop("x.reason.json", "{");
  machine->runner->run({"text.json", "array.json", "other.json", "empty.json", "large.json", "x.reason.json"}, false);
  CHECK(machine->counted() == "fetched 6, accepted 6, quarantined 6");
  CHECK(names_in(machine->dirs.quarantine).size() == 12);
  CHECK(machine->dirs.active.empty());
  CHECK(machine->mismatches() == "");
  const Json accepted = machine->entry(2);
  CHECK(accepted.at("kind") == "accepted");
  CHECK(accepted.at("name") == "text.json");
  CHECK(accepted.at("alert_id").is_null());
  const Json quarantined = machine->entry(3);
  CHECK(quarantined.at("key") == accepted.at("key"));
  CHECK(bytes_of(machine->dirs.quarantine, quarantined.at("file").get<std::string>()) == "not json");
  CHECK_THAT(machine->entry(11).at("reason").get<std::string>(), ContainsSubstring("larger than max_alert_bytes"));
  machine.restart();
  machine->build({"policy"}, {});
  machine.drop("again.json", "not json");
  machine->runner->run({"again.json"}, false);
  CHECK(machine->counted() == "fetched 1, duplicate 1");
  CHECK(names_in(machine->dirs.quarantine).size() == 12);
  CHECK(machine->mismatches() == "");
}

TEST_CASE("faults: a fault of the disk in the middle of a batch leaves every file in queue or active") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  machine->build({"policy"}, {});
  const auto names = drop(machine, 3);
  machine.drop("broken.json", "no json");
  // Quarantine is gone: what is rejected has no place to go.
  REQUIRE(::rmdir((machine.temp / "state/quarantine").c_str()) == 0);
  CHECK_THAT(thrown(machine, {"0.json", "broken.json", "1.json", "2.json"}), ContainsSubstring("error: "));
  auto all = names_in(machine->dirs.queue);
  all.merge(names_in(machine->dirs.active));
  CHECK(all == Names{"0.json", "1.json", "2.json", "broken.json"});
  CHECK(machine->ledger() == "");
  machine.restart();
  machine->build({"policy"}, {});
  machine->runner->run({"0.json", "broken.json", "1.json", "2.json"}, false);
  CHECK(machine->counted() == "fetched 4, accepted 4, triaged 3, benign 3, quarantined 1");
  CHECK(machine->mismatches() == "");
}

TEST_CASE("faults: a second worker's failure in a batch stage stops the batch like the first's") {
  Machine machine;
  Script policy("policy");
  policy.triage = always(SF_BENIGN);
  Script cases("cases");
  cases.batch = [](const Made& made, const sf_record* const* records, std::uint32_t, const sf_batch_sink*,
                   sf_error* error) -> sf_status {
    return made.text(records[0], "host.name") == "host-0" ? fail_with(error, SF_FAILED, "first slice")
                                                          : static_cast<sf_status>(SF_OK);
  };
  machine->build({"policy"}, {"cases"}, 2);
  CHECK_THAT(thrown(machine, drop(machine, 4)), ContainsSubstring("first slice"));
  CHECK(names_in(machine->dirs.queue).size() == 4);
  CHECK(machine->ledger() == "");
}
