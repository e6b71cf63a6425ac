// SPDX-License-Identifier: Apache-2.0
//
// Goal: what may have been lost is a gap, also where nothing tells that anything was: a file that was empty when it was
// looked at last and is gone, a position that cannot be read, and more rotated files than are looked at.
#include <random>
#include <set>

#include "support/catch.h"
#include "wazuh_manager.hpp"

using nlohmann::json;
using sf::testing::MockHost;

namespace {

constexpr const char* kWasEmpty = "was empty when it was read last, and was cut or removed since";

// A file without dated directories beside it, empty at the first run.
Follower empty_at_first(MockHost& host) {
  host.fs.put(kParent, kLive, "");
  Follower follower(host);
  CHECK(follower.run().empty());
  CHECK(follower.error.empty());
  CHECK(json::parse(follower.position)["empty"] == true);
  host.clock.now_ms += 60'000;
  return follower;
}

void check_told_once(MockHost& host, Follower& follower, const std::string& what) {
  CHECK(follower.code == SF_FAILED);
  CHECK_THAT(follower.error, ContainsSubstring(what));
  CHECK(host.metrics.counter("source_gaps") == 1);
  CHECK(!host.log.lines.empty());
  CHECK(
      std::any_of(follower.intervals.begin(), follower.intervals.end(), [](const auto& one) { return !one.complete; }));
  follower.run();
  CHECK(follower.error.empty());
  CHECK(host.metrics.counter("source_gaps") == 1);
}

}  // namespace

TEST_CASE("live file: one of Wazuh's that was empty, got lines and was removed before the next look is a gap",
          "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  CHECK(follower.run().empty());
  const auto day = manager.file();
  manager.write(lines(0, 3));
  manager.midnight();
  manager.write(lines(3, 5));
  host.fs.remove(kParent, day);
  CHECK(follower.run() == range(3, 5));
  check_told_once(host, follower, day + " " + kWasEmpty);
}

TEST_CASE("live file: nights without an alert are no gap where an older dated file is there", "[source_file]") {
  for (const bool older : {false, true}) {
    for (const bool compressed : {false, true}) {
      MockHost host("poll");
      Manager manager(host);
      manager.start_at(2026, 8, 27);
      if (older) manager.write(lines(900, 901));
      manager.start_at(2026, 11, 10);  // nothing for months
      if (older) host.fs.put(kParent, "2026/Aug/ossec-alerts-27.json", lines(900, 901));
      if (older && compressed) manager.compress("2026/Aug/ossec-alerts-27.json");
      Follower follower(host);
      unsigned nights = 0;
      CHECK(follower.run().empty());
      for (; nights < 3; ++nights) {
        manager.midnight();
        CHECK(follower.run().empty());
        CHECK(follower.error.empty() == older);
      }
      CHECK(host.metrics.counter("source_gaps") == (older ? 0 : nights));
      manager.write(lines(0, 2));
      manager.midnight();
      manager.write(lines(2, 3));
      CHECK(follower.run() == range(0, 3));
      CHECK(follower.error.empty());
    }
  }
}

TEST_CASE("live file: one of Wazuh's with half a line, removed unread, is a gap whatever is older", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  host.fs.put(kParent, "2026/Nov/ossec-alerts-25.json.gz", gzip_of(lines(900, 901)));
  manager.write("{\"id\":");
  Follower follower(host);
  CHECK(follower.run().empty());
  const auto day = manager.file();
  manager.midnight();
  manager.write(lines(0, 1));
  host.fs.remove(kParent, day);
  CHECK(follower.run() == range(0, 1));
  check_told_once(host, follower, day + ", read to byte 0, was cut or removed");
}

TEST_CASE("live file: one that was empty and was rotated, compressed or not, is read and no gap", "[source_file]") {
  for (const bool compressed : {false, true}) {
    MockHost host("poll");
    Manager manager(host);
    Follower follower(host);
    CHECK(follower.run().empty());
    manager.write(lines(0, 3));
    manager.midnight();
    manager.write(lines(3, 5));
    if (compressed) manager.compress();
    CHECK(follower.run() == range(0, 5));
    CHECK(follower.error.empty());
    CHECK(host.metrics.counter("source_gaps") == 0);
  }
}

