// SPDX-License-Identifier: Apache-2.0
//
// crash_note.hpp - memory shared by the supervising parent and the worker: what a worker was doing when it died.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/exit_code.hpp"
#include "store/store.hpp"

namespace signalfoundry::pipeline {

// Who is being called, set by each thread around a plugin's hook. [any-thread]
class Doing {
 public:
  Doing(std::string_view stage, std::string_view plugin, std::string_view hook, std::string_view file = {});
  ~Doing();
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;
};

class CrashNote {
 public:
  // Maps the shared memory; before the fork.
  static CrashNote& shared();
  // In the parent, before each fork: forgets the run before.
  void begin();
  // In the worker: on SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and exit() the thread's Doing is copied here, then the
  // process dies.
  void install_handlers();
  // In the worker, at its end: without it the parent takes any exit for a plugin's.
  void set_finished(Exit code);
  bool finished() const;
  // In the worker, before it changes the books: the lifetime's counts, from which the parent tells what it added.
  void set_totals(const store::Counts& totals);
  std::optional<store::Counts> totals() const;
  // In the worker: alerts got verdicts that are in the books. [any-thread]
  void set_decided();
  bool decided() const;
  // In the worker: the notifier at hand delivered a message, which is in the books. [any-thread]
  void set_delivered(bool some);
  bool delivered() const;
  // Where the worker is, for a death that runs no handler (SIGKILL, _exit()): its latest call of a plugin; "" while no
  // plugin is called, when the runner itself was at work.
  std::string stage() const;
  std::string plugin() const;
  std::string hook() const;
  // The queue file whose alert was being triaged, or the id of the message on its way; of a message "" when the
  // call was over.
  std::string file() const;
};

}  // namespace signalfoundry::pipeline
