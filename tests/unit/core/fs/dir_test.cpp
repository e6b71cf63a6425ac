// SPDX-License-Identifier: Apache-2.0
//
// Goal: a held directory does what its header says: nothing leaves it, nothing hangs, nothing is replaced unasked.
#include "fs/dir.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include "outcome.hpp"
#include "support/catch.h"
#include "support/temp_dir.hpp"

using signalfoundry::fs::Content;
using signalfoundry::fs::Dir;
using signalfoundry::fs::Gone;
using signalfoundry::fs::Info;
using signalfoundry::fs::Kind;
using signalfoundry::fs::Listed;
using signalfoundry::fs::Lock;
using signalfoundry::fs::valid_name;

namespace {

Info info(const Dir& dir, std::string_view name) {
  return dir.stat(name).match([](const Info& i) { return i; }, [](Gone) -> Info { throw std::runtime_error("gone"); });
}
std::string text(const Dir& dir, std::string_view name) {
  return outcome(dir.read(name, 1000));
}

std::set<std::string> names(const Dir& dir) {
  std::set<std::string> out;
  dir.list([&](const Listed& e) { return out.emplace(e.name), true; });
  return out;
}

}  // namespace

TEST_CASE("dir: a name is one component") {
  for (const char* good : {"a", ".a", "...", "a b", "\xff", "-", "~"}) CHECK(valid_name(good));
  CHECK(valid_name(std::string(255, 'a')));
  for (const char* bad : {"", ".", "..", "/", "a/", "/a", "a/b", "../a"}) CHECK(!valid_name(bad));
  CHECK(!valid_name(std::string(256, 'a')));
  CHECK(!valid_name(std::string_view("a\0b", 3)));
}

TEST_CASE("dir: every call refuses a name that is no single component, before it touches anything") {
  const TempDir temp;
  temp.write("outside", "kept");
  const Dir dir = Dir::create(temp / "d");
  dir.create_file("a", "1");
  for (const std::string bad : {"", ".", "..", "../outside", "/etc/passwd", "a/b"}) {
    CAPTURE(bad);
    const auto refused = [&](auto&& call) {
      CHECK_THAT(thrown(call), ContainsSubstring("70: ") && ContainsSubstring("not a single file name"));
    };
    refused([&] { outcome(dir.stat(bad)); });
    refused([&] { outcome(dir.read(bad, 10)); });
    refused([&] { outcome(dir.move(bad, dir, "b")); });
    refused([&] { outcome(dir.move("a", dir, bad)); });
    refused([&] { outcome(dir.link(bad, dir, "b")); });
    refused([&] { outcome(dir.link("a", dir, bad)); });
    refused([&] { dir.remove(bad); });
    refused([&] { dir.remove_tree(bad); });
    refused([&] { dir.make(bad); });
    refused([&] { dir.exchange(bad, dir, "b"); });
    refused([&] { dir.exchange("a", dir, bad); });
    refused([&] { dir.create_file(bad, "x"); });
    refused([&] { dir.write_file(bad, "x"); });
    refused([&] { dir.append(bad, "x"); });
    refused([&] { dir.sub(bad); });
    refused([&] { dir.find_sub(bad); });
    refused([&] { Lock::try_take(dir, bad, "me"); });
  }
  CHECK(names(dir) == std::set<std::string>{"a"});
  CHECK(temp.read("outside") == "kept");
  CHECK_THAT(thrown([&] { dir.sub_path("a/../../outside"); }), ContainsSubstring("a"));
  CHECK_THAT(thrown([&] { dir.find_path("../d"); }), ContainsSubstring("not a single file name"));
}

