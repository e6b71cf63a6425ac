// SPDX-License-Identifier: Apache-2.0
#include "pipeline/batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/reconcile.hpp"
#include "pipeline/claims.hpp"
#include "pipeline/crash_note.hpp"
#include "pipeline/delivery.hpp"
#include "pipeline/parallel.hpp"

namespace signalfoundry::pipeline {

namespace {

using store::AlertState;
using store::Count;
using store::Disposition;
constexpr const char* kOwnState = "";  // no stage has this name
constexpr const char* kCountedKey = "counted";

std::string verdict_fields(const Item& item) {
  const auto& v = item.record.verdict;
  return fmt::format(
      "\"disposition\":\"{}\",\"case_id\":\"{}\",\"source\":{},\"alert_id\":{},\"reason\":{},\"stage\":{},"
      "\"plugin\":{},\"inputs\":{},\"logical_time\":\"{}\",\"sha256\":\"{}\",\"trail\":{}",
      store::disposition_name(v.disposition), item.record.case_id(), json_quote(item.alert->source),
      item.alert->id.empty() ? "null" : json_quote(printable(item.alert->id, 256)), json_quote(v.reason),
      v.stage.empty() ? "null" : json_quote(v.stage), v.plugin.empty() ? "null" : json_quote(printable(v.plugin)),
      v.inputs.empty() ? "null" : json_quote(v.inputs), rfc3339(v.time_ms), item.alert->sha256, v.trail);
}

double seconds_since(std::int64_t started_ms) {
  return static_cast<double>(monotonic_ms() - started_ms) / 1000.0;
}

}  // namespace

BatchRunner::BatchRunner(Context& context, std::vector<TriagePlan> plans,
                         std::vector<std::unique_ptr<Examiner>> examiners, std::vector<BatchStage> stages)
    : context_(context),
      plans_(std::move(plans)),
      examiners_(std::move(examiners)),
      stages_(std::move(stages)),
      attempted_(context.store.attempted()) {
  context_.store.each_state(kOwnState, [&](const std::string& key, const std::string& value) {
    for (std::string_view rest = value; key == kCountedKey && !rest.empty();) {
      const auto hex = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), hex.size() + 1));
      std::string name(hex.size() / 2, '\0');
      if (from_hex(hex, reinterpret_cast<std::uint8_t*>(name.data()), name.size())) counted_.insert(std::move(name));
    }
  });
  kept_ = counted_;
}

void BatchRunner::look_up(Item& item) {
  if (const auto it = attempted_.find(item.name); it != attempted_.end()) item.attempts = it->second;
  item.source = kDropIn;
  item.mapping = context_.drop_in_mapping;
  const auto name = queue::parse_name(item.name);
  if (!name) return;
  auto row = context_.store.find(name->key);
  if (!row) return;
  const auto entry = context_.store.entry(row->accepted_seq);
  const Json accepted = entry ? Json::parse(*entry, nullptr, false) : Json();
  if (!accepted.is_object()) return;
  item.source = accepted.value("source", item.source);
  item.accepted_sha256 = accepted.value("sha256", "");
  item.accepted_bytes = accepted.value("bytes", std::uint64_t{0});
  if (const auto id = accepted.find("alert_id"); id != accepted.end() && id->is_string())
    item.accepted_id = id->get<std::string>();
  item.mapping = context_.mapping_of(accepted.value("mapping", ""));
  item.row = std::move(row);
}

std::exception_ptr BatchRunner::examine(std::vector<Item>& items) {
  std::atomic<std::size_t> next{0};
  try {
    parallel(examiners_.size(), [&](std::size_t worker) {
      try {
        for (std::size_t i = next++; i < items.size(); i = next++) examiners_[worker]->examine(items[i], plans_);
      } catch (...) {
        next = items.size();  // the others finish what they have
        throw;
      }
    });
  } catch (const StageError&) {
    return std::current_exception();  // what has a verdict is committed all the same
  }
  return nullptr;
}

