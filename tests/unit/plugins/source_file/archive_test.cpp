// SPDX-License-Identifier: Apache-2.0
//
// Goal: rotated files are found by their names, in the order in which they were written, and nothing else is.
#include "archive.hpp"

#include <signalfoundry/testing/mock_host.hpp>

#include "support/catch.h"

using namespace source_file;
using sf::testing::Fault;
using sf::testing::MockHost;

namespace {

constexpr const char* kParent = "parent:path";

std::vector<std::string> names(Archive& archive, const std::optional<DatedName>& from, std::int64_t from_ms = 0) {
  std::vector<std::string> out;
  const auto files = archive.list(from, from_ms).value();
  for (const auto& one : files) out.push_back((one.folder.empty() ? "" : one.folder + "/") + one.entry.name);
  return out;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("archive: reads Wazuh's dated names, and no others", "[source_file]") {
  const auto prefix = dated_prefix("alerts.json");
  const auto first = dated_of("2026/Nov/ossec-alerts-27.json", prefix);
  REQUIRE(first);
  CHECK(*first == DatedName{2026, 11, 27, 0});
  CHECK(dated_of("2026/Nov/ossec-alerts-27-001.json", prefix) == DatedName{2026, 11, 27, 1});
  CHECK(dated_of("2026/Nov/ossec-alerts-27-1000.json", prefix) == DatedName{2026, 11, 27, 1000});
  CHECK(*first < *dated_of("2026/Nov/ossec-alerts-27-001.json", prefix));
  CHECK(*dated_of("2026/Dec/ossec-alerts-31-999.json", prefix) < *dated_of("2027/Jan/ossec-alerts-01.json", prefix));
  for (const auto* other :
       {"", "2026/Nov/ossec-alerts-27.json.gz", "2026/Nov/ossec-alerts-27.log", "2026/Nov/ossec-alerts-27.json.sum",
        "2026/Nov/ossec-archive-27.json", "2026/nov/ossec-alerts-27.json", "2026/11/ossec-alerts-27.json",
        "26/Nov/ossec-alerts-27.json", "2026/Nov/ossec-alerts-2.json", "2026/Nov/ossec-alerts-27-.json",
        "2026/Nov/ossec-alerts-27-000.json", "2026/Nov/ossec-alerts-27x001.json", "2026/Nov/ossec-alerts--1.json",
        "2026/Nov/ossec-alerts-27-99999999999.json", "../../Nov/ossec-alerts-27.json", "alerts.json"}) {
    INFO(other);
    CHECK(!dated_of(other, prefix));
  }
  CHECK(dated_of("2026/Nov/ossec-archive-27.json", dated_prefix("archives.json")));
  CHECK(dated_prefix("eve.json").empty());
  CHECK(folder_of(2026, 11) == "2026/Nov");
  CHECK(folder_of(26, 1) == "0026/Jan");
}

TEST_CASE("archive: Wazuh's files come in their order, of a file and its .gz the file, from a date on",
          "[source_file]") {
  MockHost host("poll");
  for (const auto* name :
       {"2027/Jan/ossec-alerts-01.json", "2026/Dec/ossec-alerts-31-001.json", "2026/Dec/ossec-alerts-31.json.gz",
        "2026/Dec/ossec-alerts-30.json.gz", "2026/Dec/ossec-alerts-30.json", "2026/Dec/ossec-alerts-31.log",
        "2026/Nov/ossec-alerts-05.json", "2025/Dec/ossec-alerts-31.json", "2026/Apr/x",
        "backup/Dec/ossec-alerts-31.json"})
    host.fs.put(kParent, name, "");
  host.fs.put(kParent, "alerts.json", "");
  host.fs.put(kParent, "2026/Dec/ossec-alerts-29.json", "", SF_SYMLINK);
  Archive archive(host.host(), "alerts.json", "");
  CHECK(names(archive, DatedName{2026, 12, 30, 0}) ==
        Names{"2026/Dec/ossec-alerts-30.json", "2026/Dec/ossec-alerts-31.json.gz", "2026/Dec/ossec-alerts-31-001.json",
              "2027/Jan/ossec-alerts-01.json"});
  CHECK(names(archive, DatedName{2026, 5, 1, 0}).front() == "2026/Nov/ossec-alerts-05.json");
  CHECK(names(archive, std::nullopt).size() == 4);  // the newest two months
  const auto ino = host.fs.files(kParent).at("2027/Jan/ossec-alerts-01.json").ino;
  CHECK(archive.dated_name_of(ino) == "2027/Jan/ossec-alerts-01.json");
  CHECK(archive.dated_name_of(1).empty());
}

TEST_CASE("archive: files beside the live one: numbers as logrotate counts, else the time of writing",
          "[source_file]") {
  MockHost host("poll");
  for (const auto* name : {"alerts.json.10.gz", "alerts.json.2.gz", "alerts.json.2", "alerts.json.1", "alerts.json",
                           "alerts.jsonl", "other.json.1"})
    host.fs.put(kParent, name, name);
  Archive numbered(host.host(), "alerts.json", "");
  CHECK(names(numbered, std::nullopt) == Names{"alerts.json.10.gz", "alerts.json.2", "alerts.json.1"});
  host.fs.put(kParent, "alerts.json-20261127", "");
  host.fs.put(kParent, "alerts.json-20261126.xz", "");
  Archive mixed(host.host(), "alerts.json", "");
  const auto files = mixed.list(std::nullopt, 0).value();
  REQUIRE(files.size() == 5);
  CHECK(files.back().entry.name == "alerts.json-20261126.xz");
  CHECK(files.back().unreadable);
  const auto newest_ms = host.fs.now_ns / 1'000'000;
  CHECK(names(mixed, std::nullopt, newest_ms + 1000).size() == 5);
  CHECK(names(mixed, std::nullopt, newest_ms + 5000).empty());
}

TEST_CASE("archive: a pattern of the settings, and nothing of Wazuh's then", "[source_file]") {
  MockHost host("poll");
  for (const auto* name : {"out-1.ndjson", "out-2.ndjson", "out.ndjson", "2026/Nov/ossec-alerts-27.json"})
    host.fs.put(kParent, name, name);
  Archive archive(host.host(), "alerts.json", "out-*.ndjson");
  CHECK(names(archive, std::nullopt) == Names{"out-1.ndjson", "out-2.ndjson"});
  for (const auto& [pattern, name, is] :
       std::vector<std::tuple<const char*, const char*, bool>>{{"*", "", true},
                                                               {"a*", "a", true},
                                                               {"a*c", "abcbc", true},
                                                               {"a*c", "abcb", false},
                                                               {"?", "", false},
                                                               {"a?c*", "abcdef", true},
                                                               {"", "", true},
                                                               {"", "a", false},
                                                               {"**", "a", true},
                                                               {"a*b*c", "aXbYbZ", false}})
    CHECK(matches(pattern, name) == is);
}

TEST_CASE("archive: a name that vanishes while it is looked at makes the list void", "[source_file]") {
  MockHost host("poll");
  host.fs.put(kParent, "alerts.json.1", "x");
  host.fs.put(kParent, "alerts.json.2", "x");
  host.fs.inject("stat", 2, Fault::vanish);
  Archive archive(host.host(), "alerts.json", "");
  CHECK(!archive.list(std::nullopt, 0));
  CHECK(names(archive, std::nullopt).size() == 1);
  CHECK(Archive(MockHost("poll").host(), "alerts.json", "").list(std::nullopt, 0).value().empty());
}

TEST_CASE("archive: however many older files there are, those of the time are found; the newest are kept",
          "[source_file]") {
  MockHost host("poll");
  const auto name = [](int n) { return "alerts.json-" + std::to_string(100'000 + n); };
  for (int n = 0; n < 30'000; ++n) host.fs.put(kParent, name(n), "");
  host.fs.now_ns += 60'000'000'000;
  const auto from_ms = host.fs.now_ns / 1'000'000;
  for (int n = 30'000; n < 30'005; ++n) host.fs.put(kParent, name(n), "");
  Archive archive(host.host(), "alerts.json", "");
  CHECK(names(archive, std::nullopt, from_ms) ==
        Names{name(30'000), name(30'001), name(30'002), name(30'003), name(30'004)});
  CHECK(archive.cut() == 0);
  const auto all = names(archive, std::nullopt);
  REQUIRE(all.size() == 10'000);
  CHECK(all.front() == name(20'005));
  CHECK(all.back() == name(30'004));
  CHECK(archive.cut() == 20'005);
  CHECK(names(archive, std::nullopt, from_ms).size() == 5);
  CHECK(archive.cut() == 0);
}

TEST_CASE("archive: names that are shifted while they are looked at make the list void", "[source_file]") {
  for (unsigned nth = 1; nth <= 3; ++nth) {
    MockHost host("poll");
    for (const auto* name : {"alerts.json.3", "alerts.json.2", "alerts.json.1", "alerts.json"})
      host.fs.put(kParent, name, name);
    unsigned stats = 0;
    host.fs.before_call = [&](const std::string& call) {
      if (!call.starts_with("stat") || ++stats != nth) return;
      for (int n = 3; n > 0; --n)
        host.fs.rename(kParent, "alerts.json." + std::to_string(n), "alerts.json." + std::to_string(n + 1));
      host.fs.rename(kParent, "alerts.json", "alerts.json.1");
      host.fs.put(kParent, "alerts.json", "");
    };
    Archive archive(host.host(), "alerts.json", "");
    CHECK(!archive.list(std::nullopt, 0));
    CHECK(names(archive, std::nullopt).size() == 4);
  }
}
