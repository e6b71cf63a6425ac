// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "alert/json.hpp"
#include "app/commands.hpp"
#include "app/fields.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/reconcile.hpp"
#include "queue/queue.hpp"

namespace signalfoundry::app {

namespace {

using store::AlertRow;
using store::AlertState;
using store::Count;
constexpr std::size_t kBatch = 1000;

// A processed file that is missing and can be had from its case.
struct Step {
  std::string key;
  std::string date;
  std::string sha256;
  std::string from() const { return fmt::format("cases/{}/c-{}/alert.json", date, key); }
  std::string to() const { return fmt::format("processed/{}/{}.json", date, key); }
};

struct Plan {
  std::vector<Step> steps;
  std::map<std::string, std::uint64_t> by_hand;  // by category
  bool applied = false;
};

bool there(const std::optional<fs::Dir>& dir, const std::string& name) {
  return dir && dir->stat(name).match([](const fs::Info&) { return true; }, [](fs::Gone) { return false; });
}

// The alert's bytes out of its case, when they are those that got the verdict.
std::optional<std::string> bytes_of(const queue::StateDir& dirs, const Step& step) {
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

void plan_processed(const queue::StateDir& dirs, store::Store& store, Plan& plan) {
  std::set<std::string> in_work;  // the next run moves these
  for (const auto* dir : {&dirs.queue, &dirs.active, &dirs.accept})
    dir->list([&](const fs::Listed& e) {
      if (const auto name = queue::parse_name(e.name)) in_work.insert(name->key);
      return true;
    });
  std::vector<AlertRow> missing;
  store.each_alert([&](const AlertRow& row) {
    if (row.state == AlertState::triaged && !in_work.contains(row.key) &&
        !there(dirs.processed.find_path(date_path(row.time_ms)), row.key + ".json"))
      missing.push_back(row);
    return true;
  });
  std::uint64_t lost = 0;
  for (const auto& row : missing) {
    Step step{row.key, date_path(row.time_ms), sha256_of_verdict(store, row)};
    if (bytes_of(dirs, step))
      plan.steps.push_back(std::move(step));
    else
      ++lost;
  }
  if (lost != 0) plan.by_hand["processed_missing"] = lost;
}

Plan make_plan(const queue::StateDir& dirs, store::Store& store, const books::Findings& findings) {
  Plan plan;
  for (const auto& [category, found] : findings.mismatches) {
    if (category == "processed_missing")
      plan_processed(dirs, store, plan);
    else
      plan.by_hand[category] = found.count;
  }
  return plan;
}

// Files first, on disk, then the entries: what the ledger says was done is there.
void apply(const queue::StateDir& dirs, store::Store& store, Plan& plan) {
  const std::string run_id = pipeline::new_run_id(now_ms());
  for (std::size_t at = 0; at < plan.steps.size(); at += kBatch) {
    const auto end = std::min(plan.steps.size(), at + kBatch);
    std::vector<const Step*> done;
    for (std::size_t i = at; i < end; ++i) {
      const Step& step = plan.steps[i];
      const auto bytes = bytes_of(dirs, step);
      if (!bytes) continue;
      const std::string name = step.key + ".json";
      dirs.staging.remove(name);
      dirs.staging.create_file(name, *bytes);
      done.push_back(&step);
    }
    dirs.root.sync_all();
    for (const auto* step : done)
      dirs.staging.move(step->key + ".json", dirs.processed.sub_path(step->date), step->key + ".json")
          .match([](bool moved) { return moved; }, [](fs::Gone) { return false; });
    dirs.root.sync_all();
    store.begin();
    for (const auto* step : done)
      store.append(
          "repair", run_id, step->key,
          fmt::format(R"("category":"processed_missing","action":"restored","path":{},"from":{},"sha256":"{}")",
                      json_quote(step->to()), json_quote(step->from()), step->sha256));
    store.commit();
  }
  plan.applied = true;
}

books::Findings look(const queue::StateDir& dirs, store::Store& store) {
  return books::reconcile_all(dirs, store);
}

// ---- output

struct Sum {
  const char* name;
  std::uint64_t left;
  std::vector<std::pair<const char*, std::uint64_t>> parts;
  bool holds() const {
    std::uint64_t sum = 0;
    for (const auto& [part, value] : parts) sum += value;
    return sum == left;
  }
};

std::vector<Sum> sums_of(store::Store& store) {
  const auto t = store.totals();
  return {{"accepted",
           t[Count::accepted],
           {{"waiting", store.waiting()}, {"triaged", t[Count::triaged]}, {"quarantined", t[Count::quarantined]}}},
          {"fetched", t[Count::fetched], {{"accepted", t[Count::accepted]}, {"duplicate", t[Count::duplicate]}}},
          {"triaged",
           t[Count::triaged],
           {{"benign", t[Count::benign]},
            {"known_fp", t[Count::known_fp]},
            {"review", t[Count::review]},
            {"escalated", t[Count::escalated]}}}};
}

OrderedJson categories_json(const std::map<std::string, books::Category>& categories) {
  OrderedJson out = OrderedJson::object();
  for (const auto& [name, category] : categories)
    out[name] = {{"count", category.count}, {"examples", category.examples}};
  return out;
}

OrderedJson plan_json(const Plan& plan) {
  OrderedJson steps = OrderedJson::array();
  for (const auto& step : plan.steps)
    steps.push_back({{"category", "processed_missing"},
                     {"key", step.key},
                     {"action", "restore"},
                     {"path", step.to()},
                     {"from", step.from()}});
  return {{"applied", plan.applied}, {"steps", steps}, {"by_hand", plan.by_hand}};
}

OrderedJson to_json(const books::Findings& findings, const std::vector<Sum>& sums, const std::optional<Plan>& plan) {
  OrderedJson out{{"checked", findings.checked},
                  {"mismatches", findings.total()},
                  {"categories", categories_json(findings.mismatches)},
                  {"notes", categories_json(findings.notes)}};
  for (const auto& sum : sums) {
    OrderedJson& json = out["sums"][sum.name];
    json["total"] = sum.left;
    for (const auto& [part, value] : sum.parts) json[part] = value;
    json["holds"] = sum.holds();
  }
  if (plan) out["repair"] = plan_json(*plan);
  return out;
}

std::string categories_text(const char* title, const std::map<std::string, books::Category>& categories) {
  std::string out;
  for (const auto& [name, category] : categories) {
    out += fmt::format("{} {}: {}\n", title, name, category.count);
    for (const auto& example : category.examples) out += "  " + printable(example, 300) + "\n";
    if (category.count > category.examples.size())
      out += fmt::format("  and {} more\n", category.count - category.examples.size());
  }
  return out;
}

std::string to_text(const books::Findings& findings, const std::vector<Sum>& sums) {
  std::string out = fmt::format("{} alerts checked, {} mismatches\n", findings.checked, findings.total());
  for (const auto& sum : sums) {
    std::string parts;
    for (const auto& [part, value] : sum.parts)
      parts += fmt::format("{}{} {}", parts.empty() ? "" : " + ", part, value);
    out += fmt::format("  {} {} = {}{}\n", sum.name, sum.left, parts, sum.holds() ? "" : "   DOES NOT HOLD");
  }
  out += categories_text("mismatch", findings.mismatches);
  out += categories_text("note", findings.notes);
  if (findings.total() != 0) out += "What each category means and what to do: docs/formats/reconcile.md\n";
  return out;
}

std::string plan_text(const Plan& plan) {
  std::string out = fmt::format("\nrepair: {} step{}\n", plan.steps.size(), plan.steps.size() == 1 ? "" : "s");
  for (const auto& step : plan.steps)
    out += fmt::format("  {} {} from {}\n", plan.applied ? "restored" : "restore", step.to(), step.from());
  for (const auto& [category, count] : plan.by_hand)
    out += fmt::format("  {} of {} need a person: docs/formats/reconcile.md\n", count, category);
  if (!plan.applied && !plan.steps.empty()) out += "Nothing was changed. --yes does it.\n";
  return out;
}

fs::Lock take_lock(const std::string& state) {
  const auto root = fs::Dir::open(state);
  if (!there(root, "state.db")) {
    store::Store::open(state, false);  // says what is missing, and what to do
    throw Error(Exit::io, "state.db appeared only now. Try again.");
  }
  const std::string owner =
      OrderedJson{{"pid", ::getpid()}, {"command", "reconcile"}, {"since", rfc3339(now_ms())}}.dump() + "\n";
  auto lock = fs::Lock::try_take(*root, "lock", owner);
  if (!lock)
    throw Error(
        Exit::locked,
        "a run holds the lock of " + printable(state, 4096) +
            ", and what it has in work would look like mismatches. Try again when it is over; what the runs themselves "
            "find is in heartbeat.json.");
  return std::move(*lock);
}

}  // namespace

Exit reconcile(const Options& options, bool repair, bool yes) {
  const std::string state = state_of(options);
  const auto lock = take_lock(state);
  const auto store = store::Store::open(state, false);
  const auto dirs = queue::StateDir::open(state);
  auto findings = look(dirs, *store);
  std::optional<Plan> plan;
  if (repair) plan = make_plan(dirs, *store, findings);
  if (plan && yes && !plan->steps.empty()) {
    apply(dirs, *store, *plan);
    findings = look(dirs, *store);
  }
  const auto sums = sums_of(*store);
  if (options.json)
    print_line(one_line(to_json(findings, sums, plan)));
  else
    print(to_text(findings, sums) + (plan ? plan_text(*plan) : ""));
  return findings.total() == 0 ? Exit::ok : Exit::mismatch;
}

}  // namespace signalfoundry::app
