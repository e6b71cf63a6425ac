// SPDX-License-Identifier: Apache-2.0
//
// host.hpp - the runner as one plugin instance sees it: the services of the ABI, bound to a stage.
//
// Thread: one Host per instance; its services are called as the ABI's tags say.
#pragma once
#include <signalfoundry/abi/all.h>

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/pipeline_config.hpp"
#include "http/client.hpp"
#include "plugin/metrics.hpp"
#include "plugin/record.hpp"
#include "queue/queue.hpp"

namespace signalfoundry::plugin {

// The values that stages keep between runs: read when the run starts, written with the next commit. [any-thread]
class StageState {
 public:
  std::optional<std::string> get(const std::string& stage, const std::string& key) const;
  void load(const std::string& stage, const std::string& key, std::string value);
  void put(const std::string& stage, const std::string& key, std::string value);
  using Values = std::map<std::pair<std::string, std::string>, std::string>;  // (stage, key) to value
  // What was put and is not in the books.
  Values changed() const;
  bool any_changed() const;
  // `written` is in the books: after the commit, so that what a rollback took is written with the next one.
  void kept(const Values& written);
  // What the stage put and is not in the books is not to be written.
  void forget_changed(const std::string& stage);

 private:
  mutable std::mutex mutex_;
  Values values_;
  Values changed_;
};

// What all hosts of a run share. The functions are called on the coordinator's thread only.
struct Shared {
  queue::Queue* queue = nullptr;
  http::Client* http = nullptr;
  Metrics* metrics = nullptr;
  StageState* state = nullptr;
  const std::atomic<bool>* stop = nullptr;
  std::function<std::string()> report;
  std::function<std::string(const std::string& scope)> reconcile;
  // Throws Error(config) for a name or JSON that is refused. Not set where there is no report.
  std::function<void(const std::string& stage, const std::string& name, std::string_view json,
                     std::vector<std::string> findings)>
      watch = {};
  std::atomic<std::uint64_t> vanished{0};  // by sf.fs/1 on listed entries
  std::atomic<std::uint64_t> changed{0};
};

class Host {
 public:
  Host(Shared& shared, const config::StageConfig& stage);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();
  const sf_host* raw() const { return &raw_; }

  // For the service tables.
  struct Tree {
    std::string name;  // in staging
    fs::Dir dir;
    const fs::Dir* root;
    std::string path;
  };
  static Host& of(const sf_host* host) { return *static_cast<Host*>(host->impl); }
  Shared& shared;
  const config::StageConfig& stage;
  std::vector<CompiledPathPtr> paths;
  std::deque<fs::Dir> dirs;  // stable addresses: an sf_dir is one of these
  std::list<Tree> trees;
  std::map<std::string, fs::Dir> parents;  // of published trees, the last few

 private:
  sf_host raw_;
};

// The table of a service by id, or null.
const void* service(std::string_view id);
// The ids that this host serves, for the gate.
const std::vector<std::string>& service_ids();

extern const sf_fs_api kFsService;

// What is being thrown now, as a status and a sentence in `error`. Call it in a catch block.
sf_status failure(const char* where, sf_error* error) noexcept;

// Runs a service call: what it throws becomes a status and a sentence.
template <class F>
sf_status answer(const char* where, sf_error* error, F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    return failure(where, error);
  }
}

}  // namespace signalfoundry::plugin
