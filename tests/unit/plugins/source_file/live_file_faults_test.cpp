// SPDX-License-Identifier: Apache-2.0
//
// Goal: a file that vanishes at any call costs what was in it and nothing else, and that is said; and over any history
// of a manager's writing, rotating and compressing, looked at by any number of processes, every line is handed over.
#include <random>
#include <set>

#include "support/catch.h"
#include "wazuh_manager.hpp"

using sf::testing::Fault;
using sf::testing::MockHost;

namespace {

// A history with everything in it: a rest, two rotations while nobody looked, a .gz, a day, a live file with lines.
void history(Manager& manager) {
  manager.write(lines(3, 6));
  const auto first = manager.file();
  manager.rotate();
  manager.write(lines(6, 9));
  manager.midnight();
  manager.write(lines(9, 12));
  manager.compress(first);
}

std::set<int> ids_in(const std::string& bytes) {
  std::set<int> out;
  for (int n = 0; n < 12; ++n)
    if (bytes.find(alert(n)) != std::string::npos) out.insert(n);
  return out;
}

std::string content(const std::string& name, const std::string& bytes) {
  if (!name.ends_with(".gz")) return bytes;
  std::string out(1000, '\0');
  z_stream z{};
  inflateInit2(&z, 16 + MAX_WBITS);
  std::string in = bytes;
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  inflate(&z, Z_FINISH);
  out.resize(out.size() - z.avail_out);
  inflateEnd(&z);
  return out;
}

std::set<int> still_there(MockHost& host) {
  std::set<int> out;
  for (const auto& [name, file] : host.fs.files(kParent)) out.merge(ids_in(content(name, file.bytes)));
  return out;
}

}  // namespace

TEST_CASE("live file: vanishing at any call costs only what vanished, and that is said", "[source_file]") {
  unsigned struck = 0;
  unsigned gaps = 0;
  for (unsigned nth = 1; nth < 80; ++nth) {
    MockHost host("poll");
    Manager manager(host);
    Follower follower(host);
    manager.write(lines(0, 3));
    REQUIRE(follower.run() == range(0, 3));
    history(manager);
    host.fs.inject("any", nth, Fault::vanish);
    std::set<int> got{0, 1, 2};
    for (int runs = 0; runs < 14; ++runs) {
      for (const int id : follower.run(2)) got.insert(id);
      if (!host.fs.get(kParent, kLive)) manager.link();
    }
    const auto there = still_there(host);
    INFO("call " << nth << " " << follower.error);
    for (const int id : there) CHECK(got.contains(id));
    if (there.size() < 12) ++struck;
    if (got.size() < 12) CHECK(host.metrics.counter("source_gaps") != 0);
    if (got.size() < 12) ++gaps;
    CHECK(follower.rejected.empty());
    CHECK(follower.error.empty());  // by the last run everything has been said
  }
  CHECK(struck > 10);
  CHECK(gaps > 2);
}

TEST_CASE("live file: a fault of the disk at any call costs nothing", "[source_file]") {
  for (const auto fault : {Fault::retry, Fault::denied}) {
    for (unsigned nth = 1; nth < 80; ++nth) {
      MockHost host("poll");
      Manager manager(host);
      Follower follower(host);
      manager.write(lines(0, 3));
      REQUIRE(follower.run() == range(0, 3));
      history(manager);
      host.fs.inject("any", nth, fault);
      std::vector<int> got;
      for (int runs = 0; runs < 14; ++runs)
        for (const int id : follower.run(2)) got.push_back(id);
      INFO("call " << nth);
      CHECK(got == range(3, 12));
      CHECK(host.metrics.counter("source_gaps") == 0);
      CHECK(follower.error.empty());
    }
  }
}

