// SPDX-License-Identifier: Apache-2.0
//
// Goal: every line that Wazuh's manager writes is handed over, whatever it does to its files and whenever it is looked
// at; what is missing is said and counted.
#include "position.hpp"
#include "support/catch.h"
#include "wazuh_manager.hpp"

using nlohmann::json;
using sf::testing::Fault;
using sf::testing::MockHost;

TEST_CASE("live file: a rotation, and what came into the old file after the last look", "[source_file]") {
  for (const uint32_t page : {1U, 2U, 3U, 1000U}) {
    MockHost host("poll");
    Manager manager(host);
    Follower follower(host);
    manager.write(lines(0, 5));
    CHECK(follower.run(page) == range(0, 5));
    CHECK(json::parse(follower.position)["file"] == "2026/Nov/ossec-alerts-26.json");
    manager.write(lines(5, 7));
    manager.midnight();
    manager.write(lines(7, 9));
    CHECK(follower.run(page) == range(5, 9));
    CHECK(json::parse(follower.position)["file"] == "2026/Nov/ossec-alerts-27.json");
    manager.rotate();
    manager.write(lines(9, 10));
    CHECK(follower.run(page) == range(9, 10));
    CHECK(json::parse(follower.position)["file"] == "2026/Nov/ossec-alerts-27-001.json");
    CHECK(follower.run(page).empty());
    CHECK(host.metrics.counter("source_gaps") == 0);
    CHECK(follower.rejected.empty());
  }
}

TEST_CASE("live file: rotated in the middle of a poll, it reads the old one to its end once more", "[source_file]") {
  // At each call of the poll in turn the manager writes, rotates and writes.
  for (std::size_t call = 1; call < 40; ++call) {
    MockHost host("poll");
    Manager manager(host);
    Follower follower(host);
    manager.write(lines(0, 3));
    REQUIRE(follower.run() == range(0, 3));
    manager.write(lines(3, 5));
    host.fs.calls.clear();
    bool done = false;
    host.fs.before_call = [&](const std::string&) {
      if (done || host.fs.calls.size() != call) return;
      done = true;
      manager.write(lines(5, 6) + alert(6));
      manager.write("\n");
      manager.midnight();
      manager.write(lines(7, 9));
    };
    auto got = follower.run(2);
    host.fs.before_call = nullptr;
    for (const int id : follower.run(2)) got.push_back(id);
    INFO(call);
    CHECK(got == range(3, done ? 9 : 5));
    CHECK(host.metrics.counter("source_gaps") == 0);
    CHECK(follower.rejected.empty());
  }
}

TEST_CASE("live file: a line that is being written waits, and in a file that was left it is taken as it is",
          "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(alert(0).substr(0, 4));
  CHECK(follower.run().empty());
  manager.write(alert(0).substr(4));
  CHECK(follower.run().empty());
  manager.write("\n" + alert(1));
  CHECK(follower.run() == range(0, 1));
  manager.rotate();
  CHECK(follower.run().empty());  // the new one has nothing yet: the writer may still be in the old one
  manager.write(lines(2, 3));
  CHECK(follower.run() == range(1, 3));
  manager.write("{\"id\":");
  manager.rotate();
  manager.write(lines(3, 4));
  CHECK(follower.run() == range(3, 4));
  REQUIRE(follower.rejected.size() == 1);
  CHECK_THAT(follower.rejected[0], ContainsSubstring("line at byte 11 of 2026/Nov/ossec-alerts-26-001.json: not JSON"));
}

TEST_CASE("live file: a writer that goes on in a renamed file until it opens the new one", "[source_file]") {
  MockHost host("poll");
  Follower follower(host);
  host.fs.put(kParent, kLive, lines(0, 2));
  CHECK(follower.run() == range(0, 2));
  host.fs.rename(kParent, kLive, "alerts.json.1");
  host.fs.put(kParent, kLive, "");
  host.fs.append(kParent, "alerts.json.1", lines(2, 4));
  CHECK(follower.run() == range(2, 4));
  host.fs.append(kParent, "alerts.json.1", lines(4, 5));
  CHECK(follower.run() == range(4, 5));
  host.fs.append(kParent, "alerts.json.1", lines(5, 6));
  host.fs.append(kParent, kLive, lines(6, 7));
  CHECK(follower.run() == range(5, 7));
}

