// SPDX-License-Identifier: Apache-2.0
//
// run.hpp - one run, in the worker process: recover, poll and begin, batches, end; once, or until nothing waits.
//
// Thread: the coordinator; it lives in its own process (supervisor.hpp).
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "books/reconcile.hpp"
#include "pipeline/batch.hpp"
#include "pipeline/context.hpp"
#include "pipeline/instance.hpp"
#include "plugin/plugin.hpp"

namespace signalfoundry::pipeline {

class Run {
 public:
  // `plugins` by stage, in file order. `stop`: finish the batch under way, then end.
  Run(const config::PipelineConfig& config, std::vector<const plugin::Plugin*> plugins, queue::Queue& queue,
      store::Store& store, Report& report, const std::atomic<bool>& stop, std::function<void()> progress);
  ~Run();

  // Does the run; what happened is in the report. Throws Error only when the report itself could not be kept,
  // and Error(locked) when the lease was lost: then nothing more may be written.
  // `try_refused`: credentials that earlier runs were refused are tried, whatever their pause.
  void execute(bool drain, bool try_refused = false);
  // The report as the books stand now.
  std::string report_json();

 private:
  struct Slot {  // one stage of the pipeline
    const config::StageConfig* config;
    const plugin::Plugin* plugin;
    Role role;
    std::unique_ptr<Instance> first;                // source, or the instance that gets begin and end
    std::vector<std::unique_ptr<Instance>> others;  // further batch instances
    std::unique_ptr<Instance> notifier;             // stage: delivers what it sends
    std::shared_ptr<const Mapping> mapping;         // source
    bool open = false;
    bool stopped = false;
  };
  void create();
  void create_batch_runner();
  void recover();
  void note_polled();
  void pass();
  void look_again();
  void begin_slot(Slot& slot);
  void poll(Slot& slot);
  void hold_back_refused(const Slot& slot, const std::string& credentials);
  void keep_refusal(const Slot& slot, const std::string& credentials, const StageError& error);
  void forget_refusal(const Slot& slot);
  void hold_back(const Slot& slot);
  bool has_room();
  void poll_until_end(Slot& slot, class Intake& intake);
  void admit_by_name();
  void batches(std::vector<std::string> names, bool leftover);
  void deliver();
  void end();
  bool last_pass() const;
  template <class F>
  void timed(Slot& slot, F&& f);
  void refresh_report();
  std::string reconcile(const std::string& scope);
  void check_books();
  void look_for_missing();
  void close_books(const store::Counts& counts);

  const config::PipelineConfig& config_;
  queue::Queue& queue_;
  store::Store& store_;
  Report& report_;
  const std::atomic<bool>& stop_;
  http::Client http_;
  plugin::Metrics metrics_;
  plugin::StageState state_;
  plugin::Shared shared_;
  Context context_;
  std::vector<Slot> slots_;
  std::unique_ptr<BatchRunner> batch_runner_;
  std::vector<std::string> decided_;  // in the present pass
  books::Findings missing_;           // of the present pass, until a report has them
  bool drain_ = false;
  bool try_refused_ = false;
  bool batches_stopped_ = false;
  std::size_t admitted_ = 0;  // in the present pass
};

}  // namespace signalfoundry::pipeline
