// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever another process does to a name between two of our calls, a call gives an outcome, never an error.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "fs/dir.hpp"
#include "outcome.hpp"
#include "support/catch.h"
#include "support/temp_dir.hpp"

using signalfoundry::fs::Content;
using signalfoundry::fs::Dir;
using signalfoundry::fs::Gone;
using signalfoundry::fs::Listed;

namespace {

constexpr int kRounds = 500;

// Does something over and over, on its own thread, as long as it lives.
class Meanwhile {
 public:
  template <class Work>
  explicit Meanwhile(Work work)
      : thread_([this, work] {
          while (!stop_.load()) {
            work();
            std::this_thread::yield();
          }
        }) {}
  ~Meanwhile() { stop_.store(true); }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::jthread thread_;
};

void put_file(int dir, const char* name) {
  const int fd = ::openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  [[maybe_unused]] const auto n = ::write(fd, "bytes", 5);
  ::close(fd);
}

// "x" is a file, a directory, a link, a fifo, and nothing between them.
void shift_shape(int dir) {
  put_file(dir, "x");
  ::unlinkat(dir, "x", 0);
  ::mkdirat(dir, "x", 0700);
  ::unlinkat(dir, "x", AT_REMOVEDIR);
  ::symlinkat("/etc", dir, "x");
  ::unlinkat(dir, "x", 0);
  ::mkfifoat(dir, "x", 0600);
  ::unlinkat(dir, "x", 0);
}

}  // namespace

TEST_CASE("race: a name that comes, goes and changes its kind makes no call fail") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const Dir away = Dir::create(temp / "away");
  const Meanwhile other([fd = dir.fd()] { shift_shape(fd); });
  int wrong = 0;
  const auto expect = [&](const std::string& got, std::initializer_list<const char*> allowed) {
    for (const char* one : allowed)
      if (got == one) return;
    ++wrong;
    UNSCOPED_INFO("got: " << got);
  };
  for (int i = 0; i < kRounds; ++i) {
    expect(outcome(dir.stat("x")), {"there", "vanished"});
    expect(outcome(dir.read("x", 100)), {"", "bytes", "vanished", "changed"});
    expect(outcome(dir.link("x", away, "linked")), {"done", "taken", "vanished"});
    away.remove_tree("linked");
    expect(outcome(dir.move("x", away, "moved")), {"done", "taken", "vanished"});
    away.remove_tree("moved");
    dir.find_sub("x");
    dir.find_path("x/y/z");
    dir.list([](const Listed&) { return true; });
    dir.empty();
  }
  CHECK(wrong == 0);
}

TEST_CASE("race: of two that take a file, one has it and the other sees it vanished") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const Dir mine = Dir::create(temp / "mine");
  const Dir theirs = Dir::create(temp / "theirs");
  int done = 0;
  std::atomic<int> done_there{0};
  {
    const Meanwhile other([&] {
      done_there += outcome(dir.move("x", theirs, "x")) == "done" ? 1 : 0;
      theirs.remove("x");
    });
    for (int i = 0; i < kRounds; ++i) {
      dir.create_file("x", "bytes");
      const std::string got = outcome(dir.move("x", mine, "x"));
      if (got == "done")
        ++done;
      else
        CHECK(got == "vanished");
      mine.remove("x");
    }
  }
  CHECK(done + done_there.load() == kRounds);
}

TEST_CASE("race: a file that is removed by another is removed, not an error") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const Meanwhile other([fd = dir.fd()] { ::unlinkat(fd, "x", 0); });
  for (int i = 0; i < kRounds; ++i) {
    dir.create_file("x", "");
    dir.remove("x");
    dir.append("x", "y");
    dir.remove("x");
  }
  for (int i = 0; i < 50; ++i) dir.write_file("x", "z");
  dir.remove("x");
  CHECK(dir.empty());
}

TEST_CASE("race: two that remove one tree do not disturb each other") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  for (int i = 0; i < 200; ++i) {
    dir.sub_path("t/a/b").create_file("f", "");
    dir.sub_path("t/c").create_file("f", "");
    std::jthread other([&] { dir.remove_tree("t"); });
    dir.remove_tree("t");
    other.join();
    CHECK(dir.empty());
  }
}

TEST_CASE("race: a tree is put in place, whether or not something stands there at that moment") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const Dir to = Dir::create(temp / "to");
  const Meanwhile other([fd = to.fd()] {
    ::mkdirat(fd, "c", 0700);
    ::unlinkat(fd, "c", AT_REMOVEDIR);
  });
  for (int i = 0; i < kRounds; ++i) {
    dir.sub("t").create_file("f", "");
    dir.exchange("t", to, "c");
    dir.remove_tree("t");
    to.remove_tree("c");
  }
}

TEST_CASE("race: two that make one directory both have it") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  for (int i = 0; i < 200; ++i) {
    const std::string path = "n" + std::to_string(i) + "/a/b";
    std::jthread other([&] { dir.sub_path(path).append("f", "x\n"); });
    dir.sub_path(path).append("f", "x\n");
    other.join();
    CHECK(outcome(dir.find_path(path)->read("f", 10)) == "x\nx\n");
  }
}

TEST_CASE("race: a reader of a file that is replaced sees the one or the other, whole") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const std::string a(100'000, 'a');
  const std::string b(150'000, 'b');
  dir.write_file("x", a);
  std::atomic<int> seen{0};
  std::atomic<int> torn{0};
  const auto look = [&] {
    ++seen;
    torn += dir.read("x", 1'000'000)
                .match([&](const Content& c) { return c.bytes == a || c.bytes == b ? 0 : 1; }, [](Gone) { return 1; });
  };
  {
    const Meanwhile other(look);
    for (int i = 0; i < 50; ++i) dir.write_file("x", i % 2 == 0 ? b : a);
    look();
  }
  CHECK(seen.load() > 0);
  CHECK(torn.load() == 0);
}