TEST_CASE("live file: down over rotations and days, with and without compression, over a new year", "[source_file]") {
  for (const bool compressed : {false, true}) {
    MockHost host("poll");
    Manager manager(host);
    manager.start_at(2026, 12, 28);
    Follower follower(host);
    manager.write(lines(0, 4));
    CHECK(follower.run() == range(0, 4));
    manager.write(lines(4, 5));
    manager.rotate();
    manager.write(lines(5, 6));
    manager.rotate();
    manager.write(lines(6, 7));
    manager.midnight();
    CHECK(manager.file() == "2027/Jan/ossec-alerts-01.json");
    manager.write(lines(7, 8));
    manager.midnight();
    manager.write(lines(8, 10));
    if (compressed) CHECK(manager.compress() == 4);
    CHECK(follower.run(2) == range(4, 10));
    CHECK(follower.run().empty());
    CHECK(host.metrics.counter("source_gaps") == 0);
    CHECK(follower.error.empty());
  }
}

TEST_CASE("live file: a file that is compressed while it is read keeps its place", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 4));
  CHECK(follower.run() == range(0, 4));
  manager.write(lines(4, 10));
  manager.midnight();
  manager.write(lines(10, 11));
  const auto day = std::string("2026/Nov/ossec-alerts-26.json");
  unsigned reads = 0;
  host.fs.before_call = [&](const std::string& call) {
    if (call.starts_with("read") && call.ends_with(day) && ++reads == 2) manager.compress(day);
  };
  CHECK(follower.run(2) == range(4, 11));
  CHECK(reads >= 2);
  CHECK(host.metrics.counter("source_gaps") == 0);
  CHECK(follower.error.empty());
}

TEST_CASE("live file: of a file and its unfinished .gz the file counts", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 4));
  CHECK(follower.run() == range(0, 4));
  manager.write(lines(4, 6));
  const auto day = manager.file();
  manager.midnight();
  manager.write(lines(6, 7));
  host.fs.put(kParent, day + ".gz", gzip_of(lines(0, 6)).substr(0, 20));
  CHECK(follower.run() == range(4, 7));
  CHECK(host.metrics.counter("source_gaps") == 0);
}

TEST_CASE("live file: an inode number that is used again is another file", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 4));
  CHECK(follower.run() == range(0, 4));
  const auto ino = host.fs.files(kParent).at(kLive).ino;
  manager.write(lines(4, 6));
  const auto day = manager.file();
  manager.midnight();
  manager.compress(day);
  manager.write(lines(6, 20));  // longer than what was read of the old one
  host.fs.give_inode(kParent, manager.file(), ino);
  host.fs.give_inode(kParent, kLive, ino);
  CHECK(follower.run() == range(4, 20));
  CHECK(host.metrics.counter("source_gaps") == 0);
  // A device number is not always the same after a restart of the machine; what was read tells that it is the file.
  auto at = json::parse(follower.position);
  at["dev"] = 4711;
  follower.position = at.dump();
  manager.write(lines(20, 21));
  CHECK(follower.run() == range(20, 21));
}

TEST_CASE("live file: the moment without the name is no error", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 2));
  CHECK(follower.run() == range(0, 2));
  for (int n = 2; n < 4; ++n) {
    manager.write(lines(n, n + 1));
    manager.unlink();
    host.clock.on_wait = [&](uint32_t) { manager.link(); };
    CHECK(follower.run() == range(n, n + 1));
    CHECK(follower.error.empty());
  }
  // Longer: the dated files are read, and then it is said.
  host.clock.on_wait = nullptr;
  manager.write(lines(4, 5));
  manager.midnight();
  manager.write(lines(5, 6));
  manager.unlink();
  CHECK(follower.run() == range(4, 6));
  CHECK(follower.code == SF_RETRY);
  CHECK_THAT(follower.error, ContainsSubstring("is not there any more; is its writer running?"));
  manager.write(lines(6, 7));
  manager.link();
  CHECK(follower.run() == range(6, 7));
  CHECK(host.metrics.counter("source_gaps") == 0);
}

TEST_CASE("live file: a stop while the name is away stops", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  manager.unlink();
  host.clock.stopping = true;
  sf::testing::SourceUnderTest source(host, signalfoundry_plugin, {{"path", "/a/alerts.json"}, {"follow", true}});
  source.open();
  CHECK(source.poll().status == SF_CANCELLED);
}

