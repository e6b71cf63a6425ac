// SPDX-License-Identifier: Apache-2.0
//
// delivery.hpp - gives the messages of the outbox to the notifiers of the stages that sent them: after their verdicts
// are committed, at least once, each time with the same delivery id.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pipeline/instance.hpp"
#include "pipeline/report.hpp"
#include "store/store.hpp"

namespace signalfoundry::pipeline {

class Delivery {
 public:
  Delivery(store::Store& store, plugin::StageState& state, Report& report, const std::atomic<bool>& stop)
      : store_(store), state_(state), report_(report), stop_(stop) {}

  // The id of message `number` that `stage` sent of the alert with this key, and the other way round: the stage, or ""
  // for what is no such id.
  static std::string id_of(const std::string& key, const std::string& stage, std::size_t number);
  static std::string stage_of(const std::string& delivery_id);

  // Does a message of this stage wait?
  bool waits(const std::string& stage);

  // Delivers what waits for this notifier, until nothing does, the other side is not there (it throws that StageError;
  // what was delivered before it is in the books), the run stops, or `kLongestMs` are over. What the notifier refuses
  // for good goes to the ledger as `undelivered` and degrades the run.
  //
  // A message on which it fails or crashes has kAttemptsMax runs. It comes after those that were tried less; the last
  // of its runs is one in which another was delivered, so that a notifier that fails on everything empties no outbox.
  // Until then it waits, and is tried once more with each other version or settings of the plugin.
  void deliver(Instance& notifier);

  // The notifier crashed on this message; inside a transaction. `delivered`: and had delivered another in that run.
  static void count_crash(store::Store& store, const std::string& delivery_id, bool delivered);

  static constexpr std::int64_t kLongestMs = 20'000;  // so that a slow server does not hold up the next poll

 private:
  struct Message {
    std::string id;
    std::string payload;
    std::uint32_t attempt;
  };
  enum class Fate { delivered, refused, later, waits, away, stopped };
  struct Outcome {
    Message message;
    Fate fate;
    std::string reason;
  };
  Fate fate_of(sf_status status, std::uint32_t attempt) const;
  std::vector<Message> waiting_for(const std::string& stage);
  bool is_new(const Instance& notifier);
  void set_tried(const std::string& stage, const std::string& digest);
  Outcome try_one(Instance& notifier, Message message);
  void book(const std::vector<Outcome>& outcomes, const std::string& stage);

  store::Store& store_;
  plugin::StageState& state_;
  Report& report_;
  const std::atomic<bool>& stop_;
  bool delivered_ = false;  // by the notifier at hand, in this call
};

// How many messages wait for a stage that is not one of these, by its name: renamed, removed, or no notifier any more.
// "": for what has no id of ours.
std::map<std::string, std::uint64_t> strangers(store::Store& store, const std::set<std::string>& stages);

}  // namespace signalfoundry::pipeline