// The bytes of an alert that is in quarantine are there already, or go there now: a file that was taken out of it and
// comes back through the queue is put back, other bytes are kept beside it.
std::string BatchRunner::quarantine_copy(const Item& item) {
  const auto member = [&](std::int64_t seq, const char* name) {
    const auto entry = context_.store.entry(seq);
    const Json json = entry ? Json::parse(*entry, nullptr, false) : Json();
    return json.is_object() ? json.value(name, "") : std::string();
  };
  auto& queue = context_.queue;
  const std::string file = member(item.row->decided_seq, "file");
  const bool named = fs::valid_name(file);
  const bool kept =
      named &&
      queue::Queue::holds(queue.dirs().quarantine, file, context_.config.max_alert_bytes, [&](const fs::Content& c) {
        return c.info.size == item.size && sha256_hex(c.bytes) == item.sha256;
      });
  if (kept) return "there";
  const std::string reason = member(item.row->decided_seq, "reason");
  log::warn("quarantine", fmt::format("\"{}\" goes there: its alert has been in quarantine before ({})",
                                      printable(item.name), printable(reason, 200)));
  const bool taken_out = named && !queue.dirs().quarantine.has(file);
  if (taken_out && member(item.row->accepted_seq, "sha256") == item.sha256)
    return queue.quarantine_as(file, item.name, item.key, reason, context_.report.run_id);
  return queue.quarantine_active(item.name, item.key, queue::kSecondBytes, context_.report.run_id,
                                 item.digest().substr(0, 16));
}

// It was counted by a transaction after which its file stayed in active/: it only has to be moved.
bool BatchRunner::was_counted(const Item& item) {
  if (!item.leftover || !item.row) return false;
  const bool verdict = item.row->state == AlertState::triaged;
  return counted_.contains(item.name) || (verdict && !context_.queue.has_processed(item.row->key, item.row->time_ms));
}

void BatchRunner::resolve_alert(Item& item, std::unordered_set<std::string>& keys) {
  if (!item.row) item.row = context_.store.find(item.key);
  const bool decided = item.row && item.row->state != AlertState::waiting;
  const bool accepted = item.row && !decided;
  if (!decided && keys.insert(item.key).second) {
    if (!accepted) ++counts_[Count::fetched];
    return;
  }
  item.state = Item::State::settled;
  if (decided && item.row->state == AlertState::quarantined) item.quarantine_file = quarantine_copy(item);
  if (was_counted(item)) return;
  ++counts_[Count::fetched];
  ++counts_[Count::duplicate];
}

void BatchRunner::resolve_rejected(Item& item, std::unordered_set<std::string>& keys) {
  if (!item.row) item.row = context_.store.find(item.key);
  const bool decided = item.row && item.row->state != AlertState::waiting;
  if (!decided && keys.insert(item.key).second) {
    if (!item.row) ++counts_[Count::fetched];
    item.quarantine_file = context_.queue.quarantine_active(item.name, item.key, item.reason, context_.report.run_id);
    log::warn("quarantine", fmt::format("\"{}\": {}", printable(item.name), item.reason));
    return;
  }
  item.state = Item::State::settled;
  if (!decided)
    item.quarantine_file = "there";  // the same bytes, in this batch
  else if (item.row->state == AlertState::quarantined)
    item.quarantine_file = quarantine_copy(item);
  if (was_counted(item)) return;
  ++counts_[Count::fetched];
  ++counts_[Count::duplicate];
}

void BatchRunner::count_failure(Item& item) {
  context_.queue.set_aside(item.name);
  int attempts = item.attempts + 1;
  // A plugin that fails on everything proves nothing about this alert: it is never what makes the attempts enough.
  if (attempts < kAttemptsMax || any_success_) attempts = context_.store.add_attempt(item.name);
  if (attempts < kAttemptsMax || !any_success_) {
    ++context_.report.failed_alerts;
    context_.report.blame(item.failed_stage, fmt::format("alert {} waits for the next run: {}", item.key, item.reason),
                          Exit::internal, false);
    return;
  }
  item.state = Item::State::rejected;
  item.reason = fmt::format("given up after {} runs: {}", attempts, item.reason);
}

void BatchRunner::leave(Item& item) {
  context_.queue.set_aside(item.name);
  if (item.reason.empty()) return;
  log::error("queue", item.reason);
  context_.report.blame("", item.reason, Exit::io, false);
}

void BatchRunner::resolve(std::vector<Item>& items) {
  counts_ = {};
  std::unordered_set<std::string> keys;
  for (const auto& item : items) any_success_ = any_success_ || item.state == Item::State::ready;
  settle_claims(context_, items);
  for (auto& item : items) {
    if (item.state == Item::State::failed) count_failure(item);
    switch (item.state) {
      case Item::State::gone:
        ++counts_[Count::vanished];
        break;
      case Item::State::ready:
        resolve_alert(item, keys);
        break;
      case Item::State::rejected:
        resolve_rejected(item, keys);
        break;
      case Item::State::left:
        leave(item);
        break;
      default:
        break;
    }
  }
}