TEST_CASE("live file: copytruncate: the rest is in the copy", "[source_file]") {
  for (const bool compressed : {false, true}) {
    for (const int after : {1, 50}) {  // fewer and more bytes than were read before
      MockHost host("poll");
      Follower follower(host);
      host.fs.put(kParent, kLive, lines(0, 5));
      CHECK(follower.run() == range(0, 5));
      host.fs.append(kParent, kLive, lines(5, 7));
      const auto copy = host.fs.get(kParent, kLive).value();
      host.fs.put(kParent, compressed ? "alerts.json.1.gz" : "alerts.json.1", compressed ? gzip_of(copy) : copy);
      host.fs.overwrite(kParent, kLive, "");
      host.fs.append(kParent, kLive, lines(7, 7 + after));
      CHECK(follower.run(3) == range(5, 7 + after));
      CHECK(follower.run().empty());
      CHECK(host.metrics.counter("source_gaps") == 0);
    }
  }
}

TEST_CASE("live file: cut without a copy is a gap, said once, and it goes on", "[source_file]") {
  MockHost host("poll");
  Follower follower(host);
  host.fs.put(kParent, kLive, lines(0, 5));
  CHECK(follower.run() == range(0, 5));
  host.clock.now_ms += 60'000;
  host.fs.overwrite(kParent, kLive, lines(5, 7));
  CHECK(follower.run() == range(5, 7));
  CHECK(follower.code == SF_FAILED);
  CHECK_THAT(follower.error, ContainsSubstring("alerts.json, read to byte 55, was cut or removed"));
  CHECK(host.metrics.counter("source_gaps") == 1);
  host.clock.now_ms += 60'000;
  CHECK(follower.run().empty());
  CHECK(follower.error.empty());
  CHECK(host.metrics.counter("source_gaps") == 1);
  REQUIRE(follower.intervals.size() == 4);
  CHECK(follower.intervals[0].complete);
  CHECK(!follower.intervals[1].complete);
  CHECK(follower.intervals[1].from_ms == follower.intervals[0].to_ms);
  CHECK(follower.intervals[1].to_ms == follower.intervals[0].to_ms + 60'000);
  CHECK(follower.intervals[2].from_ms == follower.intervals[1].to_ms);
  CHECK(follower.intervals[3].complete);
  CHECK(follower.intervals[3].from_ms == follower.intervals[2].to_ms);
}

TEST_CASE("live file: a file that retention removed before it was read to its end is a gap; the rest is read",
          "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 3));
  CHECK(follower.run() == range(0, 3));
  const auto day = manager.file();
  manager.write(lines(3, 5));
  manager.rotate();
  manager.write(lines(5, 6));
  manager.midnight();
  manager.write(lines(6, 7));
  host.fs.remove(kParent, day);
  CHECK(follower.run() == range(5, 7));
  CHECK(follower.code == SF_FAILED);
  CHECK_THAT(follower.error, ContainsSubstring(day));
  CHECK(host.metrics.counter("source_gaps") == 1);
  CHECK(follower.run().empty());
  CHECK(follower.error.empty());
}

TEST_CASE("live file: an empty file that Wazuh removes is no gap after one that was read", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 2));
  CHECK(follower.run() == range(0, 2));
  for (int day = 0; day < 3; ++day) {
    manager.midnight();
    CHECK(follower.run().empty());
  }
  manager.write(lines(2, 3));
  CHECK(follower.run() == range(2, 3));
  CHECK(host.metrics.counter("source_gaps") == 0);
  CHECK(follower.error.empty());
}

TEST_CASE("live file: a damaged .gz gives what can be read, and a gap", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 10));
  CHECK(follower.run() == range(0, 10));
  manager.write(lines(10, 5000));
  const auto day = manager.file();
  manager.midnight();
  manager.write(lines(5000, 5001));
  manager.compress(day);
  const auto whole = host.fs.get(kParent, day + ".gz").value();
  host.fs.overwrite(kParent, day + ".gz", whole.substr(0, whole.size() / 2));
  const auto got = follower.run();
  REQUIRE(got.size() > 1000);
  CHECK(std::vector<int>(got.begin(), got.end() - 1) == range(10, 10 + static_cast<int>(got.size()) - 1));
  CHECK(got.back() == 5000);
  CHECK_THAT(follower.error, ContainsSubstring(day + " cannot be decompressed to its end: it ends in the middle"));
  CHECK(host.metrics.counter("source_gaps") == 1);
  CHECK(follower.run().empty());
  CHECK(follower.error.empty());
}

TEST_CASE("live file: a .gz without an end of line is let go as it comes", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 1));
  CHECK(follower.run() == range(0, 1));
  const auto day = manager.file();
  manager.rotate();
  manager.write(lines(1, 2));
  host.fs.put(kParent, day + ".gz",
              gzip_of(lines(0, 1) + std::string(std::size_t{100} << 20U, 'x') + "\n" + lines(7, 8)));
  host.fs.remove(kParent, day);
  CHECK(follower.run() == std::vector<int>{7, 1});
  REQUIRE(follower.rejected.size() == 1);
  CHECK_THAT(follower.rejected[0], ContainsSubstring("104857601 bytes long"));
}

