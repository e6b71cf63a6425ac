// SPDX-License-Identifier: Apache-2.0
//
// Goal: a run that lost its lease, and does not know it, commits nothing more and leaves what it had in work to the
// run that holds the lease now; afterwards every alert has one verdict.
#include "pipeline/lease.hpp"

#include "process.hpp"
#include "support/catch.h"

using signalfoundry::Error;
using signalfoundry::Exit;
using signalfoundry::pipeline::Lease;
using Names = std::set<std::string>;

namespace {

// "75: sentence" of the Error that `call` throws; "no error".
template <class Call>
std::string thrown(Call&& call) {
  try {
    call();
    return "no error";
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
}

// What a foreign hand does to the lock of a run.
void replace_lock(const signalfoundry::queue::StateDir& dirs) {
  dirs.root.remove("lock");
  dirs.root.create_file("lock", "");
}

}  // namespace

TEST_CASE("lease: one at a time; who holds it says so, printable whatever stands there") {
  const Machine machine;
  const auto& dirs = machine->dirs;
  {
    const auto lease = Lease::try_take(dirs, "run-7");
    REQUIRE(lease);
    CHECK(!Lease::try_take(dirs, "run-8"));
    CHECK_THAT(Lease::holder(dirs),
               ContainsSubstring("pid " + std::to_string(::getpid())) && ContainsSubstring("run_id run-7"));
  }
  CHECK(Lease::try_take(dirs, "run-8"));
  for (const char* text : {"", "[]", "garbage", R"({"pid":[1]})"}) {
    dirs.root.write_file("lock", text);
    CHECK(Lease::holder(dirs) == "a process that did not write its name into it");
  }
  dirs.root.write_file("lock", "{\"pid\":\"\\u001b[31m\"}");
  CHECK(Lease::holder(dirs) == R"(pid \x1B[31m)");
}

TEST_CASE("lease: the epoch is taken once per lease, and grows with each") {
  Machine machine;
  for (std::int64_t wanted = 1; wanted < 4; ++wanted) {
    const auto lease = Lease::try_take(machine->dirs, "run");
    CHECK(lease->epoch() == 0);
    lease->guard(*machine->store);
    CHECK(lease->epoch() == wanted);
    machine.restart();
    lease->guard(*machine->store);  // the next worker under the same lease
    CHECK(lease->epoch() == wanted);
  }
}

TEST_CASE("lease: a replaced lock file ends the one that was held, for the books, too") {
  const Machine machine;
  const auto first = Lease::try_take(machine->dirs, "first");
  first->guard(*machine->store);
  replace_lock(machine->dirs);
  const auto second = Lease::try_take(machine->dirs, "second");
  REQUIRE(second);
  CHECK_NOTHROW(second->check());
  CHECK_THAT(thrown([&] { first->check(); }), ContainsSubstring("75: ") && ContainsSubstring("replaced"));
  CHECK_THAT(thrown([&] { first->guard(*machine->store); }), ContainsSubstring("75: "));
  CHECK_THAT(thrown([&] { machine->store->begin(); }), ContainsSubstring("75: "));
}

TEST_CASE("lease: a batch whose lease is lost before its commit leaves everything to the next run") {
  Script policy{"policy"};
  policy.triage = always(SF_BENIGN);
  Script cases{"cases"};
  Machine machine;
  machine.drop("drop.json", wazuh_alert(1));
  bool lose = true;
  cases.batch = [&](const Made& made, const sf_record* const* records, std::uint32_t count, const sf_batch_sink*,
                    sf_error*) -> sf_status {
    for (std::uint32_t i = 0; i < count; ++i) machine->dirs.cases.sub_path(made.text(records[i], "case.path"));
    if (lose) replace_lock(machine->dirs);
    return SF_OK;
  };
  const auto first = Lease::try_take(machine->dirs, "first");
  first->guard(*machine->store);
  machine->build({"policy"}, {"cases"});
  CHECK_THAT(thrown([&] { machine->runner->run({"drop.json"}, false); }), ContainsSubstring("75: "));
  CHECK(machine->ledger() == "");
  CHECK(names_in(machine->dirs.active) == Names{"drop.json"});
  CHECK(names_in(machine->dirs.queue).empty());

  lose = false;
  machine.restart();
  const auto second = Lease::try_take(machine->dirs, "second");
  second->guard(*machine->store);
  machine->build({"policy"}, {"cases"});
  machine->runner->run({"drop.json"}, true);
  CHECK(machine->ledger() == "inputs:1 accepted:2 verdict:3");
  CHECK(machine->mismatches() == "");
}

TEST_CASE("lease: a run whose epoch is over claims nothing more") {
  Script policy{"policy"};
  policy.triage = always(SF_BENIGN);
  const Machine machine;
  machine.drop("drop.json", wazuh_alert(1));
  machine->store->guard(machine->store->take_epoch(), [] {});
  signalfoundry::store::Store::open(machine.temp / "state", false)->take_epoch();
  machine->build({"policy"}, {});
  CHECK_THAT(thrown([&] { machine->runner->run({"drop.json"}, false); }), ContainsSubstring("took the books over"));
  CHECK(names_in(machine->dirs.active).empty());
  CHECK(names_in(machine->dirs.queue) == Names{"drop.json"});
  CHECK(machine->ledger() == "");
}

TEST_CASE("lease: a page that a source brought after the lease was lost is another run's to settle") {
  const Machine machine;
  machine->store->guard(machine->store->take_epoch(), [] {});
  signalfoundry::pipeline::Intake intake(machine->context, "poll", machine->mapping);
  const auto* sink = intake.sink();
  CHECK(sink->push(sink, c_str(wazuh_alert(1)), c_str(""), c_str("1")) == SF_OK);
  bool held = true;
  machine->store->guard(1, [&] {
    if (!held) throw Error(Exit::locked, "lost");
  });
  held = false;
  CHECK_THAT(thrown([&] { intake.flush(); }), ContainsSubstring("75: lost"));
  CHECK(names_in(machine->dirs.accept).size() == 1);
  CHECK(names_in(machine->dirs.queue).empty());
  CHECK(machine->ledger() == "");
}
