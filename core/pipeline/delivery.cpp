// SPDX-License-Identifier: Apache-2.0
#include "pipeline/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>

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

std::map<std::string, std::uint64_t> Delivery::strangers(const std::set<std::string>& stages) {
  std::map<std::string, std::uint64_t> out;
  store_.each_outbox([&](const std::string& id, const std::string& /*payload*/, std::uint32_t /*attempts*/) {
    if (auto stage = stage_of(id); !stages.contains(stage)) ++out[std::move(stage)];
  });
  return out;
}

// What failed or crashed before comes last: it is not to keep the others from being delivered.
std::vector<Delivery::Message> Delivery::waiting_for(const std::string& stage) {
  std::vector<Message> out;
  store_.each_outbox([&](const std::string& id, const std::string& payload, std::uint32_t attempts) {
    if (stage_of(id) == stage) out.push_back({id, payload, attempts + 1});
  });
  std::stable_sort(out.begin(), out.end(), [](const Message& a, const Message& b) { return a.attempt < b.attempt; });
  return out;
}

Delivery::Outcome Delivery::try_one(Instance& notifier, Message message) {
  Outcome out{std::move(message), Fate::delivered, {}};
  const Message& one = out.message;
  const std::string& stage = notifier.stage().name;
  if (one.attempt > kAttemptsMax) {
    out.fate = Fate::refused;
    out.reason = fmt::format("stage \"{}\": its notifier crashed on this message in {} runs", stage, kAttemptsMax);
  } else {
    try {
      const auto notify = [&](sf_error* e) {
        return notifier.plugin().notify->notify(notifier.self(), {one.payload.data(), one.payload.size()},
                                                {one.id.data(), one.id.size()}, one.attempt, e);
      };
      if (notifier.call("notify", notify, one.id) == SF_CANCELLED) out.fate = Fate::stopped;
      return out;
    } catch (const StageError& e) {
      out.reason = e.what();
      out.fate = fate_of(e.status(), one.attempt);
      if (out.fate == Fate::away) throw;
    }
  }
  log::error(stage, out.reason);
  report_.blame(stage, out.reason, Exit::ok, false);
  return out;
}

void Delivery::deliver(Instance& notifier) {
  const std::string& stage = notifier.stage().name;
  const auto started = monotonic_ms();
  std::vector<Outcome> outcomes;
  const auto settle = [&] {
    if (!outcomes.empty()) book(outcomes, stage);
    outcomes.clear();
  };
  for (auto& message : waiting_for(stage)) {
    if (stop_.load() || monotonic_ms() - started > kLongestMs) break;
    // It may crash this time, too: what was delivered before it is not to be delivered again.
    if (message.attempt > 1 || outcomes.size() == kTogether) settle();
    try {
      auto outcome = try_one(notifier, std::move(message));
      if (outcome.fate == Fate::stopped) break;
      outcomes.push_back(std::move(outcome));
    } catch (const StageError&) {
      settle();
      throw;
    }
  }
  settle();
}

}  // namespace signalfoundry::pipeline