TEST_CASE("live file: compressed by something that is not read here is a gap", "[source_file]") {
  MockHost host("poll");
  Follower follower(host);
  host.fs.put(kParent, kLive, lines(0, 2));
  CHECK(follower.run() == range(0, 2));
  host.fs.rename(kParent, kLive, "alerts.json-20261126");
  host.fs.put(kParent, "alerts.json-20261127.xz", "?");
  host.fs.put(kParent, kLive, lines(2, 3));
  CHECK(follower.run() == range(2, 3));
  CHECK_THAT(follower.error, ContainsSubstring("alerts.json-20261127.xz is compressed by something else than gzip"));
  CHECK(host.metrics.counter("source_gaps") == 1);
}

TEST_CASE("live file: logrotate's numbers, compressed from the second on, two rotations while it was down",
          "[source_file]") {
  MockHost host("poll");
  Follower follower(host);
  host.fs.put(kParent, "alerts.json.1", lines(900, 901));  // older than the first run: not read
  host.fs.put(kParent, kLive, lines(0, 2));
  CHECK(follower.run() == range(0, 2));
  host.fs.append(kParent, kLive, lines(2, 3));
  host.fs.put(kParent, "alerts.json.3.gz", gzip_of(lines(900, 901)));
  host.fs.put(kParent, "alerts.json.2.gz", gzip_of(lines(0, 3)));
  host.fs.put(kParent, "alerts.json.1", lines(3, 5));
  host.fs.put(kParent, kLive, lines(5, 6));
  CHECK(follower.run() == range(2, 6));
  CHECK(host.metrics.counter("source_gaps") == 0);
  CHECK(follower.run().empty());
}

TEST_CASE("live file: names of a pattern", "[source_file]") {
  MockHost host("poll");
  Follower follower(host, {{"path", "/x/out.ndjson"}, {"follow", true}, {"rotated", "out-*.ndjson"}});
  host.fs.put(kParent, "out.ndjson", lines(0, 2));
  CHECK(follower.run() == range(0, 2));
  host.fs.append(kParent, "out.ndjson", lines(2, 3));
  host.fs.rename(kParent, "out.ndjson", "out-20261127.ndjson");
  host.fs.put(kParent, "out-20261127-1.ndjson", lines(3, 4));
  host.fs.put(kParent, "out.ndjson", lines(4, 5));
  CHECK(follower.run() == range(2, 5));
  for (const json& wrong :
       {json{{"path", "/x/a"}, {"rotated", "a.*"}}, json{{"path", "/x/a"}, {"follow", true}, {"rotated", ""}},
        json{{"path", "/x/a"}, {"follow", true}, {"rotated", "old/a.*"}},
        json{{"path", "/x"}, {"follow", true}, {"format", "dir"}, {"rotated", "a.*"}}})
    CHECK_THROWS_WITH(sf::testing::SourceUnderTest(host, signalfoundry_plugin, wrong),
                      ContainsSubstring("setting \"rotated\""));
}

TEST_CASE("live file: after a restart Wazuh goes on in a smaller number of the day", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 2));
  manager.rotate();
  manager.write(lines(2, 4));
  CHECK(follower.run() == range(2, 4));  // the first run begins in what is written now
  manager.restart_at_first();
  manager.write(lines(4, 6));
  CHECK(follower.run() == std::vector<int>{0, 1, 4, 5});
  manager.rotate();
  manager.write(lines(6, 7));
  CHECK(follower.run() == std::vector<int>{2, 3, 6});  // appended to -001; the runner knows the others
  CHECK(host.metrics.counter("source_gaps") == 0);
}

TEST_CASE("live file: what the host has no room for is offered again, also the last line of a file that was left",
          "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  manager.write(lines(0, 3) + alert(3));
  sf::testing::SourceUnderTest source(host, signalfoundry_plugin, {{"path", "/a/alerts.json"}, {"follow", true}});
  source.open();
  CHECK(source.poll_all().pushed.size() == 3);
  manager.rotate();
  manager.write(lines(4, 5));
  source.room = 0;
  CHECK(source.poll().pushed.empty());
  CHECK(source.poll().pushed.empty());
  source.room = 1;
  CHECK(source.poll().pushed.at(0).document == alert(3));
  source.room = 9;
  CHECK(source.poll_all().pushed.at(0).document == alert(4));
}
