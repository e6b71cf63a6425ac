// SPDX-License-Identifier: Apache-2.0
#include "pipeline/examiner.hpp"

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "pipeline/claims.hpp"

namespace signalfoundry::pipeline {

namespace {

constexpr int kFailuresInARowMax = 3;
constexpr std::size_t kReasonMax = 512;
constexpr std::size_t kAlertIdMax = 256;
constexpr std::size_t kTrailMax = 16U << 10U;

std::string_view text_of(sf_str s) {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.size);
}

// The trail goes into the ledger as it is, so it must be one line of JSON.
std::string checked_trail(std::string_view trail) {
  if (trail.size() > kTrailMax || !is_json(trail)) return R"(["the plugin's trail was no JSON"])";
  for (const char c : trail)
    if (static_cast<unsigned char>(c) < 0x20) return Json::parse(trail).dump();
  return std::string(trail);
}

sf_status decide(const sf_verdict_sink* sink, uint32_t disposition, sf_str reason, sf_str trail) {
  if (disposition > SF_ESCALATED) return SF_INVALID;
  auto& verdict = *static_cast<plugin::Verdict*>(sink->impl);
  verdict.disposition = static_cast<store::Disposition>(disposition);
  verdict.reason = printable(text_of(reason), kReasonMax);
  verdict.trail = checked_trail(text_of(trail));
  return SF_OK;
}

}  // namespace

bool Examiner::claim(Item& item) const {
  if (item.leftover) return true;
  return context_.queue.claim(item.name).match(
      [&](bool taken) {
        if (!taken) item.state = Item::State::left;
        return taken;
      },
      [&](fs::Gone) {
        item.state = Item::State::gone;
        return false;
      });
}

// Throws Rejected.
void Examiner::parse(Item& item, fs::Content&& content) const {
  const auto limit = context_.config.max_alert_bytes;
  item.size = content.info.size;
  item.whole = content.whole;
  // Of what is larger than max_alert_bytes was, when it was accepted, only the beginning is known here.
  const bool as_accepted = item.accepted_sha256.empty() ||
                           (content.whole ? item.accepted_sha256 == item.sha256 : item.accepted_bytes == item.size);
  item.other_bytes = item.row && item.row->state == store::AlertState::waiting && !as_accepted;
  if (item.row && !item.other_bytes && !as_accepted) disown(context_, item);  // the alert has its fate
  item.key = item.row ? item.row->key : rejected_key(item.source, item.digest());
  if (!content.whole)
    throw Rejected(fmt::format("larger than max_alert_bytes ({} of {} bytes)", content.info.size, limit));
  if (item.other_bytes)
    throw Rejected("its bytes are not those that were accepted: something changed the file in the queue");
  if (item.attempts >= kAttemptsMax)
    throw Rejected(fmt::format("given up after {} runs: a plugin failed or crashed on it each time", item.attempts));
  item.alert = std::make_unique<Alert>(
      read_alert(std::move(content.bytes), item.source, item.mapping, item.accepted_id, item.received_ms, item.sha256));
  if (item.row) item.alert->key = item.row->key;  // the one it was accepted under
  item.key = item.alert->key;
  item.alert->id = printable(item.alert->id, kAlertIdMax);  // as the ledger has it
}

bool Examiner::read(Item& item) const {
  return context_.queue.dirs()
      .active.read(item.name, context_.config.max_alert_bytes)
      .match(
          [&](fs::Content&& content) {
            item.received_ms = content.info.mtime_ns / 1'000'000;
            item.record.may_link = content.info.links == 1;
            item.sha256 = sha256_hex(content.bytes);
            try {
              parse(item, std::move(content));
              return true;
            } catch (const Rejected& e) {
              item.state = Item::State::rejected;
              item.reason = e.what();
              return false;
            }
          },
          [&](fs::Gone) {
            // It was a file when it was listed and is none now: not ours to judge.
            context_.queue.give_back(item.name);
            item.state = Item::State::left;
            return false;
          });
}

// A file that cannot be read holds up no other.
bool Examiner::read_or_leave(Item& item) const {
  try {
    return read(item);
  } catch (const Error& e) {
    context_.queue.give_back(item.name);
    item.state = Item::State::left;
    item.reason = fmt::format("\"{}\" in the queue waits, for it cannot be read: {}", printable(item.name), e.what());
    return false;
  }
}

void Examiner::triage(Item& item, const std::vector<TriagePlan>& plans) {
  auto& record = item.record;
  record.alert = item.alert.get();
  record.active_name = item.name;
  record.received_ms = item.received_ms;
  for (std::size_t i = 0; i < triages_.size() && record.verdict.disposition == store::Disposition::none; ++i) {
    const sf_verdict_sink sink{sizeof(sf_verdict_sink), 0, &record.verdict, decide};
    auto& instance = *triages_[i];
    instance.call(
        "triage",
        [&](sf_error* e) {
          return instance.plugin().triage->triage(instance.self(), record.handle(), item.alert->time_ms, &sink, e);
        },
        item.name);
    item.triage_plan = i;
  }
  auto& verdict = record.verdict;
  if (verdict.disposition == store::Disposition::none) {
    verdict.disposition = store::Disposition::review;
    verdict.reason = "no triage stage decided";
    verdict.trail = "[]";
  } else {
    verdict.stage = plans[item.triage_plan].stage->name;
    verdict.plugin = plans[item.triage_plan].plugin->id + " " + plans[item.triage_plan].plugin->version;
    verdict.inputs = plans[item.triage_plan].inputs_digest;
  }
  verdict.time_ms = item.alert->time_ms;
  item.state = Item::State::ready;
}

void Examiner::examine(Item& item, const std::vector<TriagePlan>& plans) {
  if (!claim(item) || !read_or_leave(item)) return;
  try {
    triage(item, plans);
    failures_in_a_row_ = 0;
  } catch (const StageError& e) {
    item.state = Item::State::failed;
    item.reason = e.what();
    item.failed_stage = e.stage();
    log::error("triage", fmt::format("alert {}: {}", item.key, e.what()));
    if (e.status() == SF_FATAL || ++failures_in_a_row_ >= kFailuresInARowMax) throw;
  }
}

}  // namespace signalfoundry::pipeline
