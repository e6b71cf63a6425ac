// SPDX-License-Identifier: Apache-2.0
//
// Goal: a directory of files is a snapshot: each file that is still there is pushed or rejected, the others are
// counted.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::Fault;
using sf::testing::MockHost;
using sf::testing::SourceUnderTest;

namespace {

constexpr const char* kDir = "setting:path";
const json kOnce{{"path", "/var/alerts"}, {"format", "dir"}};
const json kFollow{{"path", "/var/alerts"}, {"format", "dir"}, {"follow", true}};

std::string alert(int n) {
  return R"({"id":")" + std::to_string(n) + R"("})";
}

}  // namespace

TEST_CASE("source_file, dir: reads every *.json in name order, at any page size", "[source_file]") {
  for (const uint32_t page : {1U, 3U, 1000U}) {
    MockHost host("poll");
    for (const int n : {5, 3, 1, 4, 2}) host.fs.put(kDir, std::to_string(n) + ".json", alert(n));
    host.fs.put(kDir, "notes.txt", "no alert");
    host.fs.put(kDir, ".half.json", "{");
    SourceUnderTest source(host, signalfoundry_plugin, kOnce);
    source.open();
    const auto out = source.poll_all(page);
    REQUIRE(out.pushed.size() == 5);
    for (int n = 1; n <= 5; ++n) CHECK(out.pushed[static_cast<std::size_t>(n - 1)].document == alert(n));
    CHECK(out.status == SF_END);
    CHECK(source.poll_all().pushed.empty());
  }
}

TEST_CASE("source_file, dir: a file is an alert or a hit, also with byte order mark and line breaks", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kDir, "1.json", "\xef\xbb\xbf{\r\n  \"id\": \"1\"\r\n}\r\n");
  host.fs.put(kDir, "2.json", "{\"_index\":\"i\",\n\"_id\":\"x\",\"_source\": {\"id\":\"2\"}}");
  SourceUnderTest source(host, signalfoundry_plugin, kOnce);
  source.open();
  const auto out = source.poll_all();
  REQUIRE(out.pushed.size() == 2);
  CHECK(out.pushed[0].document == "{\r\n  \"id\": \"1\"\r\n}");
  CHECK(out.pushed[1].document == "{\"id\":\"2\"}");
  CHECK(out.pushed[1].doc_id == "x");
}

TEST_CASE("source_file, dir: what is no alert is rejected with the file's name, however odd that is", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kDir, "1.json", "");
  host.fs.put(kDir, "2.json", "[{}]");
  host.fs.put(kDir, "3.json", std::string(2'000'000, 'x'));
  host.fs.put(kDir, "4\n\x1b[2J.json", "{");
  host.fs.put(kDir, "5.json", alert(5));
  SourceUnderTest source(host, signalfoundry_plugin, kOnce);
  source.open();
  const auto out = source.poll_all();
  CHECK(out.pushed.size() == 1);
  REQUIRE(out.rejected.size() == 4);
  CHECK(out.rejected[0].reason == "file \"1.json\": empty");
  CHECK(out.rejected[1].reason == "file \"2.json\": JSON, but not an object");
  CHECK_THAT(out.rejected[2].reason, ContainsSubstring("file \"3.json\": more than the 1048576 bytes"));
  CHECK_THAT(out.rejected[2].bytes.substr(65536),
             ContainsSubstring("\n[cut here; the whole is \"3.json\", 2000000 bytes"));
  CHECK_THAT(out.rejected[3].reason, ContainsSubstring("file \"4\\n\\x1b[2J.json\": not JSON"));
}

// Goal: what is kept of a file is its identity, so files that begin the same are not taken for one.
TEST_CASE("source_file, dir: long files that begin the same are told apart, the same one is one", "[source_file]") {
  MockHost host("poll");
  const std::string start(1'100'000, 'x');
  host.fs.put(kDir, "1.json", start);
  host.fs.put(kDir, "2.json", start);
  const auto read = [&] {
    SourceUnderTest source(host, signalfoundry_plugin, kOnce);
    source.open();
    return source.poll_all();
  };
  const auto out = read();
  REQUIRE(out.rejected.size() == 2);
  CHECK(out.rejected[0].bytes != out.rejected[1].bytes);
  CHECK(read().rejected[0].bytes == out.rejected[0].bytes);
  host.fs.put(kDir, "1.json", start + "1");
  CHECK(read().rejected[0].bytes != out.rejected[0].bytes);
  CHECK(read().rejected[1].bytes == out.rejected[1].bytes);
}

