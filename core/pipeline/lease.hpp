// SPDX-License-Identifier: Apache-2.0
//
// lease.hpp - who may run on a state directory: the lock, and the epoch that fences off a run that lost it without
// knowing (docs/adr/0006-lease.md).
//
// Taken by the supervising parent and kept by each worker that it forks, so it ends when the last of them does.
// Thread: the main thread, unless said otherwise.
#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "fs/dir.hpp"
#include "queue/state_dir.hpp"
#include "store/store.hpp"

namespace signalfoundry::pipeline {

class Lease {
 public:
  // Nothing: another process holds it, or still does some seconds after its owner died.
  static std::optional<Lease> try_take(const queue::StateDir& dirs, const std::string& run_id);
  // Waits until the holder ends or dies, and says who that is; nothing when `stop` was set. Before threads are started.
  static std::optional<Lease> wait(const queue::StateDir& dirs, const std::string& run_id,
                                   const std::atomic<bool>& stop);
  // Who wrote itself into the lock file, for a person: "pid 12, run 2026..., since ...". Bounded and escaped.
  static std::string holder(const queue::StateDir& dirs);

  // Throws Error(locked) when the lock file is no longer the one that is held. [any-thread]
  void check() const;
  // In whoever is about to write into the books: from here on every transaction fails once this lease is lost. The
  // first call of a lease takes the epoch, which all processes that share it see. Throws Error(locked). The lease
  // outlives the store.
  void guard(store::Store& store) const;
  std::int64_t epoch() const { return epoch_->load(); }  // 0: not taken yet. [any-thread]

 private:
  explicit Lease(fs::Lock lock);
  fs::Lock lock_;
  std::shared_ptr<std::atomic<std::int64_t>> epoch_;  // memory that the worker shares
};

}  // namespace signalfoundry::pipeline
