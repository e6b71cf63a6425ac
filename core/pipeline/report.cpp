// SPDX-License-Identifier: Apache-2.0
#include "pipeline/report.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>

#include "alert/json.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/behind.hpp"

namespace signalfoundry::pipeline {

namespace {

constexpr std::size_t kPartNameMax = 32;

OrderedJson counts_json(const store::Counts& counts) {
  OrderedJson out;
  for (std::size_t i = 0; i < counts.values.size(); ++i)
    out[std::string(store::count_name(static_cast<store::Count>(i)))] = counts.values[i];
  return out;
}

OrderedJson text_or_null(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}
OrderedJson time_or_null(std::int64_t ms) {
  return ms == 0 ? OrderedJson() : OrderedJson(rfc3339(ms));
}

}  // namespace

StageReport& Report::stage(const std::string& name) {
  const auto it = std::find_if(stages.begin(), stages.end(), [&](const StageReport& s) { return s.name == name; });
  return it != stages.end() ? *it : stages.emplace_back(StageReport{name, {}, 0, "ok", {}});
}

void Report::blame(const std::string& name, const std::string& sentence, Exit code, bool failed) {
  if (!name.empty()) {
    stage(name).status = "failed";
    stage(name).error = sentence;
  }
  if (failed && status != "failed")
    status = "failed";
  else if (status == "running" || status == "ok")
    status = "degraded";
  const bool named = code == Exit::unavailable || code == Exit::cant_create || code == Exit::io || code == Exit::denied;
  if (!error.empty()) {
    if ((failed || named) && exit == Exit::ok) exit = code;
    return;
  }
  failed_stage = name;
  error = sentence;
  exit = failed || named ? code : Exit::ok;
}

void Report::put_part(const std::string& by, const std::string& name, std::string_view json,
                      std::vector<std::string> findings) {
  const bool named = !name.empty() && name.size() <= kPartNameMax &&
                     name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  const auto taken = parts.find(name);
  if (!named || Report().json().contains(name) ||
      (taken != parts.end() && taken->second.run == run_id && taken->second.stage != by))
    throw Error(Exit::config, fmt::format("\"{}\" is no name for a part of the report, or is taken", printable(name)));
  OrderedJson content = is_json(json) ? OrderedJson::parse(json, nullptr, false) : OrderedJson();
  if (!content.is_object()) throw Error(Exit::config, fmt::format("the part \"{}\" is no JSON object", name));
  parts[name] = {by, std::move(content), std::move(findings), run_id};
}

void Report::carry_parts(const Json& before, const std::string& by) {
  for (const auto& [name, part] : before.items()) {
    if (!part.is_object() || !part.contains("stage") || part.at("stage") != by || !part.contains("findings")) continue;
    Part kept{by, part, {}, {}};
    const Json& run = part.contains("as_of_run_id") ? part.at("as_of_run_id") : before.at("run_id");
    if (run.is_string()) kept.run = run.get<std::string>();
    for (const auto& finding : part.at("findings"))
      if (finding.is_string()) kept.findings.push_back(finding.get<std::string>());
    for (const char* ours : {"stage", "findings", "as_of_run_id"}) kept.content.erase(ours);
    parts[name] = std::move(kept);
  }
}

void Report::conclude() {
  for (const auto& [name, part] : parts) {
    if (part.run != run_id || part.findings.empty()) continue;
    const auto more = part.findings.size() - 1;
    blame("", part.findings.front() + (more == 0 ? "" : fmt::format(" (and {} more in \"{}\")", more, name)),
          Exit::internal, false);
  }
  if (status == "running") status = "ok";
}

void Report::start() {
  started_ms = now_ms();
  started_monotonic_ms = monotonic_ms();
  run_id = new_run_id(started_ms);
}

void Report::finish() {
  finished_ms = now_ms();
  finished_monotonic_ms = monotonic_ms();
}

void Report::look_at(queue::Queue& queue) {
  if (queue.scans() == 0) queue.scan_all([](const queue::Waiting&) { return true; });
  depth_end = queue.depth();
  deferred = depth_end;
  drop_ins = std::min(queue.drop_ins(), depth_end);
  left_alone = queue.strange();
  oldest_ms = depth_end == 0 ? 0 : queue.oldest_ms();
  saw_queue = true;
}

void Report::look_at(const store::Counts& all, const store::Head& end) {
  totals = all;
  head = end;
  saw_books = true;
}

void Report::carry(const Json& heartbeat) {
  last = heartbeat;
  head = books::head_of(heartbeat);
  const Json counted = heartbeat.is_object() ? heartbeat.value("totals", Json()) : Json();
  for (std::size_t i = 0; counted.is_object() && i < totals.values.size(); ++i) {
    const auto at = counted.find(std::string(store::count_name(static_cast<store::Count>(i))));
    if (at != counted.end() && at->is_number_unsigned()) totals.values[i] = at->get<std::uint64_t>();
  }
}

// As it was in the last heartbeat, which says of which run it is.
void Report::carry_part(OrderedJson& out, const char* name) const {
  const auto found = last.is_object() ? last.find(name) : last.end();
  if (found == last.end() || !found->is_object()) return;
  out[name] = *found;
  if (!found->contains("as_of_run_id")) out[name]["as_of_run_id"] = last.value("run_id", Json());
}

OrderedJson Report::queue_json() const {
  OrderedJson queue;
  queue["depth_start"] = depth_start;
  queue["depth_end"] = depth_end;
  queue["active"] = active;
  queue["deferred"] = deferred;
  queue["drop_ins"] = drop_ins;
  queue["left_alone"] = left_alone;
  queue["oldest_age_s"] =
      oldest_ms == 0 ? OrderedJson()
                     : OrderedJson(static_cast<double>(std::max<std::int64_t>(now_ms() - oldest_ms, 0)) / 1000.0);
  return queue;
}

OrderedJson Report::json() const {
  OrderedJson out;
  out["schema"] = 1;
  out["run_id"] = run_id;
  out["pipeline"] = pipeline;
  out["started"] = rfc3339(started_ms);
  out["finished"] = time_or_null(finished_ms);
  const auto until_ms = finished_ms == 0 ? monotonic_ms() : finished_monotonic_ms;
  out["duration_s"] = static_cast<double>(until_ms - started_monotonic_ms) / 1000.0;
  out["status"] = status;
  out["failed_stage"] = text_or_null(failed_stage);
  out["error"] = text_or_null(error);
  out["exit_code"] = static_cast<int>(exit);
  out["passes"] = passes;
  out["epoch"] = epoch == 0 ? OrderedJson() : OrderedJson(epoch);
  out["counts"] = counts_json(counts);
  out["counts"]["changed"] = changed;
  out["counts"]["failed"] = failed_alerts;
  out["queue"] = queue_json();
  out["ledger"] = {{"entries", head.entries}, {"head", head.hash}};
  out["totals"] = counts_json(totals);
  out["totals"]["waiting"] =
      totals[store::Count::accepted] - totals[store::Count::triaged] - totals[store::Count::quarantined];
  out["reconcile"] = {{"checked", checked}, {"mismatches", mismatches}, {"categories", categories}};
  if (reconciled_run != run_id) out["reconcile"]["as_of_run_id"] = text_or_null(reconciled_run);
  out["poll"] = {
      {"watermark", watermark_ms ? OrderedJson(rfc3339(*watermark_ms)) : OrderedJson()},
      {"lag_s", watermark_ms ? OrderedJson(static_cast<double>(now_ms() - *watermark_ms) / 1000.0) : OrderedJson()},
      {"gaps", gaps}};
  if (polled_run != run_id) out["poll"]["as_of_run_id"] = text_or_null(polled_run);
  if (!saw_queue) carry_part(out, "queue");
  for (const char* name : {"ledger", "totals"})
    if (!saw_books) carry_part(out, name);
  if (reconciled_run.empty()) carry_part(out, "reconcile");
  if (polled_run.empty()) carry_part(out, "poll");
  out["outbox"] = {{"waiting", outbox ? OrderedJson(*outbox) : OrderedJson()},
                   {"undeliverable", undeliverable ? OrderedJson(*undeliverable) : OrderedJson()}};
  out["disk"] = disk;
  out["stages"] = OrderedJson::array();
  for (const auto& s : stages)
    out["stages"].push_back({{"name", s.name},
                             {"plugin", s.plugin},
                             {"duration_s", s.duration_s},
                             {"status", s.status},
                             {"error", text_or_null(s.error)}});
  for (const auto& [name, part] : parts) {
    OrderedJson& shown = out[name] = part.content;
    shown["stage"] = part.stage;
    shown["findings"] = part.findings;
    if (part.run != run_id) shown["as_of_run_id"] = text_or_null(part.run);
  }
  return out;
}

std::string new_run_id(std::int64_t now) {
  std::uint32_t noise = 0;
  if (::getrandom(&noise, sizeof noise, 0) != sizeof noise) noise = static_cast<std::uint32_t>(now);
  std::string stamp = rfc3339(now).substr(0, 19);
  std::erase(stamp, '-');
  std::erase(stamp, ':');
  return fmt::format("{}-{:06x}", stamp, noise & 0xffffffU);
}

}  // namespace signalfoundry::pipeline