TEST_CASE(
    "live file: one that was empty and whose inode number another of Wazuh's files has now is a gap, and the "
    "files between are read",
    "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  CHECK(follower.run().empty());
  const auto day = manager.file();
  const auto ino = host.fs.files(kParent).at(kLive).ino;
  manager.midnight();  // removed, as it is empty
  manager.write(lines(0, 2));
  manager.midnight();
  manager.write(lines(2, 4));
  host.fs.give_inode(kParent, manager.file(), ino);
  host.fs.give_inode(kParent, kLive, ino);
  CHECK(follower.run() == range(0, 4));
  check_told_once(host, follower, day + " " + kWasEmpty);
}

TEST_CASE("live file: one beside its rotated files that was empty, got lines and was removed is a gap",
          "[source_file]") {
  MockHost host("poll");
  auto follower = empty_at_first(host);
  host.fs.append(kParent, kLive, lines(0, 3));
  host.fs.put(kParent, kLive, lines(3, 4));
  CHECK(follower.run() == range(3, 4));
  check_told_once(host, follower, std::string("alerts.json ") + kWasEmpty);
}

TEST_CASE("live file: one that was empty and got lines is that one, whatever was rotated before", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json.2.gz", gzip_of(lines(900, 901)));
  host.fs.put(kParent, "alerts.json.1", lines(901, 902));
  auto follower = empty_at_first(host);
  host.fs.append(kParent, kLive, lines(0, 3));
  CHECK(follower.run() == range(0, 3));
  CHECK(host.metrics.counter("source_gaps") == 0);
}

TEST_CASE("live file: one that was empty and was compressed beside the live one is no gap while older ones are there",
          "[source_file]") {
  for (const bool older : {false, true}) {
    MockHost host("poll");
    if (older) host.fs.put(kParent, "alerts.json.2.gz", gzip_of(lines(900, 901)));
    host.fs.now_ns += 60'000'000'000;
    auto follower = empty_at_first(host);
    host.fs.put(kParent, "alerts.json.1.gz", gzip_of(lines(0, 3)));
    host.fs.put(kParent, kLive, lines(3, 4));
    CHECK(follower.run() == range(0, 4));
    // Without an older one, one that was before it may have been removed for its age: then alerts.json.1.gz is another.
    if (!older) check_told_once(host, follower, kWasEmpty);
    CHECK(host.metrics.counter("source_gaps") == (older ? 0 : 1));
  }
}

TEST_CASE("live file: of one that was empty, a renamed one with another inode number is another", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json.2", lines(900, 901));
  host.fs.now_ns += 60'000'000'000;
  auto follower = empty_at_first(host);
  host.fs.put(kParent, "alerts.json.1", lines(3, 5));
  host.fs.put(kParent, kLive, lines(5, 6));
  CHECK(follower.run() == range(3, 6));
  check_told_once(host, follower, kWasEmpty);
}

TEST_CASE("live file: one that was empty, got lines and was cut: the rest is in the copy, or it is a gap",
          "[source_file]") {
  for (const bool copied : {false, true}) {
    for (const int after : {0, 2}) {
      if (!copied && after != 0) continue;  // nothing tells it from one that only grew
      MockHost host("poll");
      host.fs.put(kParent, "alerts.json.2", lines(900, 901));
      host.fs.now_ns += 60'000'000'000;
      auto follower = empty_at_first(host);
      host.fs.append(kParent, kLive, lines(0, 3));
      if (copied) host.fs.put(kParent, "alerts.json.1", lines(0, 3));
      host.fs.overwrite(kParent, kLive, lines(3, 3 + after));
      CHECK(follower.run() == (copied ? range(0, 3 + after) : std::vector<int>{}));
      if (!copied) check_told_once(host, follower, kWasEmpty);
      CHECK(host.metrics.counter("source_gaps") == (copied ? 0 : 1));
    }
  }
}

