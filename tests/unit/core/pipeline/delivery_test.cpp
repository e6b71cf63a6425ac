// SPDX-License-Identifier: Apache-2.0
//
// Goal: a message leaves the outbox when it was delivered, or given up in the ledger; never else.
#include "pipeline/delivery.hpp"

#include "pipeline/crash_note.hpp"
#include "process.hpp"
#include "support/catch.h"

using signalfoundry::Exit;
using signalfoundry::pipeline::Delivery;
using signalfoundry::pipeline::Instance;
using signalfoundry::pipeline::StageError;

namespace {

std::string key(int number) {
  return std::string(31, 'a') + std::to_string(number);
}

// A notifier "chat", and messages that wait for it.
struct Office : Machine {
  Script script{"chat"};
  signalfoundry::config::StageConfig stage = scripted::stage_config("chat");
  std::string log;  // what the notifier was given

  explicit Office(int messages) {
    for (int i = 0; i < messages; ++i)
      process->store->add_outbox(Delivery::id_of(key(i), "chat", 0), std::to_string(i));
    process->store->add_outbox(Delivery::id_of(key(0), "siem", 1), "\"for another\"");
    answer(SF_OK);
  }
  void answer(sf_status status, const std::string& payload = "") {
    script.notify = [this, status, payload](std::string_view given, std::string_view, std::uint32_t attempt,
                                            sf_error* e) -> sf_status {
      log += std::string(given) + "#" + std::to_string(attempt) + " ";
      if (!payload.empty() && given != payload) return SF_OK;
      std::snprintf(e->message, sizeof e->message, "said no");
      return status;
    };
  }
  // What is thrown: its exit code, or ok.
  Exit deliver() {
    Instance notifier(process->shared, stage, scripted::notify_plugin());
    Delivery delivery(*process->store, process->stage_state, process->report, process->stop);
    try {
      delivery.deliver(notifier);
      return Exit::ok;
    } catch (const StageError& e) {
      return e.code();
    }
  }
  std::string kinds() {
    std::string out;
    process->store->each_entry(1, [&](std::int64_t, const std::string& line) {
      const auto json = nlohmann::json::parse(line);
      out += json.at("kind").get<std::string>() + ":" + json.at("key").get<std::string>().substr(31) + " ";
      return true;
    });
    return out;
  }
};

}  // namespace

TEST_CASE("delivery: an id names its stage, and nothing else does") {
  CHECK(Delivery::id_of(key(1), "my-chat", 12) == key(1) + "-12-my-chat");
  CHECK(Delivery::stage_of(key(1) + "-12-my-chat") == "my-chat");
  for (const std::string& strange : {std::string(), key(1), key(1) + "-", key(1) + "-0", std::string("x-0-chat")})
    CHECK(Delivery::stage_of(strange).empty());
}

TEST_CASE("delivery: what is delivered is told in the ledger, and not delivered again") {
  Office office(3);
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.log == "0#1 1#1 2#1 ");
  CHECK(office.kinds() == "notified:0 notified:1 notified:2 ");
  CHECK(office->store->outbox_size() == 1);
  CHECK(office->report.counts[signalfoundry::store::Count::notified] == 3);
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.log == "0#1 1#1 2#1 ");
}

TEST_CASE("delivery: while the other side is away, refuses us or its certificate is bad, everything waits") {
  Office office(3);
  office.answer(SF_RETRY, "1");
  CHECK(office.deliver() == Exit::unavailable);
  CHECK(office.log == "0#1 1#1 ");
  CHECK(office->store->outbox_size() == 3);
  office.answer(SF_DENIED);
  CHECK(office.deliver() == Exit::denied);
  CHECK(office.log == "0#1 1#1 1#1 ");
  for (int run = 0; run < 4; ++run) {
    office.answer(SF_INVALID);
    CHECK(office.deliver() == Exit::unavailable);
  }
  CHECK(office->store->outbox_size() == 3);
  office.log = "0#1 1#1 1#1 ";
  office.answer(SF_OK);
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.log == "0#1 1#1 1#1 1#1 2#1 ");
  CHECK(office.kinds() == "notified:0 notified:1 notified:2 ");
}

TEST_CASE("delivery: what is refused for good is given up with its reason") {
  Office office(3);
  office.answer(SF_FAILED, "1");
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.kinds() == "notified:0 undelivered:1 notified:2 ");
  CHECK(office->report.status == "degraded");
  CHECK(office->report.error.find("said no") != std::string::npos);
  CHECK(office->store->outbox_size() == 1);
}

TEST_CASE("delivery: a message that fails has three runs, the last of which delivers another") {
  Office office(2);
  office.answer(SF_PANIC, "0");
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.log == "0#1 1#1 ");
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.deliver() == Exit::ok);  // once with this plugin and these settings
  CHECK(office.log == "0#1 1#1 0#2 0#3 ");
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.log == "0#1 1#1 0#2 0#3 ");
  CHECK(office->report.status == "degraded");
  CHECK(office.kinds() == "notified:1 ");
  office.stage.settings["room"] = "another";
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.log == "0#1 1#1 0#2 0#3 0#3 ");
  office->store->add_outbox(Delivery::id_of(key(7), "chat", 0), "7");
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.log == "0#1 1#1 0#2 0#3 0#3 7#1 0#3 ");
  CHECK(office.kinds() == "notified:1 notified:7 undelivered:0 ");
}

