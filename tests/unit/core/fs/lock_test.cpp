// SPDX-License-Identifier: Apache-2.0
//
// Goal: at most one process holds the lock, and no way to die keeps it.
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "fs/dir.hpp"
#include "outcome.hpp"
#include "support/catch.h"
#include "support/temp_dir.hpp"

using signalfoundry::fs::Dir;
using signalfoundry::fs::Lock;

namespace {

// A process that takes the lock and waits to be killed.
class Holder {
 public:
  explicit Holder(const Dir& dir) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) hold(dir, ends[1]);
    ::close(ends[1]);
    char byte = '?';
    REQUIRE(::read(ends[0], &byte, 1) == 1);
    REQUIRE(byte == 'y');
    ::close(ends[0]);
  }
  ~Holder() { kill(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  [[noreturn]] static void hold(const Dir& dir, int out) {
    const auto lock = Lock::try_take(dir, "lock", "pid 1234");
    const char byte = lock ? 'y' : 'n';
    if (::write(out, &byte, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  pid_t pid_ = 0;
};

}  // namespace

TEST_CASE("lock: one holder at a time, across processes; SIGKILL gives it back") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  Holder holder(dir);
  CHECK(!Lock::try_take(dir, "lock", "me"));
  CHECK(outcome(dir.read("lock", 100)) == "pid 1234");
  holder.kill();
  CHECK(Lock::try_take(dir, "lock", "me"));
  CHECK(outcome(dir.read("lock", 100)) == "me");
}

TEST_CASE("lock: also in one process it is held once, and the end of its scope gives it back") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  {
    auto lock = Lock::try_take(dir, "lock", "a long owner");
    REQUIRE(lock);
    CHECK(!Lock::try_take(dir, "lock", "b"));
    const Lock moved(std::move(*lock));
    lock.reset();
    CHECK(!Lock::try_take(dir, "lock", "b"));
  }
  CHECK(Lock::try_take(dir, "lock", "b"));
  CHECK(outcome(dir.read("lock", 100)) == "b");
  CHECK(Lock::try_take(dir, "another", "c"));
}

TEST_CASE("lock: a child that the holder forks keeps it for both, until the last of them ends") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  auto lock = Lock::try_take(dir, "lock", "parent");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0)
    for (;;) ::pause();
  lock.reset();
  CHECK(!Lock::try_take(dir, "lock", "other"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(Lock::try_take(dir, "lock", "other"));
}
