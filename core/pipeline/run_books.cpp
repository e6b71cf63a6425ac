// SPDX-License-Identifier: Apache-2.0
//
// The part of a run that looks at the books: what they say at its end, and whether they hold.
#include <fmt/format.h>

#include <set>

#include "base/log.hpp"
#include "base/text.hpp"
#include "books/gaps.hpp"
#include "books/reconcile.hpp"
#include "pipeline/delivery.hpp"
#include "pipeline/disk.hpp"
#include "pipeline/run.hpp"

namespace signalfoundry::pipeline {

void Run::close_books(const store::Counts& counts) {
  store_.begin();
  try {
    store_.add(counts);
    batch_runner_->forget_counted();
    context_.write_stage_state();
    store_.commit();
  } catch (...) {
    store_.rollback();
    throw;
  }
  context_.stage_state_kept();
}

void Run::check_books() {
  const auto findings = books::reconcile_some(queue_.dirs(), store_, {});
  for (const auto& [category, found] : findings.mismatches)
    report_.blame("",
                  fmt::format("the books do not balance ({}): {}. Run `signalfoundry reconcile {}`.", category,
                              found.examples.front(), config_.file),
                  Exit::internal, true);
}

std::string Run::reconcile(const std::string& scope) {
  const auto findings = scope == "all" ? books::reconcile_all(queue_.dirs(), store_)
                                       : books::reconcile_some(queue_.dirs(), store_, decided_);
  if (report_.reconciled_run != report_.run_id) report_.checked = report_.mismatches = 0;
  report_.reconciled_run = report_.run_id;
  report_.checked += findings.checked;
  const auto count = [&](const books::Findings& found) {
    report_.mismatches += found.total();
    for (const auto& [name, category] : found.mismatches)
      report_.categories[name] = report_.categories.value(name, std::uint64_t{0}) + category.count;
  };
  count(findings);
  if (scope != "all") count(std::exchange(missing_, {}));
  if (findings.total() != 0)
    report_.blame("",
                  fmt::format("{} mismatches between ledger and disk. Run `signalfoundry reconcile {}`.",
                              findings.total(), config_.file),
                  Exit::internal, true);
  return OrderedJson{
      {"checked", findings.checked}, {"mismatches", findings.total()}, {"categories", report_.categories}}
      .dump();
}

// After a listing of the whole queue. An accepted alert whose file is gone waits for ever, and no other check sees it:
// the sums are right. Its file may come back, so the run goes on, and is degraded.
void Run::look_for_missing() {
  missing_ = {};
  if (store_.waiting() <= queue_.alerts()) return;
  missing_ = books::reconcile_waiting(queue_.dirs(), store_);
  for (const auto& [category, found] : missing_.mismatches)
    report_.blame(
        "",
        fmt::format("{} accepted alerts have no file in the queue ({}): {}{}. Put it back under its name "
                    "(docs/formats/reconcile.md#{}).",
                    found.count, category, found.examples.front(), found.count > 1 ? " and others" : "", category),
        Exit::io, false);
}

void Run::refresh_report() {
  report_.look_at(store_.totals(), store_.head());
  report_.look_at(queue_);
  report_.outbox = store_.outbox_size();
  std::set<std::string> notifying;
  for (const auto& slot : slots_)
    if (slot.role == Role::stage && slot.plugin->notify != nullptr) notifying.insert(slot.config->name);
  report_.undeliverable = strangers(store_, notifying);
  const auto disk = look_at_disk(queue_.dirs().root, config_.disk);
  report_.disk = {{"bytes_free", disk.bytes_free},
                  {"inodes_free", disk.inodes_free == UINT64_MAX ? OrderedJson() : OrderedJson(disk.inodes_free)},
                  {"pressure", pressure_name(disk.pressure)}};
  metrics_.set("run", "disk_free_bytes", static_cast<double>(disk.bytes_free));
  metrics_.set("run", "disk_free_inodes", static_cast<double>(disk.inodes_free));
  for (std::size_t i = 0; i < report_.totals.values.size(); ++i)
    metrics_.set_total(fmt::format("alerts_{}", store::count_name(static_cast<store::Count>(i))),
                       report_.totals.values[i]);
  metrics_.set("run", "queue_depth", static_cast<double>(report_.depth_end));
  metrics_.set("run", "ledger_entries", static_cast<double>(report_.head.entries));
  report_.gaps = 0;
  report_.watermark_ms.reset();
  for (const auto& slot : slots_) {
    if (slot.role != Role::source) continue;
    const auto coverage = books::coverage(store_.intervals(slot.config->name));
    report_.gaps += coverage.gaps.size();
    if (coverage.watermark_ms)
      report_.watermark_ms = std::min(report_.watermark_ms.value_or(*coverage.watermark_ms), *coverage.watermark_ms);
  }
}

std::string Run::report_json() {
  refresh_report();
  const bool last = last_pass();
  Report shown = report_;
  if (last) shown.conclude();
  if (last) shown.finish();
  return shown.json().dump();
}

}  // namespace signalfoundry::pipeline
