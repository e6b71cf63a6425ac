// SPDX-License-Identifier: Apache-2.0
//
// Goal: every line and every file is pushed or rejected with a reason, once per read, whatever happens to them
// meanwhile.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::Fault;
using sf::testing::MockHost;
using sf::testing::MockPoll;
using sf::testing::SourceUnderTest;

namespace {

constexpr const char* kParent = "parent:path";
constexpr const char* kDir = "setting:path";
const json kLines{{"path", "/var/alerts.json"}};
const json kFollow{{"path", "/var/alerts.json"}, {"follow", true}};
const json kFiles{{"path", "/var/alerts"}, {"format", "dir"}};
const json kFilesFollow{{"path", "/var/alerts"}, {"format", "dir"}, {"follow", true}};

std::string alert(int n) {
  return R"({"id":")" + std::to_string(n) + R"("})";
}
std::string lines(int from, int to) {
  std::string out;
  for (int n = from; n < to; ++n) out += alert(n) + "\n";
  return out;
}
std::vector<int> ids(const MockPoll& poll) {
  std::vector<int> out;
  for (const auto& push : poll.pushed) out.push_back(std::stoi(json::parse(push.document)["id"].get<std::string>()));
  return out;
}
std::vector<int> range(int from, int to) {
  std::vector<int> out;
  for (int n = from; n < to; ++n) out.push_back(n);
  return out;
}
MockPoll read_once(const std::string& bytes, uint32_t page = 1000) {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json", bytes);
  SourceUnderTest source(host, signalfoundry_plugin, kLines);
  source.open();
  return source.poll_all(page);
}
// A process ends and the next one opens where the last one was.
MockPoll run(MockHost& host, const json& settings, std::string& position, uint32_t page = 1000) {
  SourceUnderTest source(host, signalfoundry_plugin, settings);
  source.open(position);
  auto out = source.poll_all(page);
  position = source.position();
  return out;
}

}  // namespace

TEST_CASE("source_file: gives the Wazuh mapping", "[source_file]") {
  MockHost host("poll");
  SourceUnderTest source(host, signalfoundry_plugin, kLines);
  CHECK(source.mapping()["name"] == "wazuh-4");
}

TEST_CASE("source_file: reads every line once, at any page size", "[source_file]") {
  for (const uint32_t page : {1U, 2U, 7U, 99U, 100U, 101U, 1000U}) {
    const auto out = read_once(lines(0, 100), page);
    CHECK(ids(out) == range(0, 100));
    CHECK(out.status == SF_END);
    CHECK(out.rejected.empty());
    CHECK(out.checkpoints.empty());
  }
}

TEST_CASE("source_file: takes lines as they come: CRLF, byte order mark, blank ones, none, no line feed at the end",
          "[source_file]") {
  CHECK(ids(read_once("\xef\xbb\xbf" + alert(1) + "\r\n\r\n  \n\n" + alert(2) + "\r\n\t" + alert(3))) == range(1, 4));
  CHECK(read_once("\xef\xbb\xbf" + alert(1) + "\r\n").pushed[0].document == alert(1));
  CHECK(read_once("").pushed.empty());
  CHECK(read_once("\n\n").pushed.empty());
  CHECK(read_once(alert(1)).pushed.size() == 1);
  const auto hit = read_once(R"({"_index":"i","_id":"x-1","_source":{ "id":"7" }})"
                             "\n");
  CHECK(hit.pushed[0].document == R"({ "id":"7" })");
  CHECK(hit.pushed[0].doc_id == "x-1");
}

TEST_CASE("source_file: broken lines are rejected with their place and reason, and the rest goes on", "[source_file]") {
  const auto out = read_once(alert(1) + "\n{\"id\":\nnonsense\n[1]\n" + alert(2) + "\n" + std::string("{\"a\0b", 5) +
                             "\n" + alert(3) + "\n{\"id\":\"4");
  CHECK(ids(out) == range(1, 4));
  REQUIRE(out.rejected.size() == 5);
  CHECK(out.rejected[0].bytes == "{\"id\":");
  CHECK_THAT(out.rejected[0].reason, ContainsSubstring("line at byte 11: not JSON: "));
  CHECK(out.rejected[2].reason == "line at byte 27: JSON, but not an object");
  for (const auto& one : out.rejected)
    for (const char c : one.reason) CHECK(static_cast<unsigned char>(c) >= 0x20);
}

