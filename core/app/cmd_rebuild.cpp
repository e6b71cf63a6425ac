// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "app/commands.hpp"
#include "app/fields.hpp"
#include "app/holding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/adopt.hpp"
#include "books/behind.hpp"

namespace signalfoundry::app {

namespace {

constexpr const char* kWork = "rebuild";  // in .staging/: what is left there is removed by the next run
constexpr std::string_view kAside = "state.db.damaged-";
constexpr const char* kLostWithIt =
    "Lost with the old ledger: cursors and intervals (each source begins where its settings say; what it brings again "
    "is a duplicate by its key), the count of duplicates, the inputs of verdicts, attempts, undelivered messages.";

// What is wrong with the ledger; "": nothing. Throws Error where that cannot be told.
std::string damage_of(const std::string& state, const fs::Dir& root) {
  if (!root.has("state.db")) return "state.db is missing";
  try {
    const auto store = store::Store::open(state, false, true);
    if (const auto damage = store->damage(); !damage.empty()) return "state.db is damaged: " + printable(damage);
    const auto chain = books::verify_chain(*store);
    return chain.problem.empty() ? "" : "state.db is damaged: " + chain.problem;
  } catch (const store::OtherVersion&) {
    throw;
  } catch (const Error& e) {
    if (e.code() != Exit::io) throw;
    const std::string_view said = e.what();
    return std::string(said.substr(0, said.find(". ")));
  }
}

struct Rebuild {
  std::string run_id;
  std::string reason;
  std::vector<std::string> aside;  // earlier ledgers, this one's name last
  books::Survey survey;
  std::optional<store::Head> head;  // of the new ledger, once it is there
};

std::vector<std::string> earlier_ledgers(const fs::Dir& root) {
  std::vector<std::string> out;
  root.list([&](const fs::Listed& e) {
    if (e.name.starts_with(kAside)) out.emplace_back(printable(e.name));
    return true;
  });
  std::sort(out.begin(), out.end());
  return out;
}

std::string about(const Rebuild& rebuild) {
  const OrderedJson json{{"rebuilt", true},
                         {"reason", rebuild.reason},
                         {"from", found_json(rebuild.survey)},
                         {"not_brought_in", rebuild.survey.findings.total()},
                         {"set_aside", rebuild.aside}};
  const std::string text = one_line(json);
  return text.substr(1, text.size() - 2);
}

// Renamed, never removed. state.db goes first: what belongs to it is no ledger without it.
void set_aside(const fs::Dir& root, const std::string& run_id) {
  for (const char* side : {"", "-journal", "-wal", "-shm"}) {
    const std::string to = std::string(kAside) + run_id + side;
    const bool done = root.move(std::string("state.db") + side, root, to)
                          .match([](bool moved) { return moved; }, [](fs::Gone) { return true; });
    if (!done) throw Error(Exit::io, to + " is there already. Nothing was replaced; try again.");
  }
  root.sync_all();
}

// The new ledger is whole, and on disk, before the old one is moved; killed anywhere, a second call does the rest.
void build(const queue::StateDir& dirs, const std::string& state, Rebuild& rebuild) {
  dirs.staging.remove_tree(kWork);
  const auto work = dirs.staging.sub(kWork);
  {
    const auto store = store::Store::open(state + "/.staging/" + kWork, true);
    books::adopt(dirs, *store, rebuild.survey, rebuild.run_id, about(rebuild));
    books::accept_behind(dirs, *store);
    rebuild.head = store->head();
  }
  if (work.has("state.db-wal"))
    throw Error(Exit::io, "the new ledger could not be closed. Nothing was changed; try again.");
  dirs.root.sync_all();
  set_aside(dirs.root, rebuild.run_id);
  const bool placed = work.move("state.db", dirs.root, "state.db")
                          .match([](bool moved) { return moved; }, [](fs::Gone) { return false; });
  if (!placed) throw Error(Exit::io, "somebody put a state.db into " + printable(state) + " meanwhile. Try again.");
  dirs.root.sync_all();
  dirs.staging.remove_tree(kWork);
}

OrderedJson to_json(const Rebuild& rebuild) {
  OrderedJson out{{"applied", rebuild.head.has_value()}, {"reason", rebuild.reason}};
  out.update(found_json(rebuild.survey));
  out["problems"] = categories_json(rebuild.survey.findings.mismatches);
  out["notes"] = categories_json(rebuild.survey.findings.notes);
  out["set_aside"] = rebuild.aside;
  out["ledger"] =
      rebuild.head ? OrderedJson{{"entries", rebuild.head->entries}, {"head", rebuild.head->hash}} : OrderedJson();
  return out;
}

std::string to_text(const Rebuild& rebuild) {
  const bool done = rebuild.head.has_value();
  std::string out = rebuild.reason + ".\n" + (done ? "Brought into a new ledger" : "A rebuild would bring in") +
                    " from the disk:\n" + found_text(rebuild.survey) +
                    categories_text("problem", rebuild.survey.findings.mismatches) +
                    categories_text("note", rebuild.survey.findings.notes) + kLostWithIt + "\n";
  for (const auto& name : rebuild.aside) out += fmt::format("{} {}\n", done ? "kept as" : "is kept as", name);
  if (!done) return out + "Nothing was changed. --yes does it.\n";
  return out + fmt::format("{} entries, head {}. Next: `signalfoundry reconcile`, then a run.\n", rebuild.head->entries,
                           rebuild.head->hash);
}

}  // namespace

Exit ledger_rebuild(const Options& options, bool yes) {
  std::vector<std::string> plugin_path;
  const auto config = load(options, &plugin_path);
  const auto root = fs::Dir::open(config.state);
  if (!root)
    throw Error(Exit::io, "there is no state directory " + printable(config.state, 4096) + ". Start a run first.");
  const auto lock = hold(*root, "ledger rebuild");
  const auto dirs = queue::StateDir::open(config.state);
  Rebuild rebuild{pipeline::new_run_id(now_ms()), damage_of(config.state, *root), earlier_ledgers(*root), {}, {}};
  if (rebuild.reason.empty())
    throw Error(Exit::usage,
                "state.db in " + printable(config.state, 4096) +
                    " is in order: nothing is rebuilt. `signalfoundry reconcile` compares it with the disk.");
  if (!root->has("state.db") && !root->has("state.db-wal") && rebuild.aside.empty() && !dirs.has_history())
    throw Error(Exit::usage, "nothing was recorded in " + printable(config.state, 4096) +
                                 " yet: the first run makes its ledger by itself.");
  for (const char* side : {"", "-journal", "-wal", "-shm"})
    if (root->has(std::string("state.db") + side)) rebuild.aside.push_back(std::string(kAside) + rebuild.run_id + side);
  rebuild.survey = books::survey(dirs, nullptr, [&] { return origins_of(config, plugin_path); });
  if (yes) {
    try {
      build(dirs, config.state, rebuild);
    } catch (...) {
      dirs.staging.remove_tree(kWork);  // it may be what filled the disk
      throw;
    }
  }
  if (options.json)
    print_line(one_line(to_json(rebuild)));
  else
    print(to_text(rebuild));
  return rebuild.survey.findings.total() == 0 ? Exit::ok : Exit::mismatch;
}

}  // namespace signalfoundry::app