TEST_CASE("source_file, dir: links, directories and fifos are named and left alone", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kDir, "1.json", alert(1));
  for (const uint32_t kind : {SF_DIRECTORY, SF_SYMLINK, SF_OTHER})
    host.fs.put(kDir, "x" + std::to_string(kind) + ".json", "", kind);
  SourceUnderTest source(host, signalfoundry_plugin, kOnce);
  source.open();
  CHECK(source.poll_all().pushed.size() == 1);
  CHECK(host.log.contains("3 entries of /var/alerts end in .json but are no regular files"));
}

TEST_CASE("source_file, dir: a file that vanished is counted and skipped, one that was replaced is read as it is",
          "[source_file]") {
  MockHost host("poll");
  for (int n = 1; n <= 3; ++n) host.fs.put(kDir, std::to_string(n) + ".json", alert(n));
  SourceUnderTest source(host, signalfoundry_plugin, kOnce);
  source.open();
  CHECK(source.poll(1).pushed.size() == 1);
  host.fs.remove(kDir, "2.json");
  host.fs.put(kDir, "3.json", alert(33));
  const auto out = source.poll_all();
  REQUIRE(out.pushed.size() == 1);
  CHECK(out.pushed[0].document == alert(33));
  CHECK(host.metrics.counter("vanished") == 1);
  CHECK(host.metrics.counter("changed") == 1);
}

TEST_CASE("source_file, dir: all files vanish after the listing", "[source_file]") {
  MockHost host("poll");
  for (int n = 0; n < 100; ++n) host.fs.put(kDir, std::to_string(n) + ".json", alert(n));
  host.fs.inject("list", 1, Fault::vanish);
  SourceUnderTest source(host, signalfoundry_plugin, kOnce);
  source.open();
  CHECK(source.poll_all().pushed.empty());
  CHECK(host.metrics.counter("vanished") == 100);
}

TEST_CASE("source_file, dir: what cannot be read stops nothing else, is named at the end and tried again",
          "[source_file]") {
  MockHost host("poll");
  for (int n = 1; n <= 4; ++n) host.fs.put(kDir, std::to_string(n) + ".json", alert(n));
  host.fs.inject("read", 1, Fault::denied);
  host.fs.inject("read", 3, Fault::denied);
  SourceUnderTest source(host, signalfoundry_plugin, kOnce);
  source.open();
  CHECK_THROWS_WITH(source.poll(),
                    ContainsSubstring("2 files of /var/alerts could not be read, among them \"1.json\""));
  CHECK(source.status() == SF_DENIED);
  CHECK(source.last().pushed.size() == 2);
  CHECK(host.metrics.counter("unreadable") == 2);
  CHECK(source.poll_all().pushed.size() == 2);
  CHECK(source.poll_all().pushed.empty());
}

TEST_CASE("source_file, dir: what the host has no room for is offered again", "[source_file]") {
  MockHost host("poll");
  for (int n = 1; n <= 4; ++n) host.fs.put(kDir, std::to_string(n) + ".json", alert(n));
  SourceUnderTest source(host, signalfoundry_plugin, kOnce);
  source.open();
  source.room = 2;
  CHECK(source.poll().pushed.size() == 2);
  CHECK(source.status() == SF_OK);
  source.room = 9;
  CHECK(source.poll_all().pushed.size() == 2);
}

TEST_CASE("source_file, dir: followed, each run takes the files that are new", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kDir, "1.json", alert(1));
  SourceUnderTest source(host, signalfoundry_plugin, kFollow);
  source.open();
  CHECK(source.poll_all().pushed.size() == 1);
  CHECK(source.poll_all().pushed.empty());
  host.fs.put(kDir, "2.json", alert(2));
  host.fs.put(kDir, "1.json", alert(11));  // another file under the same name
  CHECK(source.poll_all().pushed.size() == 2);
  CHECK(source.poll_all().pushed.empty());
}
