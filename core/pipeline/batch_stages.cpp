// SPDX-License-Identifier: Apache-2.0
//
// The part of a batch between triage and commit: the stages build cases, packs, notes and messages.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "pipeline/batch.hpp"
#include "pipeline/parallel.hpp"

namespace signalfoundry::pipeline {

namespace {

using store::AlertState;
using store::Count;

double seconds_since(std::int64_t started_ms) {
  return static_cast<double>(monotonic_ms() - started_ms) / 1000.0;
}

struct SliceSink {
  const BatchStage& stage;
  std::vector<Item*>& slice;
};

std::string_view text_of(sf_str s) {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.size);
}

// "a":1 of {"a":1}; nothing when it is no JSON object, or has members that every ledger entry has.
std::optional<std::string> members(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  for (const char* ours : {"seq", "time", "run_id", "kind", "key", "prev", "hash"})
    if (json.contains(ours)) return std::nullopt;
  const std::string dump = json.dump();
  return dump.substr(1, dump.size() - 2);
}

sf_status note(const sf_batch_sink* sink, uint32_t index, sf_str kind, sf_str fields) {
  auto& self = *static_cast<SliceSink*>(sink->impl);
  const std::string_view word = text_of(kind);
  const bool plain = !word.empty() && word.size() <= 32 &&
                     std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  const bool ours = word == "accepted" || word == "verdict" || word == "quarantined" || word == "inputs" ||
                    word == "repair" || word == "decision" || word == "rebuild" || word == "lost" ||
                    word == "notified" || word == "undelivered";
  const auto inner = members(text_of(fields));
  if (index >= self.slice.size() || !plain || ours || !inner) return SF_INVALID;
  self.slice[index]->notes.push_back({std::string(word), *inner});
  return SF_OK;
}

sf_status fail(const sf_batch_sink* sink, uint32_t index, sf_str reason) {
  auto& self = *static_cast<SliceSink*>(sink->impl);
  if (index >= self.slice.size()) return SF_INVALID;
  const auto& stage = *self.stage.stage;
  auto& item = *self.slice[index];
  item.state = Item::State::failed;
  item.failed_stage = stage.name;
  item.reason = fmt::format("stage \"{}\" (plugin {}, batch): {}", stage.name, self.stage.plugin->id,
                            printable(text_of(reason), 400));
  return SF_OK;
}

sf_status send(const sf_batch_sink* sink, uint32_t index, sf_str payload) {
  auto& self = *static_cast<SliceSink*>(sink->impl);
  if (index >= self.slice.size() || !is_json(text_of(payload))) return SF_INVALID;
  self.slice[index]->outbox.push_back({self.stage.stage->name, std::string(text_of(payload))});
  return SF_OK;
}

}  // namespace

void BatchRunner::run_slice(BatchStage& stage, std::size_t worker, std::vector<Item*>& slice) {
  if (slice.empty()) return;
  SliceSink state{stage, slice};
  const sf_batch_sink sink{sizeof(sf_batch_sink), 0, &state, note, fail, send};
  std::vector<const sf_record*> records;
  records.reserve(slice.size());
  for (const auto* item : slice) records.push_back(item->record.handle());
  auto& instance = *stage.instances[worker];
  const auto started = monotonic_ms();
  instance.call("batch", [&](sf_error* e) {
    return stage.plugin->stage->batch(instance.self(), records.data(), static_cast<uint32_t>(records.size()), &sink, e);
  });
  if (worker == 0) stage.seconds += seconds_since(started);
}

bool BatchRunner::run_stages(std::vector<Item>& items) {
  std::vector<Item*> ready;
  for (auto& item : items) {
    if (item.state != Item::State::ready) continue;
    item.built = true;
    item.notes.clear();
    item.outbox.clear();
    ready.push_back(&item);
  }
  const std::size_t workers = examiners_.size();
  parallel(workers, [&](std::size_t worker) {
    std::vector<Item*> slice(ready.begin() + static_cast<std::ptrdiff_t>(ready.size() * worker / workers),
                             ready.begin() + static_cast<std::ptrdiff_t>(ready.size() * (worker + 1) / workers));
    for (auto& stage : stages_) {
      run_slice(stage, worker, slice);
      std::erase_if(slice, [](const Item* item) { return item->state != Item::State::ready; });
    }
  });
  return std::all_of(ready.begin(), ready.end(), [](const Item* item) { return item->state == Item::State::ready; });
}

// What the stages built for an alert that stays without a verdict goes with them: nothing on disk is not in the books.
void BatchRunner::discard_built(const Item& item) {
  if (!item.built) return;  // a case may be there all the same: that of an earlier verdict
  const auto& dirs = context_.queue.dirs();
  const std::string id = "c-" + item.key;
  if (const auto day = dirs.cases.find_path(date_path(item.alert->time_ms))) day->remove_tree(id);
  dirs.packs.remove_tree(id);
}

void BatchRunner::take_out_failed(std::vector<Item>& items) {
  std::unordered_set<std::string> out;
  for (auto& item : items) {
    if (item.state != Item::State::failed || item.alert == nullptr || context_.queue.is_aside(item.name)) continue;
    log::error("batch", fmt::format("alert {}: {}", item.key, item.reason));
    discard_built(item);
    count_failure(item);
    if (item.state == Item::State::rejected)
      item.quarantine_file = context_.queue.quarantine_active(item.name, item.key, item.reason, context_.report.run_id);
    else if (!item.row)
      --counts_[Count::fetched];
    out.insert(item.key);
  }
  // Their duplicates in this batch have no verdict behind them any more: they wait as well.
  for (auto& item : items) {
    const bool decided = item.row && item.row->state != AlertState::waiting;
    if (item.state != Item::State::settled || decided || !out.contains(item.key)) continue;
    item.state = Item::State::failed;
    context_.queue.set_aside(item.name);
    --counts_[Count::fetched];
    --counts_[Count::duplicate];
  }
}

}  // namespace signalfoundry::pipeline
