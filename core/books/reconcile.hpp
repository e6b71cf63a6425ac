// SPDX-License-Identifier: Apache-2.0
//
// reconcile.hpp - the ledger against the disk, by id: what must be there, what must not, and whether the sums hold.
//
// Thread: the coordinator, or a command while no run holds the lock.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "queue/state_dir.hpp"
#include "store/store.hpp"

namespace signalfoundry::books {

// The blob that says that verdicts here have cases: a pipeline without a cases stage has none, one that lost them has.
constexpr const char* kHasCases = "has_cases";

struct Category {
  std::uint64_t count = 0;
  std::vector<std::string> examples;  // at most 10: keys or names
};

struct Findings {
  std::uint64_t checked = 0;                   // alerts looked at
  std::map<std::string, Category> mismatches;  // by category, docs/formats/reconcile.md
  std::map<std::string, Category> notes;  // seen and harmless: an interrupted run's work that the next run finishes
  std::uint64_t total() const;
  void add(std::map<std::string, Category>& where, const std::string& category, const std::string& example);
};

// Everything: alerts, queue, active, processed, quarantine, cases, packs, totals. One pass over each; names only.
Findings reconcile_all(const queue::StateDir& dirs, store::Store& store);
// The rows that all this goes by against the ledger's entries: one pass over the ledger. Adds to `findings`.
void check_entries(store::Store& store, Findings& findings);
// Accepted alerts that wait, and whose file is in none of queue/, active/ and .accept/: `queue_missing`. Names only.
Findings reconcile_waiting(const queue::StateDir& dirs, store::Store& store);
// These alerts (decided by the present run), and the sums. Its cost grows with their number only.
Findings reconcile_some(const queue::StateDir& dirs, store::Store& store, const std::vector<std::string>& keys);

// The ledger's chain: every hash, every link, no number missing.
struct ChainCheck {
  std::int64_t entries = 0;
  std::string head = std::string(64, '0');
  std::string problem;  // "" when it holds
};
ChainCheck verify_chain(store::Store& store);

}  // namespace signalfoundry::books