TEST_CASE("dir: no call follows a symbolic link") {
  const TempDir temp;
  temp.write("outside/secret", "secret");
  const Dir dir = Dir::create(temp / "d");
  const Dir other = Dir::create(temp / "other");
  const auto link = [&](const char* name, const char* target) {
    REQUIRE(::symlink((temp / target).c_str(), (dir.path() + "/" + name).c_str()) == 0);
  };
  link("file", "outside/secret");
  link("folder", "outside");
  link("nowhere", "outside/new");

  CHECK_THAT(thrown([&] { Dir::open(dir.path() + "/file"); }), ContainsSubstring("cannot open the directory"));
  CHECK(names(*Dir::open(dir.path() + "/folder")) == std::set<std::string>{"secret"});  // the operator's own path
  CHECK_THAT(thrown([&] { Dir::create(dir.path() + "/nowhere"); }), ContainsSubstring("not a directory"));
  CHECK(!dir.find_sub("folder"));
  CHECK(!dir.find_path("folder/x"));
  CHECK_THAT(thrown([&] { dir.sub("folder"); }), ContainsSubstring("74: ") && ContainsSubstring("not a directory"));
  CHECK(info(dir, "file").kind == Kind::symlink);
  CHECK(info(dir, "file").size != 6);
  CHECK(outcome(dir.read("file", 100)) == "changed");
  CHECK(outcome(dir.read("folder", 100)) == "changed");
  CHECK(outcome(dir.read("nowhere", 100)) == "changed");
  CHECK_THAT(thrown([&] { dir.append("file", "x"); }), ContainsSubstring("cannot append"));
  CHECK_THAT(thrown([&] { dir.append("nowhere", "x"); }), ContainsSubstring("cannot append"));
  CHECK_THAT(thrown([&] { dir.create_file("nowhere", "x"); }), ContainsSubstring("cannot create"));
  CHECK(!dir.make("nowhere"));
  CHECK_THAT(thrown([&] { Lock::try_take(dir, "nowhere", "x"); }), ContainsSubstring("cannot open the lock"));
  CHECK(outcome(dir.link("file", other, "linked")) == "done");
  CHECK(info(other, "linked").kind == Kind::symlink);
  CHECK(outcome(dir.move("folder", other, "moved")) == "done");
  CHECK(other.remove_tree("moved"));
  CHECK(outcome(dir.stat("folder")) == "vanished");
  dir.write_file("file", "mine");
  CHECK(info(dir, "file").kind == Kind::file);
  CHECK(dir.remove("nowhere"));

  CHECK(temp.read("outside/secret") == "secret");
  CHECK(names(Dir::create(temp / "outside")) == std::set<std::string>{"secret"});
}

TEST_CASE("dir: a tree is removed with what it holds, and what its links point to stays") {
  const TempDir temp;
  temp.write("outside/secret", "secret");
  const Dir dir = Dir::create(temp / "d");
  dir.sub_path("t/a/b").create_file("f", "x");
  dir.sub_path("t/a").create_file("g", "y");
  REQUIRE(::symlink((temp / "outside").c_str(), (temp / "d/t/a/out").c_str()) == 0);
  REQUIRE(::symlink((temp / "outside/secret").c_str(), (temp / "d/t/file").c_str()) == 0);
  REQUIRE(::mkfifo((temp / "d/t/fifo").c_str(), 0600) == 0);
  CHECK(dir.remove_tree("t"));
  CHECK(dir.empty());
  CHECK(!dir.remove_tree("t"));
  dir.create_file("plain", "");
  CHECK(dir.remove_tree("plain"));
  CHECK(temp.read("outside/secret") == "secret");
}

TEST_CASE("dir: fifos, sockets and directories hang no call") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  REQUIRE(::mkfifo((temp / "d/fifo").c_str(), 0600) == 0);
  const int socket_fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = temp / "d/socket";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  REQUIRE(::bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(socket_fd);
  dir.make("folder");
  for (const char* name : {"fifo", "socket", "folder"}) {
    CAPTURE(name);
    CHECK(outcome(dir.read(name, 100)) == "changed");
    CHECK(outcome(dir.stat(name)) == "there");
    CHECK_THAT(thrown([&] { dir.append(name, "x"); }), ContainsSubstring("cannot append"));
    CHECK_THAT(thrown([&] { dir.create_file(name, "x"); }), ContainsSubstring("cannot create"));
  }
  CHECK_THAT(thrown([&] { Lock::try_take(dir, "fifo", "x"); }), ContainsSubstring("lock"));
  CHECK(info(dir, "fifo").kind == Kind::other);
  CHECK(info(dir, "folder").kind == Kind::directory);
}

TEST_CASE("dir: what is not there is vanished, never an error; so is what lies below a file") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  CHECK(outcome(dir.stat("a")) == "vanished");
  CHECK(outcome(dir.read("a", 1)) == "vanished");
  CHECK(outcome(dir.move("a", dir, "b")) == "vanished");
  CHECK(outcome(dir.link("a", dir, "b")) == "vanished");
  CHECK(!dir.remove("a"));
  CHECK(!dir.remove_tree("a"));
  CHECK(!dir.find_sub("a"));
  CHECK(!Dir::open(temp / "none"));
  dir.create_file("a", "");
  CHECK(!dir.find_sub("a"));
  CHECK(!dir.find_path("a/b"));
}

