// SPDX-License-Identifier: Apache-2.0
//
// batch.hpp - a batch of active alerts, from files to committed verdicts.
//
// The commit order (docs/architecture.md): cases and packs visible by rename; syncfs once; one transaction; files moved
// to processed/. Each step is safe to repeat, so a crash between any two is repaired by the next start. Thread: the
// coordinator calls; workers run inside.
#pragma once
#include <exception>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "pipeline/context.hpp"
#include "pipeline/examiner.hpp"
#include "pipeline/instance.hpp"
#include "pipeline/item.hpp"

namespace signalfoundry::pipeline {

// One stage with a batch hook: an instance per worker.
struct BatchStage {
  const config::StageConfig* stage;
  const plugin::Plugin* plugin;
  std::vector<Instance*> instances;  // by worker
  double seconds = 0;                // spent in the first worker's instance
};

class BatchRunner {
 public:
  BatchRunner(Context& context, std::vector<TriagePlan> plans, std::vector<std::unique_ptr<Examiner>> examiners,
              std::vector<BatchStage> stages);

  // Brings these files of the queue (or, leftover, of active/) to an end. Throws StageError when a stage must stop and
  // Error on real faults; every file of the batch is then back in the queue or in active/, and nothing was counted.
  void run(std::vector<std::string> names, bool leftover);

  // Did this file fail, or crash a plugin, in an earlier run? Such files are tried last and alone: they hold up nobody.
  bool attempted(const std::string& name) const { return attempted_.contains(name); }
  // Within a transaction, after the last batch: what is not in active/ any more needs no note that it was counted.
  void forget_counted();
  // Keys that got a verdict or a quarantine entry in this run, for the reconcile of scope "run".
  std::vector<std::string> take_decided() { return std::exchange(decided_, {}); }

 private:
  void look_up(Item& item);
  std::exception_ptr examine(std::vector<Item>& items);  // the failure that stops a triage stage, or null
  void resolve(std::vector<Item>& items);
  void leave(Item& item);
  void resolve_alert(Item& item, std::unordered_set<std::string>& keys);
  void resolve_rejected(Item& item, std::unordered_set<std::string>& keys);
  void assign_seqs(std::vector<Item>& items);
  void count_failure(Item& item);
  std::string quarantine_copy(const Item& item);
  void discard_built(const Item& item);
  void take_out_failed(std::vector<Item>& items);
  bool run_stages(std::vector<Item>& items);  // false: some failed and were taken out
  void run_slice(BatchStage& stage, std::size_t worker, std::vector<Item*>& slice);
  bool was_counted(const Item& item);
  void keep_counted(const std::vector<Item>& items);
  bool has_case(const Item& item) const;
  void book(std::vector<Item>& items);
  void book_item(Item& item, store::Counts& counts);
  void commit(std::vector<Item>& items);
  void finish(std::vector<Item>& items);
  void put_back(std::vector<Item>& items, bool discard) noexcept;
  void abandon(std::vector<Item>& items, bool booked, bool ours);

  Context& context_;
  std::vector<TriagePlan> plans_;
  std::vector<std::unique_ptr<Examiner>> examiners_;
  std::vector<BatchStage> stages_;
  std::unordered_set<std::string> inputs_booked_;
  std::map<std::string, int> attempted_;  // file names that failed, or crashed a plugin, in earlier runs
  bool any_success_ = false;
  bool cases_noted_ = false;
  const Item* probe_ = nullptr;    // of the batch under way: had no case before the stages
  bool builds_cases_ = false;      // they built one for it
  std::set<std::string> counted_;  // names in active/ that earlier runs counted
  std::set<std::string> kept_;     // the same, as the store has it now
  bool kept_unsure_ = false;       // after a transaction that failed
  std::vector<std::string> decided_;
  store::Counts counts_;  // of the batch under way
};

}  // namespace signalfoundry::pipeline
