// SPDX-License-Identifier: Apache-2.0
//
// Goal: an alert that comes twice, or whose run was interrupted at any step, has one verdict, is counted once, and no
// bytes are lost.
#include "alert/alert.hpp"
#include "base/digest.hpp"
#include "process.hpp"
#include "support/catch.h"

using signalfoundry::Json;
using signalfoundry::kDropIn;
using signalfoundry::read_alert;
using signalfoundry::sha256_hex;
using signalfoundry::store::AlertState;
using Names = std::set<std::string>;

namespace {

std::string key_of(const Machine& machine, const std::string& bytes) {
  return read_alert(bytes, kDropIn, machine->mapping, "", 0).key;
}

// A machine whose policy finds everything benign and whose cases stage makes the case's directory.
struct Repeat : Machine {
  Script policy{"policy"};
  Script cases{"cases"};
  std::set<std::string> fails;  // hosts

  Repeat() {
    policy.triage = always(SF_BENIGN);
    cases.batch = [this](const Made& made, const sf_record* const* records, std::uint32_t count,
                         const sf_batch_sink* sink, sf_error*) -> sf_status {
      for (std::uint32_t i = 0; i < count; ++i) {
        process->dirs.cases.sub_path(made.text(records[i], "case.path"));
        if (fails.contains(made.text(records[i], "host.name"))) sink->fail(sink, i, c_str("x"));
      }
      return SF_OK;
    };
    process->build({"policy"}, {"cases"});
  }
  void next_run() {
    restart();
    process->build({"policy"}, {"cases"});
  }
  signalfoundry::fs::Dir processed() const { return *process->dirs.processed.find_path(kDay); }
};

}  // namespace

TEST_CASE("repeat: the same bytes twice in one batch are one alert and one duplicate") {
  Repeat machine;
  machine.drop("a.json", wazuh_alert(1));
  machine.drop("b.json", wazuh_alert(1));
  machine->runner->run({"a.json", "b.json"}, false);
  CHECK(machine->ledger() == "inputs:1 accepted:2 verdict:3");
  CHECK(machine->counted() == "fetched 2, accepted 1, duplicate 1, triaged 1, benign 1");
  CHECK(names_in(machine.processed()) == Names{key_of(machine, wazuh_alert(1)) + ".json"});
  CHECK(machine->dirs.active.empty());
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: other bytes of the same alert are kept beside the first, in one batch and in a later one") {
  Repeat machine;
  const std::string key = key_of(machine, wazuh_alert(1));
  const auto beside = [&](const std::string& bytes) { return key + "." + sha256_hex(bytes).substr(0, 16) + ".json"; };
  const std::string second = wazuh_alert(1, R"(,"@timestamp":"x")");
  const std::string third = wazuh_alert(1, R"(,"@timestamp":"y")");
  machine.drop("a.json", wazuh_alert(1));
  machine.drop("b.json", second);
  machine->runner->run({"a.json", "b.json"}, false);
  CHECK(names_in(machine.processed()) == Names{key + ".json", beside(second)});
  machine.next_run();
  machine.drop("a.json", third);
  machine.drop("b.json", second);
  machine->runner->run({"a.json", "b.json"}, false);
  CHECK(machine->counted() == "fetched 2, duplicate 2");
  CHECK(names_in(machine.processed()) == Names{key + ".json", beside(second), beside(third)});
  CHECK(bytes_of(machine.processed(), key + ".json") == wazuh_alert(1));
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: rejected bytes twice in one batch are one entry and one duplicate") {
  Repeat machine;
  machine.drop("a.json", "no json");
  machine.drop("b.json", "no json");
  machine->runner->run({"a.json", "b.json"}, false);
  CHECK(machine->counted() == "fetched 2, accepted 1, duplicate 1, quarantined 1");
  CHECK(names_in(machine->dirs.quarantine).size() == 2);
  CHECK(machine->dirs.active.empty());
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: the duplicate of an alert that a stage failed waits with it") {
  Repeat machine;
  machine.fails = {"host-1"};
  machine.drop("a.json", wazuh_alert(1));
  machine.drop("b.json", wazuh_alert(1, R"(,"@timestamp":"x")"));
  machine.drop("c.json", wazuh_alert(2));
  machine->runner->run({"a.json", "b.json", "c.json"}, false);
  CHECK(names_in(machine->dirs.queue) == Names{"a.json", "b.json"});
  CHECK(machine->counted() == "fetched 1, accepted 1, triaged 1, benign 1");
  CHECK(machine->store->attempted() == std::map<std::string, int>{{"a.json", 1}});
  CHECK(machine->mismatches() == "");
  machine.fails = {};
  machine.next_run();
  machine->runner->run({"a.json", "b.json"}, false);
  CHECK(machine->counted() == "fetched 2, accepted 1, duplicate 1, triaged 1, benign 1");
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: after a crash before the commit the alert is judged, and its case built, again") {
  Repeat machine;
  machine->dirs.active.create_file("a.json", wazuh_alert(1));
  machine->dirs.active.create_file("broken.json", "no json");
  machine->dirs.cases.sub_path(std::string(kDay) + "/c-" + key_of(machine, wazuh_alert(1)));
  machine->queue.quarantine_active(
      "broken.json", signalfoundry::rejected_key(kDropIn, signalfoundry::sha256_hex("no json")), "why", "run-0");
  machine->runner->run({"a.json", "broken.json"}, true);
  CHECK(machine->ledger() == "inputs:1 accepted:2 verdict:3 accepted:4 quarantined:5");
  CHECK(machine->counted() == "fetched 2, accepted 2, triaged 1, benign 1, quarantined 1");
  CHECK(machine->dirs.active.empty());
  CHECK(machine->mismatches() == "");
}

