// SPDX-License-Identifier: Apache-2.0
//
// queue.hpp - the waiting alerts: names, scans, the active set, quarantine (docs/formats/queue.md).
//
// A queue file of the runner is named p<NN>-<time ms, 13 digits>-<group, 8 hex>-<key>.json, NN = 15 - severity: its
// order by name is severity first, then age, and nothing needs to be opened to know it. Any other *.json file is a
// drop-in. Thread: scan and admit on the coordinator; claim, give_back and the quarantine calls on any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "alert/alert.hpp"
#include "queue/state_dir.hpp"

namespace signalfoundry::queue {

// The reason of a file that stands beside the first of its alert in quarantine.
constexpr std::string_view kSecondBytes = "other bytes of an alert that is in quarantine already";

constexpr std::uint64_t kAlertBytesMax = 64U << 20U;  // the largest [pipeline] max_alert_bytes

constexpr std::size_t kFreshMax = 10'000;  // names of one poll that are kept for a scan of the new

struct Name {
  int severity = 0;  // 0..15
  std::int64_t time_ms = 0;
  std::uint32_t group = 0;
  std::string key;
};
std::string make_name(const Alert& alert);
// Nothing: not a name of ours.
std::optional<Name> parse_name(std::string_view name);

struct Waiting {
  std::string_view name;
  std::optional<Name> ours;
  std::uint32_t group = 0;
};

class Queue {
 public:
  explicit Queue(StateDir dirs) : dirs_(std::move(dirs)) {}
  const StateDir& dirs() const { return dirs_; }

  // Every waiting file, one enumeration; false stops. What is no regular file is named in the log, once, and left
  // alone.
  void scan_all(const std::function<bool(const Waiting&)>& visit);
  // Those that were queued by add_new() since the last scan. False: more than kFreshMax, and none was visited; a scan
  // of all has them. A poll's memory is not to grow with what it takes.
  [[nodiscard]] bool scan_new(const std::function<bool(const Waiting&)>& visit);
  void add_new(const std::string& name);
  // Puts a name into the active set of this run; false when it is there.
  bool admit(std::string_view name);
  // The active set, in order of admission; empties it.
  std::vector<std::string> take_admitted();
  // Never again in this process: an alert that failed is tried by the next run.
  void set_aside(std::string_view name) { aside_.emplace(name); }
  bool is_aside(std::string_view name) const { return aside_.contains(std::string(name)); }

  std::uint64_t depth() const { return depth_; }  // of the last full scan, kept up by removed() and add_new()
  void removed(std::uint64_t count) { depth_ -= count < depth_ ? count : depth_; }
  void added(std::uint64_t count) {
    depth_ += count;
    added_ += count;
  }
  std::uint64_t added_in_all() const { return added_; }
  std::int64_t oldest_ms() const { return oldest_ms_; }  // of the last full scan, by name; 0: none known
  std::uint64_t drop_ins() const { return drop_ins_; }   // of the last full scan
  std::uint64_t alerts() const { return alerts_; }       // of the last full scan: names of accepted alerts
  std::uint64_t full_scans() const { return full_scans_; }
  std::uint64_t scans() const { return scans_; }  // of either kind, so far
  std::uint64_t strange() const { return strange_.size(); }

  // Takes a file out of everybody's reach: queue/NAME to active/NAME. False: an active file has that name already.
  fs::Observation<bool> claim(std::string_view name) const { return dirs_.queue.move(name, dirs_.active, name); }
  // Back to the queue, unless the name was taken meanwhile (then it stays active until the next run).
  void give_back(std::string_view name) const;
  // After the verdict is in the books: active/NAME becomes processed/<date>/<key>.json. A copy that stands there
  // already is left and the active file removed; one with other bytes is kept beside it.
  void finish(std::string_view name, std::string_view key, std::string_view sha256, std::int64_t time_ms);

  // Is there such a file, and is it as wanted? False also where it cannot be read: its sender may still own it, as one
  // in quarantine is a link to what was dropped.
  static bool holds(const fs::Dir& dir, const std::string& name, std::uint64_t limit,
                    const std::function<bool(const fs::Content&)>& wanted);

  // Does processed/ hold the file of this alert?
  bool has_processed(std::string_view key, std::int64_t time_ms);

  // Puts active/NAME into quarantine under a safe name (gives it) with its reason beside it. The active file stays
  // until the entry is committed and drop_active() is called. `mark` tells a second set of bytes of one key apart.
  std::string quarantine_active(std::string_view name, std::string_view key, std::string_view reason,
                                std::string_view run_id, std::string_view mark = {});
  // The same under the name that an entry of the ledger gave it once.
  std::string quarantine_as(const std::string& file, std::string_view name, std::string_view key,
                            std::string_view reason, std::string_view run_id);
  // The same for bytes that a source rejected.
  std::string quarantine_bytes(std::string_view bytes, std::string_view key, std::string_view reason,
                               std::string_view source, std::string_view run_id);
  void drop_active(std::string_view name) const { dirs_.active.remove(name); }

 private:
  void forget_fresh();
  void copy_to_quarantine(std::string_view name, const std::string& file);
  void write_reason(const std::string& file, std::string_view original, std::string_view key, std::string_view reason,
                    std::string_view run_id);
  fs::Dir& processed_for(std::int64_t time_ms);

  StateDir dirs_;
  std::vector<std::string> fresh_;
  bool too_many_fresh_ = false;  // since the last scan; their names were let go
  std::vector<std::string> admitted_;
  std::unordered_set<std::string> admitted_names_;
  std::unordered_set<std::string> aside_;
  std::unordered_set<std::string> strange_;
  std::uint64_t scans_ = 0;
  std::uint64_t full_scans_ = 0;
  std::uint64_t alerts_ = 0;
  std::uint64_t added_ = 0;
  std::uint64_t depth_ = 0;
  std::uint64_t drop_ins_ = 0;
  std::int64_t oldest_ms_ = 0;
  std::string processed_date_;
  fs::Dir processed_dir_;
};

// "escalated-report.json": what of a foreign name may stand in one of ours; letters, digits, '.', '_', '-', at most 80.
std::string safe_name(std::string_view name);

}  // namespace signalfoundry::queue