TEST_CASE("source_file: lines that end at the border of a chunk stay whole", "[source_file]") {
  for (int shift = -5; shift <= 1; ++shift) {
    const auto size = static_cast<std::size_t>((1 << 20) + shift);
    auto first = alert(1) + std::string(size - alert(1).size() - 1, ' ') + "\n";
    CHECK(ids(read_once(first + lines(2, 50))) == range(1, 50));
    CHECK(ids(read_once(lines(2, 50) + first + alert(3))).size() == 50);
  }
}

TEST_CASE("source_file: a line of 5 MB is rejected by its beginning, and the lines around it are read",
          "[source_file]") {
  const auto out = read_once(alert(1) + "\n{\"id\":\"" + std::string(5'000'000, 'x') + "\"}\n" + alert(2) + "\n" +
                             std::string(1'500'000, 'y'));
  CHECK(ids(out) == range(1, 3));
  REQUIRE(out.rejected.size() == 2);
  CHECK_THAT(out.rejected[0].bytes.substr(65536),
             ContainsSubstring("\n[cut here; the whole is 5000010 bytes, digest "));
  CHECK_THAT(out.rejected[0].reason,
             ContainsSubstring("line at byte 11: 5000010 bytes long, more than the 1048576 of an alert"));
  CHECK_THAT(out.rejected[1].reason, ContainsSubstring("1500000 bytes long"));
}