void BatchRunner::assign_seqs(std::vector<Item>& items) {
  // The order of book(): it appends exactly these entries, so the numbers that cases print are those of the ledger.
  std::int64_t seq = context_.store.head().entries;
  for (const auto& plan : plans_)
    if (!inputs_booked_.contains(plan.inputs_digest) && !context_.store.blob("inputs:" + plan.inputs_digest)) ++seq;
  for (auto& item : items) {
    if (item.state == Item::State::rejected) seq += item.row ? 1 : 2;
    if (item.state != Item::State::ready) continue;
    seq += item.row ? 1 : 2;
    item.record.verdict.seq = seq;
  }
}

void BatchRunner::book_item(Item& item, store::Counts& counts) {
  auto& store = context_.store;
  const auto& run_id = context_.report.run_id;
  store::AlertRow row =
      item.row.value_or(store::AlertRow{item.key, AlertState::waiting, Disposition::none, 0, 0, 0, false, false});
  // The next file of that name is another alert.
  if (attempted_.erase(item.name) != 0 || item.state == Item::State::rejected) store.clear_attempts(item.name);
  if (item.state == Item::State::rejected) {
    if (!item.row) {
      row.accepted_seq =
          store.append("accepted", run_id, item.key, rejected_fields(item.source, item.sha256, item.name));
      row.time_ms = item.received_ms;
      ++counts[Count::accepted];
    }
    row.decided_seq =
        store.append("quarantined", run_id, item.key, quarantined_fields(item.reason, item.quarantine_file));
    row.state = AlertState::quarantined;
    ++counts[Count::quarantined];
    store.put(row);
    return;
  }
  if (!item.row) {
    row.accepted_seq = store.append("accepted", run_id, item.key, accepted_fields(*item.alert));
    ++counts[Count::accepted];
  }
  row.time_ms = item.alert->time_ms;
  row.decided_seq = store.append("verdict", run_id, item.key, verdict_fields(item));
  row.state = AlertState::triaged;
  row.disposition = item.record.verdict.disposition;
  for (const auto& n : item.notes) row.pack = row.pack || n.kind == "pack";
  row.no_case = !builds_cases_ && !has_case(item);
  store.put(row);
  ++counts[Count::triaged];
  ++counts[count_of(row.disposition)];
}

bool BatchRunner::has_case(const Item& item) const {
  const auto day = context_.queue.dirs().cases.find_path(date_path(item.alert->time_ms));
  return day && day->has("c-" + item.key);
}

void BatchRunner::book(std::vector<Item>& items) {
  auto& store = context_.store;
  builds_cases_ = probe_ != nullptr && probe_->state == Item::State::ready && has_case(*probe_);
  const auto& run_id = context_.report.run_id;
  store::Counts counts = counts_;
  for (const auto& plan : plans_) {
    if (!inputs_booked_.insert(plan.inputs_digest).second || store.blob("inputs:" + plan.inputs_digest)) continue;
    store.put_blob("inputs:" + plan.inputs_digest, plan.inputs_json);
    store.append("inputs", run_id, "", fmt::format(R"("inputs":"{}","of":{})", plan.inputs_digest, plan.inputs_json));
  }
  std::unordered_set<std::string_view> mappings;
  for (auto& item : items) {
    const bool ready = item.state == Item::State::ready;
    if (ready && !item.row && mappings.insert(item.alert->mapping->digest()).second)
      context_.remember(*item.alert->mapping);
    if (ready || item.state == Item::State::rejected) book_item(item, counts);
  }
  // Notes come after the verdicts, so that the numbers of the verdicts are known before the stages run.
  for (auto& item : items) {
    if (item.state != Item::State::ready) continue;
    for (const auto& n : item.notes) {
      store.append(n.kind, run_id, item.key, n.fields);
      if (n.kind == "pack") ++counts[Count::packs];
    }
    for (std::size_t i = 0; i < item.outbox.size(); ++i)
      store.add_outbox(Delivery::id_of(item.key, item.outbox[i].stage, i), item.outbox[i].payload);
  }
  if (!cases_noted_ && !context_.queue.dirs().cases.empty()) {
    store.put_blob(books::kHasCases, "yes");
    cases_noted_ = true;
  }
  keep_counted(items);
  store.add(counts);
  context_.write_stage_state();
  counts_ = counts;
}

