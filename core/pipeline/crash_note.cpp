// SPDX-License-Identifier: Apache-2.0
#include "pipeline/crash_note.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#include "base/error.hpp"

namespace signalfoundry::pipeline {

namespace {

struct Text {
  char stage[64];
  char plugin[64];
  char hook[32];
  char file[256];
};
struct Memory {
  Text last;     // the latest call, of any thread
  Text crashed;  // copied by the signal handler
  std::atomic<int> has_crashed;
  std::atomic<int> finished;
  std::atomic<bool> decided;
  std::atomic<bool> delivered;
  std::atomic<int> calls;  // of plugins, under way
  store::Counts totals;
  std::atomic<bool> has_totals;
};
std::mutex last_writer;
Memory* memory = nullptr;
thread_local Text doing{};

template <std::size_t N>
void copy(char (&out)[N], std::string_view text) {
  const std::size_t n = std::min(text.size(), N - 1);
  if (n != 0) std::memcpy(out, text.data(), n);
  out[n] = '\0';
}

void keep_doing() {
  if (memory->has_crashed.exchange(1) == 0) std::memcpy(&memory->crashed, &doing, sizeof doing);
}

void on_signal(int number) {
  keep_doing();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

const Text& text() {
  static const Text nobody{};
  if (memory->has_crashed.load() != 0) return memory->crashed;
  return memory->calls.load() > 0 ? memory->last : nobody;
}

}  // namespace

Doing::Doing(std::string_view stage, std::string_view plugin, std::string_view hook, std::string_view file) {
  copy(doing.stage, stage);
  copy(doing.plugin, plugin);
  copy(doing.hook, hook);
  copy(doing.file, file);
  if (memory == nullptr) return;
  ++memory->calls;
  const std::lock_guard lock(last_writer);
  std::memcpy(&memory->last, &doing, sizeof doing);
}
// A message is delivered by one thread, and who kills the worker afterwards does not do it on that message. Of alerts
// the latest that a thread began with stays: beside it another may be the cause, and is found when its batch runs
// alone.
Doing::~Doing() {
  if (memory != nullptr && std::strcmp(doing.hook, "notify") == 0) {
    const std::lock_guard lock(last_writer);
    if (std::strcmp(memory->last.file, doing.file) == 0) memory->last.file[0] = '\0';
  }
  if (memory != nullptr) --memory->calls;
  doing = Text{};
}

CrashNote& CrashNote::shared() {
  static CrashNote note;
  if (memory == nullptr) {
    void* at = ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw io_error(errno, "cannot share memory with the worker");
    memory = new (at) Memory{};
  }
  return note;
}

void CrashNote::begin() {
  new (memory) Memory{};
}

void CrashNote::install_handlers() {
  // The worker itself ends by _exit(); the handler runs on the thread that called exit().
  std::atexit([] {
    if (memory->finished.load() == 0) keep_doing();
  });
  static char stack[64U << 10U];
  stack_t alternate{};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof stack;
  ::sigaltstack(&alternate, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigaction(number, &action, nullptr);
}

void CrashNote::set_finished(Exit code) {
  memory->finished.store(static_cast<int>(code) + 1);
}
bool CrashNote::finished() const {
  return memory->finished.load() != 0;
}
void CrashNote::set_totals(const store::Counts& totals) {
  memory->totals = totals;
  memory->has_totals.store(true);
}
std::optional<store::Counts> CrashNote::totals() const {
  return memory->has_totals.load() ? std::optional(memory->totals) : std::nullopt;
}
void CrashNote::set_decided() {
  memory->decided.store(true);
}
bool CrashNote::decided() const {
  return memory->decided.load();
}
void CrashNote::set_delivered(bool some) {
  memory->delivered.store(some);
}
bool CrashNote::delivered() const {
  return memory->delivered.load();
}
std::string CrashNote::stage() const {
  return text().stage;
}
std::string CrashNote::plugin() const {
  return text().plugin;
}
std::string CrashNote::hook() const {
  return text().hook;
}
std::string CrashNote::file() const {
  return text().file;
}

}  // namespace signalfoundry::pipeline
