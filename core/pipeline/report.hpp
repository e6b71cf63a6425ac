// SPDX-License-Identifier: Apache-2.0
//
// report.hpp - what one run did: the content of heartbeat.json and of `run --format json` (docs/formats/heartbeat.md).
//
// Thread: the coordinator.
#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/json.hpp"
#include "base/exit_code.hpp"
#include "queue/queue.hpp"
#include "store/store.hpp"

namespace signalfoundry::pipeline {

using OrderedJson = nlohmann::ordered_json;

struct StageReport {
  std::string name;
  std::string plugin;
  double duration_s = 0;
  std::string status = "ok";  // ok, failed, stopped
  std::string error;
};

// What a stage watches over (sf.run/1, watch): a member of the report.
struct Part {
  std::string stage;
  OrderedJson content;
  std::vector<std::string> findings;  // what is wrong, a sentence each
  std::string run;                    // run_id of the run that put it
};

struct Report {
  std::string run_id;
  std::string pipeline;
  std::int64_t started_ms = 0;
  std::int64_t finished_ms = 0;                                      // 0: not finished
  std::int64_t started_monotonic_ms = 0, finished_monotonic_ms = 0;  // wall clocks jump, and durations do not
  std::string status = "running";                                    // ok, degraded, failed, running, skipped_locked
  std::string failed_stage;
  std::string error;
  Exit exit = Exit::ok;
  std::int64_t epoch = 0;  // of the lease that it runs under; 0: none yet

  store::Counts counts;
  store::Counts totals;
  std::uint64_t depth_start = 0, depth_end = 0, active = 0, deferred = 0, drop_ins = 0, left_alone = 0;
  std::int64_t oldest_ms = 0;  // 0: nothing waits, or its age is not known
  std::uint64_t changed = 0, failed_alerts = 0, passes = 0;
  store::Head head;
  std::uint64_t checked = 0, mismatches = 0;
  OrderedJson categories = OrderedJson::object();
  std::string reconciled_run;                // run_id of the last reconcile; "": never
  std::optional<std::int64_t> watermark_ms;  // every complete interval ends here
  std::uint64_t gaps = 0;
  std::string polled_run;
  std::optional<std::uint64_t> outbox;  // messages that wait; nothing where nobody looked
  // Of these, by stage, those of stages that this pipeline has not, or not as notifiers.
  std::optional<std::map<std::string, std::uint64_t>> undeliverable;
  OrderedJson disk;  // null: not looked at
  Json last;         // the last heartbeat: its parts stand for those that this run has not renewed yet
  bool saw_queue = false, saw_books = false;
  std::vector<StageReport> stages;
  std::map<std::string, Part> parts;  // by name
  bool ended = false;                 // the end stages saw it, and with them the history

  void start();
  void finish();
  StageReport& stage(const std::string& name);
  // The first cause stays: degraded with the cause's exit code, or failed. Names the stage.
  void blame(const std::string& stage, const std::string& sentence, Exit exit, bool failed);
  // Puts or replaces a part of this run. Throws Error(config) for a name that is taken or no name, and for what is no
  // JSON object.
  void put_part(const std::string& stage, const std::string& name, std::string_view json,
                std::vector<std::string> findings);
  // Begins with what the last heartbeat says (null: there is none).
  void carry(const Json& heartbeat);
  // Of the books, as they are now.
  void look_at(const store::Counts& all, const store::Head& end);
  // Takes over the parts that `stage` put into an earlier report: they stay as of then until it puts them anew.
  void carry_parts(const Json& before, const std::string& stage);
  // The end of a run: with findings of a part it is degraded; a run that nothing is wrong with is ok.
  void conclude();
  // What waits. Enumerates the queue when nobody has yet.
  void look_at(queue::Queue& queue);
  OrderedJson json() const;

 private:
  OrderedJson queue_json() const;
  void carry_part(OrderedJson& out, const char* name) const;
};

std::string new_run_id(std::int64_t now_ms);  // "20261124T194225-1a2b3c": sorts by time

}  // namespace signalfoundry::pipeline