TEST_CASE(
    "repeat: after a crash between the commit and the filing the file is only moved, and nothing is counted again") {
  Repeat machine;
  machine.drop("a.json", wazuh_alert(1));
  machine.drop("broken.json", "no json");
  machine->runner->run({"a.json", "broken.json"}, false);
  const std::string before = machine->ledger();
  const std::string processed = key_of(machine, wazuh_alert(1)) + ".json";
  CHECK(machine.processed()
            .move(processed, machine->dirs.active, "a.json")
            .match([](bool done) { return done; }, [](signalfoundry::fs::Gone) { return false; }));
  machine->dirs.active.create_file("broken.json", "no json");
  machine.next_run();
  machine->runner->run({"a.json", "broken.json"}, true);
  CHECK(machine->ledger() == before);
  CHECK(machine->counted() == "");
  CHECK(names_in(machine.processed()) == Names{processed});
  CHECK(machine->dirs.active.empty());
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: after a crash in the middle of the filing of two of one key the second set of bytes is filed too") {
  Repeat machine;
  const std::string second = wazuh_alert(1, R"(,"@timestamp":"x")");
  machine.drop("a.json", wazuh_alert(1));
  machine->runner->run({"a.json"}, false);
  machine->dirs.active.create_file("b.json", second);
  machine.next_run();
  machine->runner->run({"b.json"}, true);
  CHECK(names_in(machine.processed()).size() == 2);
  CHECK(machine->dirs.active.empty());
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: an interrupted run's file that is no alert any more is left in the queue") {
  Repeat machine;
  machine->dirs.active.make("folder");
  machine->runner->run({"folder", "gone.json"}, true);
  CHECK(machine->counted() == "");
  CHECK(names_in(machine->dirs.queue) == Names{"folder"});
}

