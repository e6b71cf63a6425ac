// SPDX-License-Identifier: Apache-2.0
#include "pipeline/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "alert/json.hpp"
#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "pipeline/crash_note.hpp"
#include "pipeline/item.hpp"

namespace signalfoundry::pipeline {

namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kTogether = 100;  // messages between two commits: what a first crash delivers a second time
constexpr const char* kTriedKey = "sf.tried_with";  // of sf.state/1; the host's own

// It is not there, not in order or does not let us in: the next message would fare no better.
bool of_the_other_side(sf_status status) {
  return status == SF_RETRY || status == SF_DENIED || status == SF_INVALID || status == SF_FATAL;
}

}  // namespace

// What the notifier cannot deliver is given up; a fault of its own may be of the moment.
Delivery::Fate Delivery::fate_of(sf_status status, std::uint32_t attempt) const {
  if (of_the_other_side(status)) return Fate::away;
  return status == SF_FAILED || (attempt >= kAttemptsMax && delivered_) ? Fate::refused : Fate::later;
}

std::string Delivery::id_of(const std::string& key, const std::string& stage, std::size_t number) {
  return fmt::format("{}-{}-{}", key, number, stage);
}

std::string Delivery::stage_of(const std::string& delivery_id) {
  if (delivery_id.size() <= kKeySize || delivery_id[kKeySize] != '-') return "";
  const auto dash = delivery_id.find('-', kKeySize + 1);
  return dash == std::string::npos ? "" : delivery_id.substr(dash + 1);
}

void Delivery::book(const std::vector<Outcome>& outcomes, const std::string& stage) {
  store::Counts counts;
  store_.begin();
  try {
    for (const auto& [message, fate, reason] : outcomes) {
      if (fate == Fate::waits) continue;  // no fault of this notifier's
      if (fate == Fate::later) {
        if (message.attempt < kAttemptsMax) store_.count_attempt(message.id);
        continue;
      }
      const OrderedJson why = {{"stage", stage}, {"delivery_id", message.id}, {"reason", reason}};
      const OrderedJson well = {{"stage", stage}, {"delivery_id", message.id}};
      const bool refused = fate == Fate::refused;
      const std::string fields = (refused ? why : well).dump();
      store_.append(refused ? "undelivered" : "notified", report_.run_id, message.id.substr(0, kKeySize),
                    std::string_view(fields).substr(1, fields.size() - 2));
      store_.drop_outbox(message.id);
      if (!refused) ++counts[store::Count::notified];
    }
    store_.add(counts);
    store_.commit();
  } catch (...) {
    store_.rollback();
    throw;
  }
  report_.counts += counts;
  if (counts[store::Count::notified] == 0) return;
  delivered_ = true;
  CrashNote::shared().set_delivered(true);
}

bool Delivery::waits(const std::string& stage) {
  bool some = false;
  store_.each_outbox_id([&](const std::string& id) { some = some || stage_of(id) == stage; });
  return some;
}

std::map<std::string, std::uint64_t> strangers(store::Store& store, const std::set<std::string>& stages) {
  std::map<std::string, std::uint64_t> out;
  store.each_outbox_id([&](const std::string& id) {
    if (auto stage = Delivery::stage_of(id); !stages.contains(stage)) ++out[std::move(stage)];
  });
  return out;
}

void Delivery::count_crash(store::Store& store, const std::string& delivery_id, bool delivered) {
  std::uint32_t before = 0;
  store.each_outbox([&](const std::string& id, const std::string& /*payload*/, std::uint32_t attempts) {
    if (id == delivery_id) before = attempts;
  });
  if (delivered || before + 1 < kAttemptsMax) store.count_attempt(delivery_id);
}

// What was tried comes last. Of the others none is always behind the same one that crashes: their order is another in
// each run.
std::vector<Delivery::Message> Delivery::waiting_for(const std::string& stage) {
  std::vector<Message> out;
  store_.each_outbox([&](const std::string& id, const std::string& payload, std::uint32_t attempts) {
    if (stage_of(id) == stage) out.push_back({id, payload, attempts + 1});
  });
  const auto place = [&](const Message& m) {
    return std::pair(m.attempt, std::hash<std::string>{}(report_.run_id + m.id));
  };
  const auto before = [&](const Message& a, const Message& b) { return place(a) < place(b); };
  if (std::any_of(out.begin(), out.end(), [](const Message& m) { return m.attempt > 1; }))
    std::sort(out.begin(), out.end(), before);
  return out;
}