// Goal: what is kept of a line is its identity, so lines that begin the same are not taken for one.
TEST_CASE("source_file: long lines that differ behind what is kept of them are told apart, the same one is one",
          "[source_file]") {
  const std::string start = "{\"id\":\"" + std::string(1'200'000, 'x');
  const std::string file = start + "1\"}\n" + start + "2\"}\n" + start + "1\"}\n";
  const auto out = read_once(file);
  REQUIRE(out.rejected.size() == 3);
  CHECK(out.rejected[0].bytes != out.rejected[1].bytes);
  CHECK(out.rejected[0].bytes == out.rejected[2].bytes);
  CHECK(out.rejected[0].bytes.size() < 65'536 + 200);
  MockHost host("poll");  // followed, in other chunks, and at other places
  host.fs.put(kParent, "alerts.json", lines(0, 1'000) + file);
  std::string position;
  const auto later = run(host, kFollow, position, 7);
  REQUIRE(later.rejected.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(later.rejected[i].bytes == out.rejected[i].bytes);
}

TEST_CASE("source_file: what the host has no room for is offered again", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json", lines(0, 10));
  SourceUnderTest source(host, signalfoundry_plugin, kLines);
  source.open();
  source.room = 4;
  CHECK(ids(source.poll()) == range(0, 4));
  CHECK(source.status() == SF_OK);
  CHECK(source.poll().pushed.empty());
  source.room = UINT64_MAX;
  source.cancel_after = 3;
  CHECK(ids(source.poll()) == range(4, 7));
  CHECK(source.status() == SF_CANCELLED);
  source.cancel_after = UINT64_MAX;
  CHECK(ids(source.poll_all()) == range(7, 10));
}

TEST_CASE("source_file: within a process it goes on; a new process begins anew", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json", lines(0, 3));
  SourceUnderTest source(host, signalfoundry_plugin, kLines);
  source.open();
  CHECK(ids(source.poll_all()) == range(0, 3));
  CHECK(source.poll_all().pushed.empty());
  host.fs.append(kParent, "alerts.json", lines(3, 5));
  CHECK(ids(source.poll_all()) == range(3, 5));
  std::string position = source.position();
  CHECK(position.empty());
  CHECK(ids(run(host, kLines, position)) == range(0, 5));
}

TEST_CASE("source_file: a last line that was taken without its line feed is read again when it has grown",
          "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json", alert(1) + "\n{\"id\":");
  SourceUnderTest source(host, signalfoundry_plugin, kLines);
  source.open();
  CHECK(source.poll_all().rejected.size() == 1);
  CHECK(source.poll_all().rejected.empty());
  CHECK(source.poll_all().rejected.empty());
  host.fs.append(kParent, "alerts.json", "\"2\"}\n" + alert(3));
  CHECK(ids(source.poll_all()) == range(2, 4));
  host.fs.append(kParent, "alerts.json", "\n");
  CHECK(ids(source.poll_all()) == range(3, 4));  // offered again: the runner knows it
}

TEST_CASE("source_file: a file that is replaced or cut is read from its start", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json", lines(0, 5));
  SourceUnderTest source(host, signalfoundry_plugin, kLines);
  source.open();
  CHECK(ids(source.poll_all()) == range(0, 5));
  host.fs.put(kParent, "alerts.json", lines(10, 20));  // another inode
  CHECK(ids(source.poll_all()) == range(10, 20));
  host.fs.overwrite(kParent, "alerts.json", lines(20, 22));  // the same file, shorter
  CHECK(ids(source.poll_all()) == range(20, 22));
  host.fs.overwrite(kParent, "alerts.json", lines(30, 40));  // the same file, longer, another first line
  CHECK(ids(source.poll_all()) == range(30, 40));
}

TEST_CASE("source_file: followed, the next process goes on where the last one was", "[source_file]") {
  for (const uint32_t page : {1U, 3U, 1000U}) {
    MockHost host("poll");
    std::string position;
    host.fs.put(kParent, "alerts.json", lines(0, 10));
    const auto first = run(host, kFollow, position, page);
    CHECK(ids(first) == range(0, 10));
    REQUIRE(!first.checkpoints.empty());
    const auto at = json::parse(position);
    CHECK(at["v"] == 2);
    CHECK(at["offset"] == lines(0, 10).size());
    CHECK(at["first_line_sha256"].get<std::string>().size() == 64);
    CHECK(run(host, kFollow, position, page).pushed.empty());
    host.fs.append(kParent, "alerts.json", lines(10, 13));
    CHECK(ids(run(host, kFollow, position, page)) == range(10, 13));
  }
}

TEST_CASE("source_file: followed, a line that is still being written waits", "[source_file]") {
  MockHost host("poll");
  std::string position;
  host.fs.put(kParent, "alerts.json", alert(1).substr(0, 5));
  CHECK(run(host, kFollow, position).pushed.empty());
  host.fs.append(kParent, "alerts.json", alert(1).substr(5));
  CHECK(run(host, kFollow, position).pushed.empty());
  host.fs.append(kParent, "alerts.json", "\n" + alert(2) + "\n" + alert(3));
  const auto out = run(host, kFollow, position);
  CHECK(ids(out) == range(1, 3));
  CHECK(out.rejected.empty());
  host.fs.append(kParent, "alerts.json", "\n");
  CHECK(ids(run(host, kFollow, position)) == range(3, 4));
}

TEST_CASE("source_file: followed, the position never passes what was taken", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json", lines(0, 10));
  std::string position;
  std::vector<int> seen;
  for (int runs = 0; runs < 10 && seen.size() < 10; ++runs) {
    SourceUnderTest source(host, signalfoundry_plugin, kFollow);
    source.open(position);
    source.room = 3;
    for (const int id : ids(source.poll(5))) seen.push_back(id);
    position = source.position();
  }
  CHECK(seen == range(0, 10));
}

TEST_CASE("source_file: followed, what came into a rotated file since the last look is read before its successor",
          "[source_file]") {
  MockHost host("poll");
  std::string position;
  host.fs.put(kParent, "alerts.json", lines(0, 5));
  CHECK(ids(run(host, kFollow, position, 2)) == range(0, 5));
  host.fs.append(kParent, "alerts.json", lines(5, 8) + alert(8));
  host.fs.rename(kParent, "alerts.json", "alerts.json.1");
  host.fs.put(kParent, "alerts.json", lines(9, 12));
  CHECK(ids(run(host, kFollow, position, 2)) == range(5, 12));
  CHECK(run(host, kFollow, position, 2).pushed.empty());
  CHECK(json::parse(position)["offset"] == lines(9, 12).size());
}

TEST_CASE("source_file: a position that is damaged is a gap, and the file is read from its start", "[source_file]") {
  for (std::string position : {"nonsense", "[]", R"({"v":2)"}) {
    MockHost host("poll");
    host.fs.put(kParent, "alerts.json", lines(0, 3));
    INFO(position);
    SourceUnderTest source(host, signalfoundry_plugin, kFollow);
    source.open(position);
    CHECK_THROWS_WITH(source.poll_all(), ContainsSubstring("the position of the last run cannot be read"));
    CHECK(ids(source.last()) == range(0, 3));
    CHECK(host.log.lines.size() == 1);
    CHECK(host.metrics.counter("source_gaps") == 1);
  }
}

TEST_CASE("source_file: a position of another plugin or a newer version is refused, and nothing is read again",
          "[source_file]") {
  const std::string wazuh = R"({"v":2,"watermark_ms":5,"local_ms":5,"filter":"x","retry_ms":0,"holes":[]})";
  for (const std::string& position :
       {wazuh, std::string("{}"), std::string(R"({"v":2})"), std::string(R"({"v":"1"})"),
        std::string(R"({"v":1,"ino":"x","offset":-4})"), R"({"v":2,"x":")" + std::string(5000, 'x') + "\"}",
        std::string(R"({"v":3,"file":"x"})")}) {
    MockHost host("poll");
    host.fs.put(kParent, "alerts.json", lines(0, 3));
    INFO(position);
    SourceUnderTest source(host, signalfoundry_plugin, kFollow);
    try {
      source.open(position);
      FAIL("taken");
    } catch (const sf::Error& error) {
      CHECK(error.code() == SF_FATAL);
      CHECK_THAT(error.what(), ContainsSubstring(position.starts_with(R"({"v":3)")
                                                     ? "was written by a newer source_file; run that version again"
                                                     : "is not one of source_file's"));
    }
    CHECK(host.metrics.counter("source_gaps") == 0);
  }
}

TEST_CASE("source_file: what cannot be read says which setting and what to do", "[source_file]") {
  const auto failure = [](const json& settings, const std::function<void(MockHost&)>& prepare) {
    MockHost host("poll");
    prepare(host);
    try {
      SourceUnderTest source(host, signalfoundry_plugin, settings);
      source.open();
      source.poll();
    } catch (const sf::Error& error) {
      CHECK_THAT(error.what(), ContainsSubstring("setting \"path\" (/var/alerts"));
      CHECK(std::string_view(error.what()).size() < 448);
      return error.code();
    }
    return sf_status{SF_OK};
  };
  const auto nothing = [](MockHost&) {};
  CHECK(failure(kLines, nothing) == SF_RETRY);
  CHECK(failure(kFiles, nothing) == SF_RETRY);
  CHECK(failure(kLines, [](MockHost& host) { host.fs.make_dir(kParent); }) == SF_RETRY);
  for (const uint32_t kind : {SF_DIRECTORY, SF_SYMLINK, SF_OTHER})
    CHECK(failure(kLines, [kind](MockHost& host) { host.fs.put(kParent, "alerts.json", "", kind); }) == SF_INVALID);
  CHECK(failure({{"path", "/var/alerts/"}}, nothing) == SF_INVALID);
}

TEST_CASE("source_file: vanishing or changing at any call loses and invents nothing", "[source_file]") {
  for (const auto& settings : {kLines, kFollow, kFiles, kFilesFollow}) {
    for (const auto fault : {Fault::vanish, Fault::change}) {
      for (unsigned nth = 1; nth <= 12; ++nth) {
        MockHost host("poll");
        host.fs.put(kParent, "alerts.json", lines(0, 6));
        for (int n = 0; n < 6; ++n) host.fs.put(kDir, std::to_string(n) + ".json", alert(n));
        host.fs.inject("any", nth, fault);
        INFO(settings.dump() << " call " << nth);
        SourceUnderTest source(host, signalfoundry_plugin, settings);
        source.open();
        MockPoll all;
        try {
          all = source.poll_all(2);
        } catch (const sf::Error& error) {
          const bool told =
              settings == kFollow && error.code() == SF_FAILED && host.metrics.counter("source_gaps") != 0;
          CHECK((told || error.code() == SF_RETRY || error.code() == SF_INVALID));  // the path itself is gone
        }
        for (const auto& push : all.pushed) CHECK(json::parse(push.document).contains("id"));
        CHECK(all.rejected.size() <= 6);  // "another file's bytes"
      }
    }
  }
}

TEST_CASE("source_file: a file that vanished between look and read is counted, and then missed", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json", lines(0, 6));
  host.fs.inject("read", 1, Fault::vanish);
  SourceUnderTest source(host, signalfoundry_plugin, kLines);
  source.open();
  CHECK(source.poll().status == SF_OK);
  CHECK(host.metrics.counter("vanished") == 1);
  CHECK_THROWS_WITH(source.poll(), ContainsSubstring("is not there"));
  host.fs.put(kParent, "alerts.json", lines(0, 6));
  CHECK(ids(source.poll_all()) == range(0, 6));
}

TEST_CASE("source_file: faults of the disk pass through with their code", "[source_file]") {
  for (const auto& [fault, code] :
       std::vector<std::pair<Fault, sf_status>>{{Fault::retry, SF_RETRY}, {Fault::denied, SF_DENIED}}) {
    for (const char* call : {"open_dir", "stat", "read"}) {
      MockHost host("poll");
      host.fs.put(kParent, "alerts.json", lines(0, 6));
      host.fs.inject(call, 1, fault);
      SourceUnderTest source(host, signalfoundry_plugin, kLines);
      source.open();
      CHECK_THROWS_AS(source.poll(), sf::Error);
      CHECK(source.status() == code);
      CHECK(ids(source.poll_all()) == range(0, 6));
    }
  }
}