TEST_CASE("dir: a directory that was removed while it was held lists nothing, and its files are vanished") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  REQUIRE(::rmdir(dir.path().c_str()) == 0);
  CHECK(dir.empty());
  CHECK(outcome(dir.stat("a")) == "vanished");
  CHECK(outcome(dir.read("a", 1)) == "vanished");
  CHECK(!dir.find_sub("a"));
  CHECK_THAT(thrown([&] { dir.create_file("a", ""); }), ContainsSubstring("74: cannot create"));
}

TEST_CASE("dir: a move never replaces") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const Dir to = Dir::create(temp / "to");
  dir.create_file("a", "new");
  to.create_file("a", "old");
  to.make("folder");
  CHECK(outcome(dir.move("a", to, "a")) == "taken");
  CHECK(outcome(dir.move("a", to, "folder")) == "taken");
  CHECK(text(to, "a") == "old");
  CHECK(text(dir, "a") == "new");
  CHECK(outcome(dir.move("a", to, "b")) == "done");
  CHECK(text(to, "b") == "new");
  CHECK(outcome(dir.stat("a")) == "vanished");
}

TEST_CASE("dir: a hard link shares the bytes, and never replaces") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  dir.create_file("a", "x");
  CHECK(outcome(dir.link("a", dir, "b")) == "done");
  CHECK(info(dir, "a").links == 2);
  CHECK(info(dir, "a").ino == info(dir, "b").ino);
  CHECK(outcome(dir.link("a", dir, "b")) == "taken");
  dir.make("folder");
  CHECK(outcome(dir.link("folder", dir, "c")) == "taken");
}

TEST_CASE("dir: exchange puts a tree in place and brings back what stood there") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const Dir to = Dir::create(temp / "to");
  dir.sub("t").create_file("f", "1");
  CHECK(!dir.exchange("t", to, "c"));
  CHECK(text(*to.find_sub("c"), "f") == "1");
  dir.sub("t").create_file("f", "2");
  CHECK(dir.exchange("t", to, "c"));
  CHECK(text(*to.find_sub("c"), "f") == "2");
  CHECK(text(*dir.find_sub("t"), "f") == "1");
  CHECK_THAT(thrown([&] { dir.exchange("none", to, "c"); }), ContainsSubstring("74: cannot publish"));
  CHECK_THAT(thrown([&] { dir.exchange("none", to, "d"); }), ContainsSubstring("74: cannot publish"));
}

TEST_CASE("dir: a file is created once; a file is replaced as a whole and leaves nothing beside it") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  dir.create_file("a", "1");
  CHECK_THAT(thrown([&] { dir.create_file("a", "2"); }), ContainsSubstring("74: cannot create"));
  CHECK(text(dir, "a") == "1");
  dir.write_file("a", std::string(999, 'x'));
  CHECK(text(dir, "a") == std::string(999, 'x'));
  dir.write_file("a", "");
  CHECK(text(dir, "a") == "");
  dir.make("folder");
  CHECK_THAT(thrown([&] { dir.write_file("folder", "x"); }), ContainsSubstring("cannot replace"));
  CHECK(names(dir) == std::set<std::string>{"a", "folder"});
}

TEST_CASE("dir: appending makes the file and adds to its end") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  dir.append("log", "a\n");
  dir.append("log", "b\n");
  CHECK(text(dir, "log") == "a\nb\n");
}

TEST_CASE("dir: a line that was cut short does not spoil the next one") {
  // Goal: what a power loss left of a last line is ended before the next line is written.
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  dir.append("log", "a\n");
  dir.append("log", "half of a li");
  dir.append("log", "b\n");
  CHECK(text(dir, "log") == "a\nhalf of a li\nb\n");
}

TEST_CASE("dir: new files and directories are closed to others") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "p/q");
  dir.create_file("a", "");
  dir.write_file("b", "");
  dir.append("c", "");
  for (const char* name : {"p", "p/q", "p/q/a", "p/q/b", "p/q/c"}) {
    struct stat s {};
    REQUIRE(::stat((temp / name).c_str(), &s) == 0);
    CHECK((s.st_mode & 07) == 0);
  }
}

TEST_CASE("dir: reads a part, and says when the file is larger than the limit") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  dir.create_file("a", "0123456789");
  const auto part = [&](std::uint64_t limit, std::uint64_t offset) {
    return dir.read("a", limit, offset)
        .match([](const Content& c) { return c.bytes + (c.whole ? "." : "+"); },
               [](Gone) { return std::string("gone"); });
  };
  CHECK(part(100, 0) == "0123456789.");
  CHECK(part(10, 0) == "0123456789.");
  CHECK(part(9, 0) == "012345678+");
  CHECK(part(0, 0) == "+");
  CHECK(part(3, 4) == "456+");
  CHECK(part(6, 4) == "456789.");
  CHECK(part(6, 10) == ".");
  CHECK(part(6, 11) == ".");
  CHECK(part(6, UINT64_MAX) == ".");
  CHECK(part(UINT64_MAX, 5) == "56789.");
  CHECK(part(UINT64_MAX, 0) == "0123456789.");
}

