// SPDX-License-Identifier: Apache-2.0
//
// Goal: at most one process holds the lock, and no way to die keeps it.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>

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

std::atomic<bool> told_to_stop{false};

// A process that waits for the lock, says 'y' or 'n', and ends.
class Waiter {
 public:
  explicit Waiter(const Dir& dir) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    out_ = ends[0];
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) wait(dir, ends[1]);
    ::close(ends[1]);
  }
  ~Waiter() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(out_);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Comes back when the kernel says that it waits for a lock.
  bool waits() const {
    for (;;) {
      std::ifstream locks("/proc/locks");
      for (std::string line; std::getline(locks, line);)
        if (line.find("-> FLOCK") != std::string::npos &&
            line.find(' ' + std::to_string(pid_) + ' ') != std::string::npos)
          return true;
      if (::waitpid(pid_, nullptr, WNOHANG) != 0) return false;
    }
  }
  void stop() const { ::kill(pid_, SIGTERM); }
  char ends() const {
    char byte = '?';
    return ::read(out_, &byte, 1) == 1 ? byte : '?';
  }

 private:
  [[noreturn]] static void wait(const Dir& dir, int out) {
    struct sigaction action {};
    action.sa_handler = [](int) { told_to_stop.store(true); };
    ::sigaction(SIGTERM, &action, nullptr);
    const auto lock = Lock::wait(dir, "lock", "waiter", told_to_stop);
    const char byte = lock ? 'y' : 'n';
    ::_exit(::write(out, &byte, 1) == 1 ? 0 : 1);
  }
  pid_t pid_ = 0;
  int out_ = -1;
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

TEST_CASE("lock: a file that somebody removed or replaced is no longer in place, and the new one can be locked") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const auto first = Lock::try_take(dir, "lock", "first");
  CHECK(first->in_place());
  CHECK(dir.remove("lock"));
  CHECK(!first->in_place());
  const auto second = Lock::try_take(dir, "lock", "second");
  REQUIRE(second);
  CHECK(second->in_place());
  CHECK(!first->in_place());
  CHECK(outcome(dir.read("lock", 100)) == "second");
  dir.write_file("lock", "a foreign hand's");
  CHECK(!second->in_place());
  dir.remove("lock");
  REQUIRE(::symlink("elsewhere", (temp / "d/lock").c_str()) == 0);
  CHECK(!second->in_place());
}

TEST_CASE("lock: what is no regular file is no lock, and stays as it is") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  REQUIRE(::mkfifo((temp / "d/fifo").c_str(), 0600) == 0);
  dir.make("folder");
  CHECK_THAT(thrown([&] { Lock::try_take(dir, "fifo", "x"); }), ContainsSubstring("no regular file"));
  CHECK_THAT(thrown([&] { Lock::try_take(dir, "folder", "x"); }), ContainsSubstring("cannot open the lock"));
}

TEST_CASE("lock: who waits gets it when the holder is killed") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  Holder holder(dir);
  Waiter waiter(dir);
  CHECK(waiter.waits());
  holder.kill();
  CHECK(waiter.ends() == 'y');
  CHECK(outcome(dir.read("lock", 100)) == "waiter");
}

TEST_CASE("lock: who waits goes over to the file that somebody put in the place of the held one") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const Holder holder(dir);
  Waiter waiter(dir);
  CHECK(waiter.waits());
  dir.remove("lock");
  CHECK(waiter.ends() == 'y');
  CHECK(outcome(dir.read("lock", 100)) == "waiter");
}

TEST_CASE("lock: a signal that says stop ends the wait, with nothing") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const Holder holder(dir);
  Waiter waiter(dir);
  CHECK(waiter.waits());
  waiter.stop();
  CHECK(waiter.ends() == 'n');
  CHECK(outcome(dir.read("lock", 100)) == "pid 1234");
}