TEST_CASE("live file: over random histories every line is handed over once", "[source_file]") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    MockHost host("poll");
    Manager manager(host);
    Follower follower(host);
    int written = 0;
    std::string half;  // of a line that is being written
    std::vector<int> got;
    // Files that were empty when they were read last, and were removed, as Wazuh does, with none before them.
    unsigned unseen = 0;
    const auto about_to_rotate = [&] {
      if (follower.position.empty() || !host.fs.get(kParent, manager.file())->empty()) return;
      const auto at = nlohmann::json::parse(follower.position);
      if (host.fs.files(kParent).size() > 2) return;  // beside alerts.json and this one there are older ones
      if (at["empty"] == true && at["file"] == manager.file()) ++unseen;
    };
    const auto act = [&](bool may_leave_empty) {
      const auto what = random() % 10;
      const bool may_rotate = half.empty() && (may_leave_empty || !host.fs.get(kParent, manager.file())->empty());
      if (what < 6) {
        const int more = static_cast<int>(random() % 4);
        std::string bytes = half + lines(written, written + more);
        written += more;
        half.clear();
        if (chance(30)) {
          const auto next = alert(written) + "\n";
          const auto cut = 1 + random() % (next.size() - 1);
          bytes += next.substr(0, cut);
          half = next.substr(cut);
          ++written;
        }
        manager.write(bytes);
      } else if (may_rotate && what == 6) {
        about_to_rotate();
        manager.rotate();
      } else if (may_rotate && what == 7) {
        about_to_rotate();
        manager.midnight();
      } else if (what == 8) {
        manager.compress();
      }
    };
    host.fs.before_call = [&](const std::string&) {
      // An empty file that goes between two calls is told as one that was removed unread.
      if (chance(3)) act(false);
    };
    follower.run();  // the first run decides where it begins
    REQUIRE(written < 20);
    got = range(0, 0);
    const int begin = written;
    for (int step = 0; step < 120; ++step) {
      act(true);
      if (chance(25))
        for (const int id : follower.run(static_cast<uint32_t>(1 + random() % 5))) got.push_back(id);
    }
    host.fs.before_call = nullptr;
    manager.write(half + lines(written, written + 1));
    ++written;
    for (const int id : follower.run()) got.push_back(id);
    INFO("seed " << seed << " " << follower.error);
    std::erase_if(got, [&](int id) { return id < begin; });
    CHECK(got == range(begin, written));
    CHECK(follower.rejected.empty());
    CHECK(host.metrics.counter("source_gaps") == unseen);
  }
}

// Goal: no time of writing decides where numbers do, and where only times could, nothing is passed over in silence.
TEST_CASE("live file: a clock that is set back between two rotations costs nothing where numbers tell the order",
          "[source_file]") {
  for (const bool packed : {false, true}) {
    MockHost host("poll");
    Follower follower(host);
    host.fs.now_ns -= 86'400'000'000'000;
    host.fs.put(kParent, "alerts.json.bak", lines(900, 901));  // somebody's
    host.fs.now_ns += 86'400'000'000'000;
    host.fs.put(kParent, kLive, lines(0, 2));
    CHECK(follower.run() == range(0, 2));
    host.fs.append(kParent, kLive, lines(2, 3));
    host.fs.rename(kParent, kLive, "alerts.json.1");
    host.fs.now_ns -= 3'600'000'000'000;
    host.clock.now_ms -= 3'600'000;
    host.fs.rename(kParent, "alerts.json.1", "alerts.json.2");
    host.fs.put(kParent, packed ? "alerts.json.1.gz" : "alerts.json.1", packed ? gzip_of(lines(3, 5)) : lines(3, 5));
    host.fs.put(kParent, kLive, lines(5, 6));
    CHECK(follower.run() == range(2, 6));
    CHECK(follower.error.empty());
    CHECK(follower.run().empty());
  }
}

TEST_CASE("live file: a clock that was set back where times tell the order is a gap, and everything is read once",
          "[source_file]") {
  constexpr std::int64_t kHourMs = 3'600'000;
  MockHost host("poll");
  Follower follower(host);
  const auto rotate = [&](const std::string& name, int from, int to) {
    host.fs.rename(kParent, kLive, name);
    host.fs.put(kParent, kLive, lines(from, to));
  };
  const auto pass = [&](std::int64_t ms) {
    host.fs.now_ns += ms * 1'000'000;
    host.clock.now_ms += ms;
  };
  host.fs.put(kParent, "alerts.json-25", lines(900, 901));
  pass(2 * kHourMs);
  host.fs.put(kParent, kLive, lines(0, 2));
  CHECK(follower.run() == range(0, 2));
  pass(-kHourMs);
  rotate("alerts.json-26", 2, 4);
  rotate("alerts.json-27", 4, 5);
  CHECK(follower.run() == std::vector<int>{900, 2, 3, 4});
  CHECK_THAT(follower.error, ContainsSubstring("alerts.json-26 was written by a clock that has been set back since"));
  CHECK(host.metrics.counter("source_gaps") == 1);
  for (int id = 5; id < 9; ++id) {  // while the clock is behind, and when it has caught up
    rotate("alerts.json-3" + std::to_string(id), id, id + 1);
    const auto got = follower.run();
    CHECK(std::count(got.begin(), got.end(), id) == 1);
    CHECK(got.size() <= 3);  // that of a time ahead may be read once more
    CHECK(follower.error.empty());
    pass(kHourMs / 2);
  }
  CHECK(host.metrics.counter("source_gaps") == 1);
}