// Were messages tried for the last time with this plugin and these settings? From now on they were.
bool Delivery::is_new(const Instance& notifier) {
  const auto digest = sha256_hex(notifier.plugin().sha256 + notifier.stage().settings.dump());
  if (state_.get(notifier.stage().name, kTriedKey) == digest) return false;
  set_tried(notifier.stage().name, digest);
  return true;
}

void Delivery::set_tried(const std::string& stage, const std::string& digest) {
  store_.begin();
  try {
    store_.set_state(stage, kTriedKey, digest);
    store_.commit();
  } catch (...) {
    store_.rollback();
    throw;
  }
  state_.load(stage, kTriedKey, digest);
}

Delivery::Outcome Delivery::try_one(Instance& notifier, Message message) {
  Outcome out{std::move(message), Fate::delivered, {}};
  const Message& one = out.message;
  const std::string& stage = notifier.stage().name;
  if (one.attempt > kAttemptsMax) {
    out.fate = Fate::refused;
    out.reason = fmt::format(
        "stage \"{}\": its notifier failed or crashed on this message in {} runs, the last of which "
        "delivered others",
        stage, kAttemptsMax);
  } else {
    try {
      std::string said;
      const auto notify = [&](sf_error* e) {
        const auto status = notifier.plugin().notify->notify(notifier.self(), {one.payload.data(), one.payload.size()},
                                                             {one.id.data(), one.id.size()}, one.attempt, e);
        said.assign(e->message, ::strnlen(e->message, sizeof e->message));
        return status;
      };
      const auto status = notifier.call("notify", notify, one.id);
      if (status == SF_CANCELLED) out.fate = Fate::stopped;
      if (status != SF_AGAIN) return out;
      out.fate = Fate::waits;
      out.reason = fmt::format("stage \"{}\": a message waits for the next run: {}", stage, printable(said, 448));
    } catch (const StageError& e) {
      out.reason = e.what();
      out.fate = fate_of(e.status(), one.attempt);
      if (out.fate == Fate::away) throw;
    }
  }
  log::error(stage, out.reason);
  report_.blame(stage, out.reason, out.fate == Fate::waits ? Exit::unavailable : Exit::ok, false);
  return out;
}

void Delivery::deliver(Instance& notifier) {
  const std::string& stage = notifier.stage().name;
  const auto started = monotonic_ms();
  auto messages = waiting_for(stage);
  const auto any = [&](auto&& of) { return std::any_of(messages.begin(), messages.end(), of); };
  const bool once_more = any([](const Message& m) { return m.attempt == kAttemptsMax; }) && is_new(notifier);
  // It may crash again: what was delivered is in the books before.
  const std::size_t together = any([](const Message& m) { return m.attempt > 1; }) ? 1 : kTogether;
  delivered_ = false;
  CrashNote::shared().set_delivered(false);
  std::size_t held = 0;
  std::size_t seen = 0;
  std::vector<Outcome> outcomes;
  const auto settle = [&] {
    if (!outcomes.empty()) book(outcomes, stage);
    outcomes.clear();
  };
  for (auto& message : messages) {
    if (stop_.load() || monotonic_ms() - started > kLongestMs) break;
    ++seen;
    if (message.attempt == kAttemptsMax && !delivered_ && !once_more) {
      ++held;
      continue;
    }
    try {
      auto outcome = try_one(notifier, std::move(message));
      if (outcome.fate == Fate::stopped) {
        --seen;
        break;
      }
      outcomes.push_back(std::move(outcome));
    } catch (const StageError&) {
      settle();
      if (once_more) set_tried(stage, "");
      throw;
    }
    if (outcomes.size() == together) settle();
  }
  settle();
  if (once_more && seen < messages.size()) set_tried(stage, "");  // the rest is tried by the next run
  if (held != 0)
    report_.blame(stage,
                  fmt::format("stage \"{}\": {} messages wait on which its notifier failed or crashed in {} runs; they "
                              "are tried with the next one that it delivers, or when the plugin or its settings change",
                              stage, held, kAttemptsMax - 1),
                  Exit::ok, false);
}

}  // namespace signalfoundry::pipeline
