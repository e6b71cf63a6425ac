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
  Delivery(store::Store& store, Report& report, const std::atomic<bool>& stop)
      : store_(store), report_(report), stop_(stop) {}

  // The id of message `number` that `stage` sent of the alert with this key, and the other way round: the stage, or ""
  // for what is no such id.
  static std::string id_of(const std::string& key, const std::string& stage, std::size_t number);
  static std::string stage_of(const std::string& delivery_id);

  // Does a message of this stage wait?
  bool waits(const std::string& stage);

  // Delivers what waits for this notifier, what was tried least first, until nothing does, the other side is not there
  // (it throws that StageError; what was delivered before it is in the books), the run stops, or `kLongestMs` are over.
  // What the notifier refuses for good, or fails or crashes on in kAttemptsMax runs, goes to the ledger as
  // `undelivered` and degrades the run.
  void deliver(Instance& notifier);

  // How many messages wait for a notifier that is not one of `stages`: renamed, removed, or no notifier any more.
  std::map<std::string, std::uint64_t> strangers(const std::set<std::string>& stages);

  static constexpr std::int64_t kLongestMs = 20'000;  // so that a slow server does not hold up the next poll

 private:
  struct Message {
    std::string id;
    std::string payload;
    std::uint32_t attempt;
  };
  enum class Fate { delivered, refused, later, away, stopped };
  struct Outcome {
    Message message;
    Fate fate;
    std::string reason;
  };
  static Fate fate_of(sf_status status, std::uint32_t attempt);
  std::vector<Message> waiting_for(const std::string& stage);
  Outcome try_one(Instance& notifier, Message message);
  void book(const std::vector<Outcome>& outcomes, const std::string& stage);

  store::Store& store_;
  Report& report_;
  const std::atomic<bool>& stop_;
};

}  // namespace signalfoundry::pipeline