TEST_CASE("repeat: a waiting alert whose bytes were changed in the queue is not judged") {
  Repeat machine;
  signalfoundry::pipeline::Intake intake(machine->context, "poll", machine->mapping);
  const std::string bytes = wazuh_alert(1);
  REQUIRE(intake.sink()->push(intake.sink(), c_str(bytes), c_str(""), c_str("")) == SF_OK);
  intake.flush();
  const std::string name = *names_in(machine->dirs.queue).begin();
  machine->dirs.queue.write_file(name, wazuh_alert(2));
  machine->runner->run({name}, false);
  CHECK(machine->counted() == "fetched 1, accepted 1, quarantined 1");
  CHECK_THAT(machine->entry(machine->store->head().entries).at("reason").get<std::string>(),
             ContainsSubstring("not those that were accepted"));
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: an alert keeps the key and the id that it was accepted under, also where its bytes hold no id") {
  Repeat machine;
  signalfoundry::pipeline::Intake intake(machine->context, "poll", machine->mapping);
  Json document = Json::parse(wazuh_alert(1));
  document.erase("id");
  const std::string bytes = document.dump();
  REQUIRE(intake.sink()->push(intake.sink(), c_str(bytes), c_str("storage-1"), c_str("")) == SF_OK);
  intake.flush();
  const std::string key = read_alert(bytes, "poll", machine->mapping, "storage-1", 0).key;
  const std::string name = *names_in(machine->dirs.queue).begin();
  REQUIRE(signalfoundry::queue::parse_name(name)->key == key);
  machine.next_run();
  machine->runner->run({name}, false);
  const Json verdict = machine->entry(machine->store->head().entries);
  CHECK(verdict.at("key") == key);
  CHECK(verdict.at("alert_id") == "storage-1");
  CHECK(verdict.at("source") == "poll");
  CHECK(machine->runner->take_decided() == std::vector<std::string>{key});
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: a waiting alert that is over the limit of this run is quarantined under its own key") {
  Repeat machine;
  signalfoundry::pipeline::Intake intake(machine->context, "poll", machine->mapping);
  const std::string bytes = wazuh_alert(1);
  REQUIRE(intake.sink()->push(intake.sink(), c_str(bytes), c_str(""), c_str("")) == SF_OK);
  intake.flush();
  const std::string name = *names_in(machine->dirs.queue).begin();
  machine.next_run();
  machine->config.max_alert_bytes = 50;
  machine->runner->run({name}, false);
  const std::string key = read_alert(bytes, "poll", machine->mapping, "", 0).key;
  CHECK(machine->runner->take_decided() == std::vector<std::string>{key});
  CHECK(machine->store->find(key)->state == AlertState::quarantined);
  CHECK(machine->counted() == "quarantined 1");
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: one alert from a source and as a drop-in is two, each with its own case") {
  Repeat machine;
  signalfoundry::pipeline::Intake intake(machine->context, "poll", machine->mapping);
  const std::string bytes = wazuh_alert(1);
  REQUIRE(intake.sink()->push(intake.sink(), c_str(bytes), c_str(""), c_str("")) == SF_OK);
  intake.flush();
  const std::string name = *names_in(machine->dirs.queue).begin();
  machine.drop("a.json", bytes);
  machine->runner->run({"a.json", name}, false);
  CHECK(machine->counted() == "fetched 2, accepted 2, triaged 2, benign 2");
  CHECK(names_in(machine.processed()).size() == 2);
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: other bytes of an alert in quarantine go there too, the same bytes are not kept twice") {
  Repeat machine;
  machine.fails = {"host-1"};
  for (int run = 1; run <= 3; ++run) {
    if (run == 1) machine.drop("bad.json", wazuh_alert(1));
    machine.drop("good.json", wazuh_alert(10 + run));
    machine->runner->run({"good.json", "bad.json"}, false);
    machine.next_run();
  }
  const auto first = names_in(machine->dirs.quarantine);
  CHECK(first.size() == 2);
  const std::string other = wazuh_alert(1, R"(,"@timestamp":"x")");
  machine.drop("bad.json", wazuh_alert(1));
  machine.drop("other.json", other);
  machine->runner->run({"bad.json", "other.json"}, false);
  CHECK(machine->counted() == "fetched 2, duplicate 2");
  CHECK(machine->dirs.active.empty());
  CHECK(machine->dirs.queue.empty());
  const std::string file = key_of(machine, other) + "-" + sha256_hex(other).substr(0, 16) + "-other.json";
  auto expected = first;
  expected.merge(Names{file, file + ".reason.json"});
  CHECK(names_in(machine->dirs.quarantine) == expected);
  CHECK(bytes_of(machine->dirs.quarantine, file) == other);
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: what a stage built before a later one failed as a whole is gone, and is built again") {
  Repeat machine;
  Script after("after");
  bool fails = true;
  after.batch = [&](const Made&, const sf_record* const*, std::uint32_t, const sf_batch_sink*,
                    sf_error* error) -> sf_status {
    return fails ? fail_with(error, SF_FAILED, "not today") : static_cast<sf_status>(SF_OK);
  };
  machine->build({"policy"}, {"cases", "after"});
  machine.drop("a.json", wazuh_alert(1));
  CHECK_THROWS(machine->runner->run({"a.json"}, false));
  CHECK(machine->dirs.cases.find_path(kDay)->empty());
  CHECK(machine->mismatches() == "");
  fails = false;
  machine.restart();
  machine->build({"policy"}, {"cases", "after"});
  machine->runner->run({"a.json"}, false);
  CHECK(names_in(*machine->dirs.cases.find_path(kDay)) == Names{"c-" + key_of(machine, wazuh_alert(1))});
  CHECK(machine->mismatches() == "");
}

TEST_CASE("repeat: a batch that breaks off takes nothing from a verdict that is in the books already") {
  Repeat machine;
  machine.drop("first.json", wazuh_alert(1));
  machine->runner->run({"first.json"}, false);
  machine.next_run();
  machine.drop("again.json", wazuh_alert(1));
  CHECK_THROWS(
      machine->runner->run({"again.json", "no/name"}, false));  // the first is judged, the second breaks it off
  CHECK(names_in(machine->dirs.queue) == Names{"again.json"});
  CHECK(names_in(*machine->dirs.cases.find_path(kDay)) == Names{"c-" + key_of(machine, wazuh_alert(1))});
  CHECK(machine->mismatches() == "");
}
