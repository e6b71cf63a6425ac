// SPDX-License-Identifier: Apache-2.0
//
// intake.hpp - takes what a source pushes: parsed, de-duplicated by key, durable, then in the books, a page at a time.
//
// Order of a page, each step safe to repeat: files into .accept/; one syncfs; one transaction (accepted entries,
// cursor, intervals, totals); files renamed into queue/. A crash before the transaction leaves files that recover()
// removes and the source offers again; after it, files that recover() moves on. Thread: the coordinator.
#pragma once
#include <signalfoundry/abi/source.h>

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "pipeline/context.hpp"

namespace signalfoundry::pipeline {

class Intake {
 public:
  Intake(Context& context, std::string stage, std::shared_ptr<const Mapping> mapping);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;
  const sf_record_sink* sink() const { return &sink_; }

  // Between two polls: what was pushed stays, and the store is free while the source waits for its SIEM. At the
  // first rest with alerts that no page has yet, and then every two seconds, they are made durable: behind them the
  // source may read thousands that are known already and fill no page, or wait for its SIEM.
  void rest() noexcept;
  // Makes durable what was pushed so far. Throws Error; nothing of the page is counted then.
  void flush();
  // A fault on our side while the source pushed: its poll() then fails for no fault of its own.
  const std::optional<Error>& fault() const { return fault_; }

  // At the start of a run: finishes or undoes what a crash, or a page that failed, left in .accept/.
  static void recover(Context& context);

 private:
  struct Rejection {
    std::string key;
    std::string sha256;
    std::string bytes;
    std::string reason;
  };
  void push(std::string_view document, std::string_view doc_id, std::string_view position);
  void reject(std::string_view bytes, std::string_view reason);
  bool known(const std::string& key);
  void roll_back();
  void begin();  // one transaction a poll: look-ups cost no lock each
  void book();
  void commit();
  void undo() noexcept;
  void write_files(std::vector<std::string>& files);

  template <class F>
  sf_status take(F&& f) noexcept;

  Context& context_;
  std::string stage_;
  std::shared_ptr<const Mapping> mapping_;
  sf_record_sink sink_;
  std::vector<Alert> alerts_;
  std::vector<Rejection> rejections_;
  std::vector<store::Interval> intervals_;
  std::optional<std::string> position_;
  std::unordered_set<std::string> keys_;
  std::size_t bytes_ = 0;
  std::optional<std::int64_t> rested_ms_;  // monotonic: the last flush of rest()
  store::Counts counts_;
  std::optional<Error> fault_;
  bool open_ = false;  // a transaction
};

}  // namespace signalfoundry::pipeline
