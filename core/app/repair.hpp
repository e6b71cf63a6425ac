// SPDX-License-Identifier: Apache-2.0
//
// repair.hpp - what `reconcile --repair` can do by itself, what it cannot and why, and the doing.
//
// It adds what is missing from bytes that the ledger or a whole case vouches for; it deletes and overwrites nothing.
// Thread: main, holding the lock.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "app/common.hpp"
#include "books/survey.hpp"

namespace signalfoundry::app {

// Of verdicts that are brought in: what only the ledger that is gone could tell.
constexpr const char* kMessagesUnknown =
    "Messages of these verdicts that were not delivered yet are lost: look at who should have got them.";

// A processed file that is missing and can be had from its case.
struct RestoreStep {
  std::string key;
  std::string date;
  std::string sha256;
  std::string from() const;  // "cases/2026/11/24/c-…/alert.json"
  std::string to() const;    // "processed/2026/11/24/….json"
};

struct RepairPlan {
  std::vector<RestoreStep> steps;
  books::Survey survey;                          // what is on disk and is brought into the books
  std::map<std::string, std::uint64_t> by_hand;  // by category
  bool applied = false;
  bool empty() const { return steps.empty() && survey.empty(); }
};

using Origins = std::function<std::vector<books::Origin>()>;
RepairPlan plan_repair(const queue::StateDir& dirs, store::Store& store, const books::Findings& findings,
                       const Origins& origins);
// Killed at any moment, a second call does the rest. Throws Error.
void apply_repair(const queue::StateDir& dirs, store::Store& store, RepairPlan& plan);

OrderedJson repair_json(const RepairPlan& plan);
std::string repair_text(const RepairPlan& plan, const books::Findings& findings);

}  // namespace signalfoundry::app
