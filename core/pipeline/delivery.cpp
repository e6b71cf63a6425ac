// SPDX-License-Identifier: Apache-2.0
#include "pipeline/delivery.hpp"

#include <fmt/format.h>

#include <exception>
#include <vector>

#include "alert/json.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "pipeline/item.hpp"

namespace signalfoundry::pipeline {

namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kTogether = 100;  // messages between two commits: what a crash delivers a second time

// It is not there, not in order or does not let us in: the next message would fare no better.
bool of_the_other_side(sf_status status) {
  return status == SF_RETRY || status == SF_DENIED || status == SF_INVALID || status == SF_FATAL;
}

}  // namespace

// What the notifier cannot deliver is given up; a fault of its own may be of the moment.
Delivery::Fate Delivery::fate_of(sf_status status, std::uint32_t attempt) {
  if (of_the_other_side(status)) return Fate::away;
  return status == SF_FAILED || attempt >= kAttemptsMax ? Fate::refused : Fate::later;
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
      if (fate == Fate::away) continue;  // no fault of this message
      if (fate == Fate::later) {
        store_.count_attempt(message.id);
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
}

bool Delivery::waits(const std::string& stage) {
  bool some = false;
  store_.each_outbox([&](const std::string& id, const std::string& /*payload*/, std::uint32_t /*attempts*/) {
    some = some || stage_of(id) == stage;
  });
  return some;
}

void Delivery::deliver(Instance& notifier) {
  const std::string& stage = notifier.stage().name;
  std::vector<Message> messages;
  store_.each_outbox([&](const std::string& id, const std::string& payload, std::uint32_t attempts) {
    if (stage_of(id) == stage) messages.push_back({id, payload, attempts + 1});
  });
  const auto started = monotonic_ms();
  std::exception_ptr away;
  std::vector<Outcome> outcomes;
  for (auto& message : messages) {
    if (stop_.load() || away || monotonic_ms() - started > kLongestMs) break;
    Outcome outcome{std::move(message), Fate::delivered, {}};
    const Message& one = outcome.message;
    try {
      const auto status = notifier.call("notify", [&](sf_error* e) {
        return notifier.plugin().notify->notify(notifier.self(), {one.payload.data(), one.payload.size()},
                                                {one.id.data(), one.id.size()}, one.attempt, e);
      });
      if (status == SF_CANCELLED) break;
    } catch (const StageError& e) {
      outcome.reason = e.what();
      outcome.fate = fate_of(e.status(), one.attempt);
      if (outcome.fate == Fate::away)
        away = std::current_exception();
      else {
        log::error(stage, e.what());
        report_.blame(stage, e.what(), Exit::ok, false);
      }
    }
    outcomes.push_back(std::move(outcome));
    if (outcomes.size() == kTogether) book(outcomes, stage), outcomes.clear();
  }
  if (!outcomes.empty()) book(outcomes, stage);
  if (away) std::rethrow_exception(away);
}

}  // namespace signalfoundry::pipeline
