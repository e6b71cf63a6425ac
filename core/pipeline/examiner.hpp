// SPDX-License-Identifier: Apache-2.0
//
// examiner.hpp - one worker's part before the books: claim, read, parse, triage. Touches no store.
//
// Thread: one per worker; several workers examine different items at once.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "pipeline/context.hpp"
#include "pipeline/instance.hpp"
#include "pipeline/item.hpp"

namespace signalfoundry::pipeline {

// One triage stage of the pipeline: what all its instances share.
struct TriagePlan {
  const config::StageConfig* stage;
  const plugin::Plugin* plugin;
  std::string inputs_json;    // everything a verdict depends on besides the alert
  std::string inputs_digest;  // its first 16 hex digits
};

class Examiner {
 public:
  Examiner(const Context& context, std::vector<std::unique_ptr<Instance>> triages)
      : context_(context), triages_(std::move(triages)) {}
  // Takes an item from todo to another state. Throws Error on real faults; StageError when triage must stop.
  void examine(Item& item, const std::vector<TriagePlan>& plans);

 private:
  bool claim(Item& item) const;
  void parse(Item& item, fs::Content&& content) const;
  bool read(Item& item) const;
  bool read_or_leave(Item& item) const;
  void triage(Item& item, const std::vector<TriagePlan>& plans);

  const Context& context_;
  std::vector<std::unique_ptr<Instance>> triages_;
  int failures_in_a_row_ = 0;
};

}  // namespace signalfoundry::pipeline
