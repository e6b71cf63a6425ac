// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lease.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <limits>
#include <new>

#include "alert/json.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "pipeline/report.hpp"

namespace signalfoundry::pipeline {

namespace {

constexpr std::int64_t kLetGoMs = 5'000;
constexpr std::uint64_t kOwnerMax = 256;
using Epoch = std::atomic<std::int64_t>;
static_assert(Epoch::is_always_lock_free, "it is shared between processes");

std::shared_ptr<Epoch> shared_epoch() {
  void* at = ::mmap(nullptr, sizeof(Epoch), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw io_error(errno, "cannot share memory with the worker");
  return {new (at) Epoch(0), [](Epoch* epoch) { ::munmap(epoch, sizeof *epoch); }};
}

Json owner_of(const queue::StateDir& dirs) {
  const std::string text =
      dirs.root.read("lock", kOwnerMax)
          .match([](fs::Content&& c) { return std::move(c.bytes); }, [](fs::Gone) { return std::string(); });
  Json owner = Json::parse(text, nullptr, false);
  return owner.is_object() ? owner : Json::object();
}

// Is the process that wrote itself into the lock still there? A holder that was killed takes a moment to let go.
bool owner_alive(const queue::StateDir& dirs) {
  const Json owner = owner_of(dirs);
  const auto pid = owner.find("pid");
  if (pid == owner.end() || !pid->is_number_integer()) return true;
  const auto number = pid->get<std::int64_t>();
  if (number <= 0 || number > std::numeric_limits<pid_t>::max()) return true;
  return ::kill(static_cast<pid_t>(number), 0) == 0 || errno != ESRCH;
}

std::string myself(const std::string& run_id) {
  return OrderedJson{{"pid", ::getpid()}, {"run_id", run_id}, {"since", rfc3339(now_ms())}}.dump() + "\n";
}

}  // namespace

Lease::Lease(fs::Lock lock) : lock_(std::move(lock)), epoch_(shared_epoch()) {}

std::optional<Lease> Lease::try_take(const queue::StateDir& dirs, const std::string& run_id) {
  for (const auto until = monotonic_ms() + kLetGoMs;;) {
    if (auto lock = fs::Lock::try_take(dirs.root, "lock", myself(run_id))) return Lease(std::move(*lock));
    if (owner_alive(dirs) || monotonic_ms() >= until) return std::nullopt;
    ::poll(nullptr, 0, 10);
  }
}

std::optional<Lease> Lease::wait(const queue::StateDir& dirs, const std::string& run_id,
                                 const std::atomic<bool>& stop) {
  if (auto lock = fs::Lock::try_take(dirs.root, "lock", myself(run_id))) return Lease(std::move(*lock));
  const std::string before = holder(dirs);
  log::info("standby",
            fmt::format("{} holds the lock of {}; waiting until it ends", before, printable(dirs.root.path())));
  auto lock = fs::Lock::wait(dirs.root, "lock", myself(run_id), stop);
  if (!lock) return std::nullopt;
  log::info("standby", fmt::format("took over; before it was {}", before));
  return Lease(std::move(*lock));
}

std::string Lease::holder(const queue::StateDir& dirs) {
  const Json owner = owner_of(dirs);
  std::string out;
  for (const auto& [name, value] : owner.items())
    if (value.is_string() || value.is_number_integer())
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", printable(name),
                         printable(value.is_string() ? value.get<std::string>() : value.dump()));
  return out.empty() ? "a process that did not write its name into it" : out;
}

void Lease::check() const {
  if (lock_.in_place()) return;
  throw Error(Exit::locked,
              "the lock file was removed or replaced while this run held it, so another run may have begun. This one "
              "stops and writes nothing more. Leave the lock file alone.");
}

void Lease::guard(store::Store& store) const {
  check();
  if (epoch() == 0) epoch_->store(store.take_epoch());
  store.guard(epoch(), [this] { check(); });
}

}  // namespace signalfoundry::pipeline
