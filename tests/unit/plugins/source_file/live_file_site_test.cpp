// SPDX-License-Identifier: Apache-2.0
//
// Goal: what a site does to the one who follows: holes, permissions, a long archive, an older version's position.
#include "position.hpp"
#include "support/catch.h"
#include "wazuh_manager.hpp"

using nlohmann::json;
using sf::testing::Fault;
using sf::testing::MockHost;

TEST_CASE("live file: NUL bytes of a hole or a crash are passed over, others are quarantined", "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 1) + std::string(3'000'000, '\0') + lines(1, 2) + std::string(17, '\0') + lines(2, 3));
  CHECK(follower.run() == range(0, 3));
  CHECK(follower.rejected.empty());
  manager.write(std::string("{\"id\":\"\0\"}\n", 11) + "\xff\xfe\n" + std::string(2'000'000, 'x') + "\n" + lines(3, 4));
  CHECK(follower.run() == range(3, 4));
  CHECK(follower.rejected.size() == 3);
  manager.write(std::string(2'000'000, '\0'));
  CHECK(follower.run().empty());
  manager.write(lines(4, 5));
  CHECK(follower.run() == range(4, 5));
  manager.write(std::string(100, '\0'));
  manager.rotate();
  manager.write(lines(5, 6));
  CHECK(follower.run() == range(5, 6));
  CHECK(follower.rejected.size() == 3);
  CHECK(host.metrics.counter("source_gaps") == 0);
}

TEST_CASE("live file: no permission names the group, loses nothing, and goes on when it is given", "[source_file]") {
  for (const char* call : {"open_dir", "stat", "read", "list"}) {
    for (unsigned nth = 1; nth <= 8; ++nth) {
      MockHost host("poll");
      Manager manager(host);
      Follower follower(host);
      manager.write(lines(0, 2));
      CHECK(follower.run() == range(0, 2));
      manager.write(lines(2, 4));
      manager.midnight();
      manager.write(lines(4, 5));
      manager.compress();
      host.fs.inject(call, nth, Fault::denied);
      auto got = follower.run();
      INFO(call << " " << nth << " " << follower.error);
      if (follower.code != SF_OK) {
        CHECK(follower.code == SF_DENIED);
        CHECK_THAT(follower.error, ContainsSubstring("usermod -aG wazuh"));
      }
      for (const int id : follower.run()) got.push_back(id);
      CHECK(got == range(2, 5));
      CHECK(host.metrics.counter("source_gaps") == 0);
    }
  }
}

TEST_CASE("live file: an idle run costs the same whatever lies in the archive", "[source_file]") {
  std::vector<std::size_t> calls;
  for (const int days : {1, 300}) {
    MockHost host("poll");
    Manager manager(host);
    for (int day = 0; day < days; ++day) {
      manager.write(lines(day, day + 1));
      manager.midnight();
    }
    manager.write(lines(days, days + 1));
    Follower follower(host);
    follower.run();
    host.fs.calls.clear();
    CHECK(follower.run().empty());
    for (const auto& call : host.fs.calls) CHECK(!call.starts_with("list"));
    calls.push_back(host.fs.calls.size());
  }
  CHECK(calls[0] == calls[1]);
  CHECK(calls[0] <= 6);
}

TEST_CASE("live file: goes on from a position of the version before, and says of any other that it cannot",
          "[source_file]") {
  MockHost host("poll");
  Manager manager(host);
  Follower follower(host);
  manager.write(lines(0, 4));
  follower.run();
  auto at = json::parse(follower.position);
  follower.position =
      json{{"v", 1}, {"ino", at["ino"]}, {"offset", lines(0, 2).size()}, {"first_line_sha256", at["first_line_sha256"]}}
          .dump();
  manager.write(lines(4, 5));
  manager.midnight();
  manager.write(lines(5, 6));
  CHECK(follower.run() == range(2, 6));
  CHECK(host.log.lines.empty());
  for (const auto& [key, value] : std::vector<std::pair<const char*, json>>{{"v", 3},
                                                                            {"ino", -1},
                                                                            {"offset", "1"},
                                                                            {"last_bytes", 5000},
                                                                            {"last_bytes", 1e300},
                                                                            {"file", 7},
                                                                            {"until_ms", INT64_MAX},
                                                                            {"mtime_ms", nullptr},
                                                                            {"last_sha256", json::array()}}) {
    auto wrong = json::parse(follower.position);
    wrong[key] = value;
    INFO(wrong.dump());
    CHECK_THROWS_AS(source_file::Position::of(wrong.dump()), sf::Error);
  }
  CHECK(source_file::Position::of(follower.position).value().text() == follower.position);
  CHECK_THROWS_AS(source_file::Position::of(std::string(5000, ' ') + follower.position), sf::Error);
}
