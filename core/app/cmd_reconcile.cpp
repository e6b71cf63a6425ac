// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/fields.hpp"
#include "app/holding.hpp"
#include "app/repair.hpp"
#include "base/text.hpp"
#include "books/behind.hpp"
#include "books/reconcile.hpp"

namespace signalfoundry::app {

namespace {

using store::Count;

books::Findings look(const queue::StateDir& dirs, store::Store& store) {
  auto findings = books::reconcile_all(dirs, store);
  books::check_entries(store, findings);
  return findings;
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

OrderedJson to_json(const books::Findings& findings, const std::vector<Sum>& sums,
                    const std::optional<RepairPlan>& plan) {
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
  if (plan) out["repair"] = repair_json(*plan);
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

fs::Lock take_lock(const std::string& state) {
  const auto root = fs::Dir::open(state);
  if (!root || !root->has("state.db")) {
    store::Store::open(state, false);  // says what is missing, and what to do
    throw Error(Exit::io, "state.db appeared only now. Try again.");
  }
  return hold(*root, "reconcile");
}

// None where a state directory is given instead of a pipeline: then files of a source in the queue are left as they
// are.
std::vector<books::Origin> sources_of(const Options& options) {
  if (!options.pipeline.ends_with(".toml")) return {};
  std::vector<std::string> plugin_path;
  const auto config = load(options, &plugin_path);
  return origins_of(config, plugin_path);
}

}  // namespace

Exit reconcile(const Options& options, bool repair, bool yes) {
  const std::string state = state_of(options);
  const auto lock = take_lock(state);
  const auto store = store::Store::open(state, false);
  const auto dirs = queue::StateDir::open(state);
  auto findings = look(dirs, *store);
  std::optional<RepairPlan> plan;
  if (repair) plan = plan_repair(dirs, *store, findings, [&] { return sources_of(options); });
  if (plan && yes && (!plan->empty() || !books::behind(books::head_of(books::last_heartbeat(dirs)), *store).empty())) {
    store->guard(store->take_epoch(), [&] { check_held(lock); });
    apply_repair(dirs, *store, *plan);
    findings = look(dirs, *store);
  }
  const auto sums = sums_of(*store);
  if (options.json)
    print_line(one_line(to_json(findings, sums, plan)));
  else
    print(to_text(findings, sums) + (plan ? repair_text(*plan, findings) : ""));
  return findings.total() == 0 ? Exit::ok : Exit::mismatch;
}

}  // namespace signalfoundry::app