TEST_CASE("dir: what is said of a file is what it is, also with a time that no 64 bits of nanoseconds hold") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  dir.create_file("a", "12345");
  const timespec times[2] = {{0, 0}, {1'700'000'000, 123'000'000}};
  REQUIRE(::utimensat(dir.fd(), "a", times, 0) == 0);
  CHECK(info(dir, "a").size == 5);
  CHECK(info(dir, "a").links == 1);
  CHECK(info(dir, "a").mtime_ns == 1'700'000'000'123'000'000);
  const timespec far[2] = {{0, 0}, {INT64_MAX, 0}};
  REQUIRE(::utimensat(dir.fd(), "a", far, 0) == 0);
  CHECK(info(dir, "a").mtime_ns > 1'700'000'000'123'000'000);
}

TEST_CASE("dir: a listing of 10,000 names is complete, also one inside another") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  std::set<std::string> expected;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = std::to_string(i) + "-" + std::string(40, 'n') + ".json";
    const int fd = ::openat(dir.fd(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    ::close(fd);
    expected.insert(name);
  }
  CHECK(names(dir) == expected);
  int seen = 0;
  dir.list([&](const Listed& e) {
    if (++seen == 1) CHECK(names(dir).size() == 10'000);
    CHECK(e.kind == Kind::file);
    return true;
  });
  CHECK(seen == 10'000);
  seen = 0;
  dir.list([&](const Listed&) { return ++seen < 3; });
  CHECK(seen == 3);
}

TEST_CASE("dir: a listing tells what each name is") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  dir.create_file("file", "");
  dir.make("folder");
  REQUIRE(::symlink("file", (temp / "d/link").c_str()) == 0);
  REQUIRE(::mkfifo((temp / "d/fifo").c_str(), 0600) == 0);
  std::set<std::string> kinds;
  dir.list([&](const Listed& e) { return kinds.insert(std::string(e.name) + ": " + kind_name(e.kind)), true; });
  CHECK(kinds == std::set<std::string>{"file: file", "folder: directory", "link: symbolic link",
                                       "fifo: fifo, socket or device"});
  CHECK(!dir.empty());
  CHECK(dir.sub("folder").empty());
}

TEST_CASE("dir: missing components are made, what is in the way is named") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "a/b/c");
  CHECK(dir.path() == temp / "a/b/c");
  dir.sub_path("2026/11/24").create_file("f", "x");
  CHECK(temp.read("a/b/c/2026/11/24/f") == "x");
  CHECK(text(*dir.find_path("2026/11/24"), "f") == "x");
  temp.write("file", "");
  CHECK_THAT(thrown([&] { Dir::create(temp / "file"); }), ContainsSubstring("file"));
  CHECK_THAT(thrown([&] { Dir::create(temp / "file/x"); }), ContainsSubstring("file"));
  CHECK_THAT(thrown([&] { Dir::create("relative/x"); }),
             ContainsSubstring("73: ") && ContainsSubstring("not an absolute path"));
  CHECK(!Dir::open(temp / "a/x"));
}

TEST_CASE("dir: room is told, and everything can be forced to disk") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  CHECK(dir.space().bytes_free > 0);
  CHECK(dir.space().inodes_free > 0);
  CHECK(thrown([&] { dir.sync_all(); }) == "no error");
}

TEST_CASE("dir: a copy has the bytes, whatever the size, and never replaces") {
  const TempDir temp;
  const Dir dir = Dir::create(temp / "d");
  const std::string large((2U << 20U) + 17, 'x');
  for (const std::string& bytes : {std::string(), std::string("abc"), std::string(1U << 20U, 'y'), large}) {
    dir.create_file("from", bytes);
    CHECK(outcome(dir.copy("from", dir, "to")) == "done");
    CHECK(temp.read("d/to") == bytes);
    CHECK(info(dir, "from").links == 1);
    CHECK(outcome(dir.copy("from", dir, "to")) == "taken");
    CHECK(dir.remove("from"));
    CHECK(outcome(dir.copy("from", dir, "new")) == "vanished");
    CHECK(outcome(dir.stat("new")) == "vanished");
    CHECK(dir.remove("to"));
  }
  dir.make("folder");
  CHECK(outcome(dir.copy("folder", dir, "new")) == "changed");
  CHECK(outcome(dir.stat("new")) == "vanished");
}
