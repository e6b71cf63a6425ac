// SPDX-License-Identifier: Apache-2.0
//
// item.hpp - one file of the active set on its way through a batch.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert.hpp"
#include "base/digest.hpp"
#include "plugin/record.hpp"
#include "store/store.hpp"

namespace signalfoundry::pipeline {

constexpr int kAttemptsMax = 3;  // runs in which an alert fails, or crashes a plugin, before it goes to quarantine

struct Note {
  std::string kind;
  std::string fields;  // JSON members
};

// To the other side, once the verdict is committed (delivery.hpp).
struct Message {
  std::string stage;  // that sent it
  std::string payload;
};

struct Item {
  enum class State {
    todo,
    gone,      // vanished before it was claimed
    left,      // not a file, or its name is taken: back in the queue, or never taken from it
    rejected,  // no alert: to quarantine with `reason`
    failed,    // a plugin failed on it: back to the queue, tried by a later run
    settled,   // a duplicate, or decided by a run that crashed: no new verdict
    ready,     // has a verdict
  };

  std::string name;       // in queue/ or active/
  bool leftover = false;  // was in active/ when the run started
  State state = State::todo;
  int attempts = 0;  // of earlier runs, failed or crashed

  // Of an alert that was accepted before, and may have its fate: what the books say of it.
  std::optional<store::AlertRow> row;
  std::string source;
  std::string accepted_sha256;
  std::uint64_t accepted_bytes = 0;  // 0: not known
  std::string accepted_id;           // the SIEM's id; of a search hit it is not in the bytes
  std::shared_ptr<const Mapping> mapping;

  std::unique_ptr<Alert> alert;
  plugin::Record record;
  std::size_t triage_plan = 0;  // which triage stage decided
  std::string key;              // of alert or rejection
  std::string sha256;           // of the bytes (rejection: of what was read)
  std::uint64_t size = 0;       // of the file, bytes
  bool whole = true;            // it was read to its end
  bool other_bytes = false;     // it bears the key of a waiting alert, and its bytes are not those that were accepted
  std::int64_t received_ms = 0;
  std::string reason;        // rejected, failed
  std::string failed_stage;  // failed: by this stage
  std::string quarantine_file;
  bool built = false;  // the stages had it: its case and pack may be on disk, and are of this batch
  std::vector<Note> notes;
  std::vector<Message> outbox;

  // Tells it from other files: the digest of its bytes, or of its size and beginning.
  std::string digest() const { return whole ? sha256 : sha256_hex(std::to_string(size) + ":" + sha256); }
};

}  // namespace signalfoundry::pipeline
