// SPDX-License-Identifier: Apache-2.0
//
// context.hpp - what the parts of one worker process share.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "alert/mapping.hpp"
#include "config/pipeline_config.hpp"
#include "http/client.hpp"
#include "pipeline/report.hpp"
#include "plugin/host.hpp"
#include "queue/queue.hpp"
#include "store/store.hpp"

namespace signalfoundry::pipeline {

struct Context {
  const config::PipelineConfig& config;
  queue::Queue& queue;
  store::Store& store;
  Report& report;
  plugin::Shared& shared;
  const std::atomic<bool>& stop;
  std::shared_ptr<const Mapping> drop_in_mapping;                       // of the first source, else Wazuh 4
  std::map<std::string, std::shared_ptr<const Mapping>> mappings = {};  // by digest, 16 hex
  std::function<void()> progress = [] {};                               // after each commit

  // Stores the mapping under its digest; inside the transaction of the entries that name it.
  void remember(const Mapping& mapping);
  // A mapping by digest, from memory or the store. The drop-in mapping when it is unknown.
  std::shared_ptr<const Mapping> mapping_of(const std::string& digest);
  // Writes what the stages put into sf.state/1; inside a transaction. After its commit stage_state_kept(); without
  // it the next transaction writes the same again.
  void write_stage_state();
  void stage_state_kept();

  plugin::StageState::Values written_state = {};
};

// The members of a ledger entry that says an alert was accepted.
std::string accepted_fields(const Alert& alert);
// Of something that is no alert.
std::string rejected_fields(std::string_view source, std::string_view sha256, std::string_view name);
std::string quarantined_fields(std::string_view reason, std::string_view file);

}  // namespace signalfoundry::pipeline