TEST_CASE("live file: an empty one after one that was read: removed with what it got is a gap, rotated it is read",
          "[source_file]") {
  enum class Then { removed, removed_and_empty_again, renamed, compressed };
  for (const auto then : {Then::removed, Then::removed_and_empty_again, Then::renamed, Then::compressed}) {
    MockHost host("poll");
    Follower follower(host);
    host.fs.put(kParent, kLive, lines(0, 2));
    CHECK(follower.run() == range(0, 2));
    host.fs.rename(kParent, kLive, "alerts.json.1");
    host.fs.put(kParent, kLive, "");
    CHECK(follower.run().empty());
    CHECK(follower.run().empty());
    host.fs.append(kParent, kLive, lines(2, 4));
    if (then == Then::renamed || then == Then::compressed) host.fs.rename(kParent, "alerts.json.1", "alerts.json.2");
    if (then == Then::renamed) host.fs.rename(kParent, kLive, "alerts.json.1");
    if (then == Then::compressed) host.fs.put(kParent, "alerts.json.1.gz", gzip_of(lines(2, 4)));
    host.fs.put(kParent, kLive, "");
    if (then == Then::removed_and_empty_again) CHECK(follower.run().empty());
    host.fs.append(kParent, kLive, lines(4, 5));
    const bool kept = then == Then::renamed || then == Then::compressed;
    CHECK(follower.run() == range(kept ? 2 : 4, 5));
    if (!kept) check_told_once(host, follower, "the file after alerts.json.1 was empty when it was seen last");
    CHECK(host.metrics.counter("source_gaps") == (kept ? 0 : 1));
    CHECK(follower.run().empty());
    CHECK(follower.error.empty());
  }
}

TEST_CASE("live file: an empty one after one that got lines later is no gap when it is rotated, empty",
          "[source_file]") {
  const std::vector<std::vector<const char*>> names{{"alerts.json.1", "alerts.json.2", "alerts.json.3"},
                                                    {"alerts.json-1127", "alerts.json-1128", "alerts.json-1129"}};
  for (const bool dated : {false, true}) {
    for (const bool twice : {false, true}) {
      MockHost host("poll");
      Follower follower(host);
      std::vector<std::string> rotated;
      const auto rotate = [&] {
        const auto& of = names[dated ? 1 : 0];
        for (std::size_t n = rotated.size(); !dated && n > 0; --n) host.fs.rename(kParent, of[n - 1], of[n]);
        rotated.emplace_back(of[rotated.size()]);
        host.fs.rename(kParent, kLive, dated ? rotated.back() : of[0]);
        host.fs.put(kParent, kLive, "");
      };
      host.fs.put(kParent, kLive, lines(0, 2));
      CHECK(follower.run() == range(0, 2));
      rotate();
      host.fs.now_ns += 60'000'000'000;
      host.fs.append(kParent, rotated[0], lines(2, 4));  // its writer opens the new one after that
      CHECK(follower.run() == range(2, 4));
      rotate();
      if (twice) {
        CHECK(follower.run().empty());
        rotate();
        // The first of the empty ones is compressed now, and keeps the time of writing.
        const auto* first = dated ? names[1][1] : names[0][1];
        const auto now_ns = std::exchange(host.fs.now_ns, host.fs.files(kParent).at(first).mtime_ns - 1'000'000);
        host.fs.put(kParent, std::string(first) + ".gz", gzip_of(""));
        host.fs.now_ns = now_ns;
        host.fs.remove(kParent, first);
      }
      host.fs.append(kParent, kLive, lines(4, 5));
      INFO(dated << twice);
      CHECK(follower.run() == range(4, 5));
      CHECK(follower.error.empty());
      CHECK(host.metrics.counter("source_gaps") == 0);
    }
  }
}