// Duplicates, and what went to quarantine: nothing else tells of such a file in active/ whether it was counted. Those
// of this batch, and the earlier ones that are still there.
void BatchRunner::keep_counted(const std::vector<Item>& items) {
  std::set<std::string> names;
  for (const auto& name : kept_)
    if (context_.queue.dirs().active.has(name)) names.insert(name);
  for (const auto& item : items)
    if (item.state == Item::State::settled || item.state == Item::State::rejected) names.insert(item.name);
  if (names == kept_ && !kept_unsure_) return;
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += ' ';
    text += to_hex(reinterpret_cast<const std::uint8_t*>(name.data()), name.size());
  }
  context_.store.set_state(kOwnState, kCountedKey, text);
  kept_ = std::move(names);
  kept_unsure_ = false;
}

void BatchRunner::forget_counted() {
  keep_counted({});
}

void BatchRunner::commit(std::vector<Item>& items) {
  // What finish() takes out of active/ must be on disk elsewhere: a case, or a file in quarantine.
  const auto builds = [](const Item& i) {
    return i.state == Item::State::ready || i.state == Item::State::rejected ||
           (i.state == Item::State::settled && !i.quarantine_file.empty() && i.quarantine_file != "there");
  };
  const bool anything = std::any_of(items.begin(), items.end(), builds);
  if (anything) context_.queue.dirs().root.sync_all();
  book(items);
  context_.store.commit();
  context_.stage_state_kept();
  context_.report.counts += counts_;
  const auto has_verdict = [](const Item& i) { return i.state == Item::State::ready; };
  if (std::any_of(items.begin(), items.end(), has_verdict)) CrashNote::shared().set_decided();
}

void BatchRunner::finish(std::vector<Item>& items) {
  std::uint64_t left_queue = 0;
  for (auto& item : items) {
    const bool decided =
        item.state == Item::State::ready || item.state == Item::State::settled || item.state == Item::State::rejected;
    if (!item.leftover && (decided || item.state == Item::State::gone)) ++left_queue;
    if (item.state == Item::State::failed) context_.queue.give_back(item.name);
    if (!decided) continue;
    if (!item.quarantine_file.empty())
      context_.queue.drop_active(item.name);
    else
      context_.queue.finish(item.name, item.key, item.sha256,
                            item.state == Item::State::settled && item.row && item.row->state == AlertState::triaged
                                ? item.row->time_ms
                                : item.alert->time_ms);
    if (item.state != Item::State::settled) decided_.push_back(item.key);
  }
  context_.queue.removed(left_queue);
}

void BatchRunner::put_back(std::vector<Item>& items, bool discard) noexcept {
  for (auto& item : items) {
    try {
      if (discard) discard_built(item);
      const bool claimed =
          item.state != Item::State::todo && item.state != Item::State::gone && item.state != Item::State::left;
      if (claimed) context_.queue.give_back(item.name);
      context_.queue.set_aside(item.name);
    } catch (const std::exception& e) {
      log::error("queue", e.what());  // it stays in active/, where the next run finds it
    }
  }
}

// `ours`: else another run has taken over, and settles what is in active/ itself.
void BatchRunner::abandon(std::vector<Item>& items, bool booked, bool ours) {
  context_.store.rollback();
  inputs_booked_.clear();
  kept_unsure_ = true;
  if (ours) put_back(items, !booked);  // a commit that failed may have reached the disk all the same
}

void BatchRunner::run(std::vector<std::string> names, bool leftover) {
  std::vector<Item> items(names.size());
  std::exception_ptr stopped;
  bool booked = false;
  // One transaction from the first look-up to the commit: what was looked up still holds, and costs no lock each time.
  context_.store.begin();
  try {
    for (std::size_t i = 0; i < names.size(); ++i) {
      items[i].name = std::move(names[i]);
      items[i].leftover = leftover;
      look_up(items[i]);
    }
    const auto started = monotonic_ms();
    stopped = examine(items);
    if (!plans_.empty()) context_.report.stage(plans_[0].stage->name).duration_s += seconds_since(started);
    resolve(items);
    // Cases are built by a stage or by none. One that was not there before (of a run that was killed) says which.
    const auto fresh = std::find_if(items.begin(), items.end(), [&](const Item& item) {
      return item.state == Item::State::ready && !has_case(item);
    });
    probe_ = fresh == items.end() ? nullptr : &*fresh;
    for (assign_seqs(items); !run_stages(items); assign_seqs(items)) take_out_failed(items);
    booked = true;
    commit(items);
  } catch (const Error& e) {
    abandon(items, booked, e.code() != Exit::locked);
    throw;
  } catch (...) {
    abandon(items, booked, true);
    throw;
  }
  finish(items);
  for (auto& stage : stages_) context_.report.stage(stage.stage->name).duration_s += std::exchange(stage.seconds, 0);
  context_.progress();
  if (stopped) std::rethrow_exception(stopped);
}

}  // namespace signalfoundry::pipeline
