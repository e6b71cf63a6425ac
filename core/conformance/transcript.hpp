// SPDX-License-Identifier: Apache-2.0
//
// transcript.hpp - what a source did in one run, as the books would have it. [any-thread]
#pragma once
#include <signalfoundry/abi/source.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "alert/mapping.hpp"
#include "conformance/test_host.hpp"

namespace signalfoundry::conformance {

// What sf.state/1 holds, by key.
using Kept = std::map<std::string, std::string>;

struct Pushed {
  std::string document;
  std::string doc_id;
  std::string position;
  std::string key;  // as the core derives it; of what it cannot read, the digest of its bytes
  std::string id;   // the SIEM's own, or doc_id
};

struct Asked {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  bool complete = false;
  std::size_t pushed = 0;  // how many were, in this run, when it was reported
};

// A point at which the books may have been written and the process killed.
struct Commit {
  std::size_t taken = 0;  // pushed and rejected before it
  std::string position;
  Kept kept;
};

struct Transcript {
  sf_status status = SF_OK;  // of the last hook: SF_END and SF_AGAIN are good ends
  std::string hook;          // the one that ended the run: "poll"
  std::string sentence;      // of its error
  std::vector<Pushed> pushed;
  std::vector<std::string> rejected;  // keys of what the source itself found to be no alert, by their bytes
  std::vector<Asked> intervals;
  std::vector<Commit> commits;  // after each push and checkpoint
  std::vector<std::string> misuses;
  std::vector<LogLine> log;
  std::string position;  // what the next run is opened with
  Kept kept;
  std::shared_ptr<const Mapping> mapping;  // null where it never came to that
  std::size_t polls = 0;
  std::size_t fs_calls = 0;
  std::size_t fs_first_list = 0;  // which of them listed a directory first; 0: none

  bool good() const { return status == SF_END || status == SF_AGAIN; }
  std::set<std::string> keys() const;
  std::set<std::string> ids() const;
  // "poll failed with SF_RETRY: the indexer …" or "poll ended with SF_END".
  std::string ending() const;
};

const char* status_word(sf_status status);  // "SF_RETRY"; "unknown" for a number that the ABI does not have

}  // namespace signalfoundry::conformance