TEST_CASE("live file: over random histories of logrotate nothing is a gap, and every line is handed over",
          "[source_file]") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    MockHost host("poll");
    Follower follower(host);
    const bool at_once = random() % 2 != 0;  // compressed at once, or as the second
    int rotated = 0;
    int written = 1;
    host.fs.put(kParent, kLive, lines(0, 1));
    const auto name = [](int n) { return "alerts.json." + std::to_string(n); };
    const auto rotate = [&] {
      for (int n = rotated; n > 0; --n)
        for (const auto* end : {"", ".gz"})
          if (host.fs.get(kParent, name(n) + end)) host.fs.rename(kParent, name(n) + end, name(n + 1) + end);
      host.fs.rename(kParent, kLive, name(1));
      host.fs.put(kParent, kLive, "");
      ++rotated;
      const auto packed = name(at_once ? 1 : 2);
      const auto bytes = host.fs.get(kParent, packed);
      if (!bytes) return;
      const auto now_ns = std::exchange(host.fs.now_ns, host.fs.files(kParent).at(packed).mtime_ns - 1'000'000);
      host.fs.put(kParent, packed + ".gz", gzip_of(*bytes));  // gzip keeps the time of writing
      host.fs.now_ns = now_ns;
      host.fs.remove(kParent, packed);
    };
    const auto act = [&] {
      const int more = static_cast<int>(random() % 3);
      if (seed > 100 && random() % 6 == 0) host.fs.now_ns -= 3'600'000'000'000;  // the clock is set back
      if (random() % 3 == 0) return rotate();
      if (more != 0) host.fs.append(kParent, kLive, lines(written, written + more));
      written += more;
    };
    unsigned acts = 9;  // not in the first run, which decides where it begins
    host.fs.before_call = [&](const std::string&) {
      if (acts > 4 || random() % 25 != 0) return;
      ++acts;  // five a run: rotated at each listing, it is replaced faster than it can be read
      act();
    };
    std::set<int> got;
    std::string errors;
    for (int step = 0; step < 40; ++step) {
      if (step != 0) act();
      if (step != 0 && random() % 3 != 0) continue;
      for (const int id : follower.run(static_cast<uint32_t>(1 + random() % 4))) got.insert(id);
      errors += follower.error;
      acts = 0;
    }
    host.fs.before_call = nullptr;
    host.fs.append(kParent, kLive, lines(written, written + 1));
    for (const int id : follower.run()) got.insert(id);
    INFO("seed " << seed << " " << errors << follower.error);
    const auto all = range(0, written + 1);
    CHECK(got == std::set<int>(all.begin(), all.end()));
    CHECK(host.metrics.counter("source_gaps") == 0);
  }
}

TEST_CASE("live file: a position that cannot be read is a gap, and everything that is there is read", "[source_file]") {
  for (const char* damaged : {"{", "[9]", "17 of another source"}) {
    MockHost host("poll");
    Manager manager(host);
    manager.write(lines(0, 2));
    manager.rotate();
    manager.write(lines(2, 3));
    manager.midnight();
    manager.write(lines(3, 5));
    manager.compress();
    Follower follower(host);
    follower.position = damaged;
    CHECK(follower.run(2) == range(0, 5));
    check_told_once(host, follower, "the position of the last run cannot be read");
    CHECK_THAT(host.log.lines.front().text, ContainsSubstring("2026/Nov/ossec-alerts-26.json"));
  }
}

TEST_CASE("live file: a position that cannot be read, beside logrotate's files", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json.3.xz", "?");
  host.fs.put(kParent, "alerts.json.2.gz", gzip_of(lines(0, 2)));
  host.fs.put(kParent, "alerts.json.1", lines(2, 3));
  host.fs.put(kParent, kLive, lines(3, 4));
  Follower follower(host);
  follower.position = "?";
  CHECK(follower.run() == range(0, 4));
  CHECK(follower.code == SF_FAILED);
  CHECK(host.metrics.counter("source_gaps") == 2);  // the .xz is one of its own
  CHECK(follower.run().empty());
  CHECK(follower.error.empty());
}

TEST_CASE("live file: a position that cannot be read stays until a file is there", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "other", "");
  Follower follower(host);
  follower.position = "?";
  CHECK(follower.run().empty());
  CHECK(follower.code == SF_RETRY);
  CHECK(follower.position == "?");
  host.fs.put(kParent, kLive, lines(0, 1));
  CHECK(follower.run() == range(0, 1));
  check_told_once(host, follower, "the position of the last run cannot be read");
}

