// SPDX-License-Identifier: Apache-2.0
//
// survey.hpp - what of cases, packs, quarantine and queue the books do not know and could be told: the reading half of
// `ledger rebuild` and of a repair after an older ledger was restored.
//
// Everything on disk is hostile: a case counts only where its parts agree with each other. Nothing is changed. Thread:
// a command that holds the lock.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "alert/alert.hpp"
#include "books/reconcile.hpp"

namespace signalfoundry::books {

// A source of the pipeline: an alert's key follows from its name, and from the mapping with which it is read.
struct Origin {
  std::string stage;
  std::shared_ptr<const Mapping> mapping;
};

// What adopt() writes of an `accepted` entry; and of its row.
struct Known {
  std::string key;
  std::string accepted_fields;    // members of the entry
  std::int64_t accepted_seq = 0;  // 0: the books have no such entry yet
  std::int64_t time_ms = 0;
};
struct FoundPack {
  std::string manifest_sha256;
  std::size_t files = 0;
};
struct FoundCase : Known {
  std::string date;  // "2026/11/24"
  std::int64_t seq = 0;
  store::Disposition disposition = store::Disposition::none;
};
struct FoundQuarantined : Known {
  std::string quarantined_fields;
};
struct FoundWaiting : Known {
  std::string mapping;  // its text
};

struct Survey {
  std::vector<FoundCase> cases;            // in the order of their numbers in the ledger that was
  std::map<std::string, FoundPack> packs;  // by key, of `cases`
  std::vector<FoundQuarantined> quarantined;
  std::vector<FoundWaiting> waiting;
  Findings findings;  // mismatches: what cannot be brought in, each with the reason; notes: what is no alert's fate
  bool empty() const { return cases.empty() && quarantined.empty() && waiting.empty(); }
};

// `store`: the books as they are; null: there are none. `origins` is asked once, and only when files of a source wait.
Survey survey(const queue::StateDir& dirs, store::Store* store, const std::function<std::vector<Origin>()>& origins);

// case.json as members of a `verdict` entry. Throws Rejected when the case is not whole, or not the one it should be.
struct CaseFile {
  store::Disposition disposition = store::Disposition::none;
  std::int64_t seq = 0;
  std::int64_t time_ms = 0;
  std::string source;    // JSON text, as the next two
  std::string alert_id;  // may be null
  std::string sha256;
  std::string verdict_fields;
};
CaseFile read_case(const queue::StateDir& dirs, const std::string& date, const std::string& key);

}  // namespace signalfoundry::books