TEST_CASE("delivery: a message that cannot be delivered now waits, and the others do not") {
  Office office(3);
  office.answer(SF_AGAIN, "1");
  for (int run = 0; run < 5; ++run) CHECK(office.deliver() == Exit::ok);
  CHECK(office.log == "0#1 1#1 2#1 1#1 1#1 1#1 1#1 ");
  CHECK(office.kinds() == "notified:0 notified:2 ");
  CHECK(office->report.status == "degraded");
  CHECK(office->report.error == "stage \"chat\": a message waits for the next run: said no");
}

TEST_CASE("delivery: what is to be tried once more is, when the other side is back") {
  Office office(1);
  for (int run = 0; run < 2; ++run) Delivery::count_crash(*office->store, Delivery::id_of(key(0), "chat", 0), false);
  office.answer(SF_RETRY);
  CHECK(office.deliver() == Exit::unavailable);
  office.answer(SF_OK);
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.kinds() == "notified:0 ");
}

TEST_CASE("delivery: a notifier that fails on everything empties no outbox") {
  Office office(5);
  office.answer(SF_PANIC);
  for (int run = 0; run < 10; ++run) {
    office->report = {};
    CHECK(office.deliver() == Exit::ok);
  }
  CHECK(office.kinds().empty());
  CHECK(office->store->outbox_size() == 6);
  CHECK(office->report.error.find("5 messages wait on which its notifier failed") != std::string::npos);
  office.answer(SF_OK);
  office.stage.settings["version"] = "repaired";
  CHECK(office.deliver() == Exit::ok);
  CHECK(office->store->outbox_size() == 1);
}

TEST_CASE("delivery: a message that was tried comes after those that were not, and each of these is booked before") {
  Office office(3);
  office->store->count_attempt(Delivery::id_of(key(0), "chat", 0));
  std::string booked;
  office.script.notify = [&](std::string_view given, std::string_view, std::uint32_t, sf_error*) -> sf_status {
    office.log += std::string(given);
    booked += std::to_string(office.kinds().size() / std::string("notified:0 ").size());
    return SF_OK;
  };
  CHECK(office.deliver() == Exit::ok);
  CHECK((office.log == "120" || office.log == "210"));
  CHECK(booked == "012");
}

TEST_CASE("delivery: of those that were tried equally often, none is always behind the same") {
  Office office(6);
  for (int i = 0; i < 6; ++i) office->store->count_attempt(Delivery::id_of(key(i), "chat", 0));
  std::set<char> first;
  office.script.notify = [&](std::string_view given, std::string_view, std::uint32_t, sf_error* e) -> sf_status {
    first.insert(given.front());
    std::snprintf(e->message, sizeof e->message, "away");
    return SF_RETRY;
  };
  for (int run = 0; run < 100; ++run) {
    office->report.run_id = "run-" + std::to_string(run);
    CHECK(office.deliver() == Exit::unavailable);
  }
  CHECK(first.size() == 6);
}

TEST_CASE("delivery: that another was delivered is said of the notifier at hand only") {
  const auto& note = signalfoundry::pipeline::CrashNote::shared();
  Office office(1);
  CHECK(office.deliver() == Exit::ok);
  CHECK(note.delivered());
  office->store->add_outbox(Delivery::id_of(key(5), "chat", 0), "5");
  office.answer(SF_PANIC);
  CHECK(office.deliver() == Exit::ok);
  CHECK_FALSE(note.delivered());
}

TEST_CASE("delivery: a crash counts, for the last time only where another was delivered") {
  Office office(1);
  const auto id = Delivery::id_of(key(0), "chat", 0);
  const auto attempts = [&] {
    std::uint32_t out = 0;
    office->store->each_outbox([&](const std::string& one, const std::string&, std::uint32_t n) {
      if (one == id) out = n;
    });
    return out;
  };
  for (const auto wanted : {1U, 2U, 2U, 2U}) {
    Delivery::count_crash(*office->store, id, false);
    CHECK(attempts() == wanted);
  }
  Delivery::count_crash(*office->store, id, true);
  CHECK(attempts() == 3);
  Delivery::count_crash(*office->store, "gone", true);
  CHECK(office.deliver() == Exit::ok);
  CHECK(office.log.empty());
  CHECK(office.kinds() == "undelivered:0 ");
  CHECK(office->report.status == "degraded");
  CHECK(office->report.error.find("failed or crashed on this message in 3 runs") != std::string::npos);
}

TEST_CASE("delivery: messages of stages that send no more are counted by their stage") {
  Office office(2);
  office->store->add_outbox("no id of ours", "1");
  using signalfoundry::pipeline::strangers;
  CHECK(strangers(*office->store, {"chat"}) == std::map<std::string, std::uint64_t>{{"", 1}, {"siem", 1}});
  CHECK(strangers(*office->store, {}).at("chat") == 2);
}

TEST_CASE("delivery: a run that stops leaves the rest for the next one") {
  Office office(3);
  office.script.notify = [&](std::string_view, std::string_view, std::uint32_t, sf_error*) -> sf_status {
    office->stop = true;
    return SF_OK;
  };
  CHECK(office.deliver() == Exit::ok);
  CHECK(office->store->outbox_size() == 3);
}
