// SPDX-License-Identifier: Apache-2.0
#include "app/repair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "alert/json.hpp"
#include "app/fields.hpp"
#include "app/holding.hpp"
#include "base/digest.hpp"
#include "base/time.hpp"
#include "books/adopt.hpp"
#include "books/behind.hpp"
#include "queue/queue.hpp"

namespace signalfoundry::app {

namespace {

using store::AlertRow;
using store::AlertState;
constexpr std::size_t kBatch = 1000;

// The alert's bytes out of its case, when they are those that got the verdict.
std::optional<std::string> bytes_of(const queue::StateDir& dirs, const RestoreStep& step) {
  const auto dir = dirs.cases.find_path(fmt::format("{}/c-{}", step.date, step.key));
  if (!dir) return std::nullopt;
  auto bytes = dir->read("alert.json", UINT64_MAX)
                   .match([](fs::Content&& c) { return std::optional(std::move(c.bytes)); },
                          [](fs::Gone) { return std::optional<std::string>(); });
  return bytes && sha256_hex(*bytes) == step.sha256 ? bytes : std::nullopt;
}

std::string sha256_of_verdict(store::Store& store, const AlertRow& row) {
  const auto line = store.entry(row.decided_seq);
  const auto entry = line ? OrderedJson::parse(*line, nullptr, false) : OrderedJson();
  return text_at(entry, "/sha256").value_or("");
}

bool has_processed(const queue::StateDir& dirs, const AlertRow& row) {
  const auto dir = dirs.processed.find_path(date_path(row.time_ms));
  return dir && dir->has(row.key + ".json");
}

// What can be restored; `lost` gets the number of those that cannot.
std::vector<RestoreStep> plan_processed(const queue::StateDir& dirs, store::Store& store, std::uint64_t& lost) {
  std::set<std::string> in_work;  // the next run moves these
  for (const auto* dir : {&dirs.queue, &dirs.active, &dirs.accept})
    dir->list([&](const fs::Listed& e) {
      if (const auto name = queue::parse_name(e.name)) in_work.insert(name->key);
      return true;
    });
  std::vector<AlertRow> missing;
  store.each_alert([&](const AlertRow& row) {
    if (row.state == AlertState::triaged && !in_work.contains(row.key) && !has_processed(dirs, row))
      missing.push_back(row);
    return true;
  });
  std::vector<RestoreStep> steps;
  for (const auto& row : missing) {
    RestoreStep step{row.key, date_path(row.time_ms), sha256_of_verdict(store, row)};
    if (bytes_of(dirs, step))
      steps.push_back(std::move(step));
    else
      ++lost;
  }
  return steps;
}

void note(store::Store& store, const std::string& run_id, const std::vector<const RestoreStep*>& steps) {
  store.begin();
  for (const auto* step : steps)
    store.append("repair", run_id, step->key,
                 fmt::format(R"("category":"processed_missing","action":"restore","path":{},"from":{},"sha256":"{}")",
                             json_quote(step->to()), json_quote(step->from()), step->sha256));
  store.commit();
}

// The bytes to disk, then the entries, then the files into their places: nothing is restored without an entry. Killed
// before a file is in its place, it is restored, and noted, once more.
void restore(const queue::StateDir& dirs, store::Store& store, const std::vector<RestoreStep>& steps,
             const std::string& run_id) {
  for (std::size_t at = 0; at < steps.size(); at += kBatch) {
    const auto end = std::min(steps.size(), at + kBatch);
    std::vector<const RestoreStep*> ready;
    for (std::size_t i = at; i < end; ++i) {
      const auto bytes = bytes_of(dirs, steps[i]);
      if (!bytes) continue;
      dirs.staging.remove(steps[i].key + ".json");
      dirs.staging.create_file(steps[i].key + ".json", *bytes);
      ready.push_back(&steps[i]);
    }
    dirs.root.sync_all();
    note(store, run_id, ready);
    for (const auto* step : ready)
      dirs.staging.move(step->key + ".json", dirs.processed.sub_path(step->date), step->key + ".json")
          .match([](bool moved) { return moved; }, [](fs::Gone) { return false; });
    dirs.root.sync_all();
  }
}

// Is on disk, and not in the books.
bool is_unknown(const std::string& category) {
  return category == "case_unknown" || category == "processed_unknown" || category == "pack_unknown" ||
         category == "quarantine_unknown";
}

// Why a person is needed.
const char* why_by_hand(const std::string& category) {
  static const std::map<std::string, const char*> reasons{
      {"case_missing",
       "only the pipeline's cases stage can build a case; the verdict is in the ledger, the alert in "
       "processed/. Restore the case from a backup"},
      {"pack_missing", "only the stage that wrote the pack can build it. Put it back, or restore it from a backup"},
      {"processed_missing", "no case holds the bytes that got the verdict. Restore the file from a backup"},
      {"queue_missing", "its bytes are nowhere on this disk. Put the file back, or fetch the alert from the SIEM"},
      {"quarantine_missing", "its bytes are nowhere on this disk. Restore it from a backup"},
      {"foreign_name", "it may be somebody's evidence. Move it out of the state directory"},
  };
  if (is_unknown(category)) return "the reason is above; nothing is brought in while rows and ledger differ";
  const auto found = reasons.find(category);
  return found != reasons.end() ? found->second
                                : "it is in the books themselves. Keep the state directory, and report it";
}

// Waiting alerts whose file is gone, and whose case or quarantined file says what became of them.
std::uint64_t had_waited(const books::Survey& survey) {
  const auto known = [](const books::Known& k) { return k.accepted_seq != 0; };
  return static_cast<std::uint64_t>(std::count_if(survey.cases.begin(), survey.cases.end(), known) +
                                    std::count_if(survey.quarantined.begin(), survey.quarantined.end(), known));
}

}  // namespace

std::string RestoreStep::from() const {
  return fmt::format("cases/{}/c-{}/alert.json", date, key);
}
std::string RestoreStep::to() const {
  return fmt::format("processed/{}/{}.json", date, key);
}

RepairPlan plan_repair(const queue::StateDir& dirs, store::Store& store, const books::Findings& findings,
                       const Origins& origins) {
  RepairPlan plan;
  // An alert that the ledger has and a row does not would get its fate a second time.
  const bool sound = !findings.mismatches.contains("row_differs") && !findings.mismatches.contains("entry_unknown");
  if (sound) plan.survey = books::survey(dirs, &store, origins);
  const auto& out = plan.survey.findings.mismatches;
  const std::uint64_t explained = had_waited(plan.survey);
  for (const auto& [category, found] : findings.mismatches) {
    std::uint64_t left = found.count;
    if (sound && is_unknown(category)) left = out.contains(category) ? out.at(category).count : 0;
    if (category == "queue_missing") left -= std::min(left, explained);
    if (category == "processed_missing") {
      left = 0;
      plan.steps = plan_processed(dirs, store, left);
    }
    if (left != 0) plan.by_hand[category] = left;
  }
  return plan;
}

void apply_repair(const queue::StateDir& dirs, store::Store& store, RepairPlan& plan) {
  const std::string run_id = pipeline::new_run_id(now_ms());
  if (!plan.survey.empty()) {
    const OrderedJson about{{"rebuilt", true},
                            {"reason", "reconcile --repair: on disk, and not in the books"},
                            {"from", found_json(plan.survey)},
                            {"not_brought_in", plan.survey.findings.total()}};
    const std::string text = one_line(about);
    books::adopt(dirs, store, plan.survey, run_id, text.substr(1, text.size() - 2));
  }
  std::uint64_t lost = 0;
  plan.steps = plan_processed(dirs, store, lost);  // of what was brought in, too
  restore(dirs, store, plan.steps, run_id);
  books::accept_behind(dirs, store);
  plan.applied = true;
}

OrderedJson repair_json(const RepairPlan& plan) {
  OrderedJson steps = OrderedJson::array();
  for (const auto& step : plan.steps)
    steps.push_back({{"category", "processed_missing"},
                     {"key", step.key},
                     {"action", "restore"},
                     {"path", step.to()},
                     {"from", step.from()}});
  return {{"applied", plan.applied},
          {"steps", steps},
          {"brought_in", found_json(plan.survey)},
          {"problems", categories_json(plan.survey.findings.mismatches)},
          {"by_hand", plan.by_hand}};
}

std::string repair_text(const RepairPlan& plan, const books::Findings& findings) {
  std::string out = fmt::format("\nrepair: {} step{}\n", plan.steps.size(), plan.steps.size() == 1 ? "" : "s");
  for (const auto& step : plan.steps)
    out += fmt::format("  {} {} from {}\n", plan.applied ? "restored" : "restore", step.to(), step.from());
  if (!plan.survey.empty())
    out += (plan.applied ? "brought into the books, from the disk:\n" : "bring into the books, from the disk:\n") +
           found_text(plan.survey);
  if (!plan.survey.cases.empty()) out += fmt::format("  {}\n", kMessagesUnknown);
  out += categories_text("problem", plan.survey.findings.mismatches);
  for (const auto& [category, count] : plan.by_hand)
    out += fmt::format("  {} of {} need a person: {} (docs/formats/reconcile.md).\n", count, category,
                       why_by_hand(category));
  if (!findings.notes.empty()) out += "  The notes need no repair: the next run finishes what is unfinished.\n";
  if (!plan.applied && !plan.empty()) out += "Nothing was changed. --yes does it.\n";
  return out;
}

}  // namespace signalfoundry::app