TEST_CASE("live file: what is compressed by something else is named up to a number", "[source_file]") {
  MockHost host("poll");
  for (int n = 100; n < 150; ++n) host.fs.put(kParent, "alerts.json." + std::to_string(n) + ".xz", "?");
  host.fs.put(kParent, kLive, lines(0, 1));
  Follower follower(host);
  follower.position = "?";
  CHECK(follower.run() == range(0, 1));
  CHECK(host.log.lines.size() == 12);  // the position, ten names, and how many more
  CHECK_THAT(host.log.lines.back().text, ContainsSubstring("40 more"));
}

TEST_CASE("live file: rotated files over those that are looked at are a gap", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, kLive, lines(0, 1));
  const json settings{{"path", "/x/alerts.json"}, {"follow", true}};
  sf::testing::SourceUnderTest first(host, signalfoundry_plugin, settings);
  first.open();
  first.poll_all();
  host.fs.now_ns += 60'000'000'000;
  for (int n = 0; n < 10'003; ++n)
    host.fs.put(kParent, "alerts.json-" + std::to_string(20'000 + n), lines(n + 1, n + 2));
  host.fs.put(kParent, kLive, lines(11'000, 11'001));
  sf::testing::SourceUnderTest source(host, signalfoundry_plugin, settings);
  source.open(first.position());
  CHECK(source.poll(1).pushed.at(0).document == alert(4));
  CHECK(host.metrics.counter("source_gaps") == 2);  // what was being read, too
  CHECK_THAT(host.log.lines.back().text, ContainsSubstring("the 3 oldest"));
}

TEST_CASE("live file: the one that is read is read to its end before rotated files over those that are looked at",
          "[source_file]") {
  for (const int more : {9'999, 10'003}) {
    MockHost host("poll");
    host.fs.put(kParent, kLive, lines(0, 1));
    const json settings{{"path", "/x/alerts.json"}, {"follow", true}};
    sf::testing::SourceUnderTest first(host, signalfoundry_plugin, settings);
    first.open();
    first.poll_all();
    host.fs.append(kParent, kLive, lines(1, 2));
    host.fs.rename(kParent, kLive, "alerts.json-19999");
    for (int n = 0; n < more; ++n)
      host.fs.put(kParent, "alerts.json-" + std::to_string(20'000 + n), lines(n + 2, n + 3));
    host.fs.put(kParent, kLive, lines(11'000, 11'001));
    sf::testing::SourceUnderTest source(host, signalfoundry_plugin, settings);
    source.open(first.position());
    const auto got = source.poll(2).pushed;
    INFO(more);
    REQUIRE(got.size() == 2);
    CHECK(got[0].document == alert(1));
    CHECK(got[1].document == alert(more > 10'000 ? 5 : 2));
    CHECK(host.metrics.counter("source_gaps") == (more > 10'000 ? 1 : 0));
    if (more > 10'000) CHECK_THAT(host.log.lines.back().text, ContainsSubstring("the 3 oldest"));
  }
}

TEST_CASE("live file: an older file that keeps its extension is one by the pattern", "[source_file]") {
  for (const bool older : {false, true}) {
    MockHost host("poll");
    if (older) host.fs.put(kParent, "alerts-2.json", lines(900, 901));
    host.fs.now_ns += 60'000'000'000;
    host.fs.put(kParent, kLive, "");
    Follower follower(host, {{"path", "/x/alerts.json"}, {"follow", true}, {"rotated", "alerts-*.json*"}});
    CHECK(follower.run().empty());
    host.fs.put(kParent, "alerts-1.json.gz", gzip_of(lines(0, 3)));
    host.fs.put(kParent, kLive, lines(3, 4));
    CHECK(follower.run() == range(0, 4));
    CHECK(host.metrics.counter("source_gaps") == (older ? 0 : 1));
  }
}
