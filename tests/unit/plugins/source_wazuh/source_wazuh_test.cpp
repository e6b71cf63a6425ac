// SPDX-License-Identifier: Apache-2.0
//
// Paging, cursor and hand-over of source_wazuh against a fake indexer, on a clock that only waiting moves.
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "fake_indexer.hpp"
#include "mini_host.hpp"
#include "support/catch.h"

namespace {

using nlohmann::json;

constexpr std::int64_t kHourMs = 3'600'000;

std::string settings(json more = json::object()) {
  json j = {{"url", "https://127.0.0.1:9200"},
            {"user", "reader"},
            {"password", "secret"},
            {"page_size", 500},
            {"overlap", 600'000},
            {"start", kHourMs},
            {"timeout", 30'000},
            {"visibility_delay", 20'000}};
  j.update(more);
  return j.dump();
}

std::int64_t watermark(const SourceRun& run) {
  return json::parse(run.position).at("watermark_ms");
}

std::set<std::string> distinct(const SourceRun& run) {
  return {run.ids.begin(), run.ids.end()};
}

}  // namespace

TEST_CASE("source_wazuh: 5,000 alerts of one millisecond arrive once each", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  const auto at = host.now_ms - 60'000;
  for (int i = 0; i < 5000; ++i) indexer.add(at, std::to_string(at / 1000) + "." + std::to_string(i));
  SourceRun run(host, settings());
  CHECK(run.drain(700) == SF_END);
  CHECK(run.documents.size() == 5000);
  CHECK(distinct(run).size() == 5000);
  CHECK(run.most_at_once == 700);
  CHECK(watermark(run) == host.now_ms - 20'000);
  REQUIRE(run.intervals.size() == 1);
  CHECK(run.intervals[0].complete);
  CHECK(run.intervals[0].fetched == 5000);
  CHECK(run.intervals[0].from_ms == host.now_ms - 20'000 - kHourMs);
  CHECK(run.intervals[0].to_ms == host.now_ms - 20'000);
}

TEST_CASE("source_wazuh: a tie of time and id on two managers at a page edge loses neither", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  for (const std::string manager : {"m1", "m2", "m3"}) indexer.add(host.now_ms - 60'000, "1.1", manager);
  SourceRun run(host, settings({{"page_size", 1}}));
  CHECK(run.drain() == SF_END);
  CHECK(distinct(run).size() == 3);
}

TEST_CASE("source_wazuh: alerts without id or manager arrive too, and no null is ever sent", "[source_wazuh]") {
  // Goal: FakeIndexer fails on a null in search_after, as OpenSearch does (#14825); more of them than a page holds
  // share a millisecond.
  for (const bool ignores_exists : {false, true}) {
    MiniHost host;
    FakeIndexer indexer(host);
    indexer.ignores_exists = ignores_exists;
    const auto at = host.now_ms - 300'000;
    for (int i = 0; i < 900; ++i)
      indexer.add(at + i / 90, i % 3 == 0 ? "" : "1." + std::to_string(i), i % 5 == 0 ? "" : "m1");
    for (int i = 0; i < 130; ++i) indexer.add(at + 1000, "", "");
    indexer.add(at + 1001, "2.1");
    SourceRun run(host, settings({{"page_size", 20}}));
    CHECK(run.drain() == SF_END);
    CHECK(distinct(run).size() == indexer.docs.size());
    CHECK(run.intervals.back().complete);
  }
}

TEST_CASE("source_wazuh: more alerts without an id in one millisecond than a page can hold are reported, not skipped",
          "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  for (int i = 0; i < 10'001; ++i) indexer.add(host.now_ms - 60'000, "");
  SourceRun run(host, settings());
  CHECK(run.drain() == SF_FAILED);
  CHECK(run.says("more than 10000 alerts without id"));
  CHECK(watermark(run) < host.now_ms - 60'000);
}

TEST_CASE("source_wazuh: a short page is not the end", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.most_hits = 7;
  for (int i = 0; i < 100; ++i) indexer.add(host.now_ms - 60'000 + i, i % 4 == 0 ? "" : "1." + std::to_string(i));
  SourceRun run(host, settings());
  CHECK(run.drain() == SF_END);
  CHECK(distinct(run).size() == 100);
}

TEST_CASE("source_wazuh: an alert that is indexed late is found by the overlap", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.add(host.now_ms - 60'000, "1.1");
  SourceRun first(host, settings());
  CHECK(first.drain() == SF_END);
  indexer.add(watermark(first) - 240'000, "1.2");
  host.now_ms += 30'000;
  SourceRun second(host, settings(), first.position);
  CHECK(second.drain() == SF_END);
  CHECK(distinct(second) == std::set<std::string>{"doc0", "doc1"});
  CHECK(second.intervals.at(0).from_ms == watermark(first));
  CHECK(second.intervals.at(1).from_ms == watermark(first) - 600'000);
  CHECK(watermark(second) == host.now_ms - 20'000);
}

TEST_CASE("source_wazuh: nothing before the first run's start is read, and nothing younger than the delay",
          "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.add(host.now_ms - 20'000 - kHourMs - 1, "1.1");
  indexer.add(host.now_ms - 20'000, "1.2");
  SourceRun run(host, settings());
  CHECK(run.drain() == SF_END);
  CHECK(run.documents.empty());
  host.now_ms += 1000;
  SourceRun next(host, settings(), run.position);
  CHECK(next.drain() == SF_END);
  CHECK(next.ids == std::vector<std::string>{"doc1"});
}

TEST_CASE("source_wazuh: a long stretch is read in windows, and the cursor moves after each", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  const auto to = host.now_ms - 20'000;
  for (int i = 0; i < 50; ++i) indexer.add(to - 5 * kHourMs + i * kHourMs / 10, "1." + std::to_string(i));
  indexer.spoil = [&](int, const json& request) -> std::optional<HttpReply> {
    if (request.at("size") == 0 ||
        request["query"]["bool"]["filter"][0]["range"]["timestamp"]["gte"] < to - 3 * kHourMs)
      return std::nullopt;
    return HttpReply{.http = 400, .body = R"({"error":{"type":"x","reason":"spoilt"}})"};
  };
  SourceRun run(host, settings({{"start", 5 * kHourMs}, {"window", kHourMs}}));
  CHECK(run.drain() == SF_FAILED);
  CHECK(run.documents.size() == 20);
  CHECK(watermark(run) == to - 3 * kHourMs);
  REQUIRE(run.intervals.size() == 3);
  CHECK(run.intervals[1].complete);
  CHECK(run.intervals[1].to_ms == to - 3 * kHourMs);
  CHECK_FALSE(run.intervals[2].complete);
  CHECK(run.intervals[2].from_ms == to - 3 * kHourMs);
  CHECK(run.intervals[2].to_ms == to);
  indexer.spoil = [](int, const json&) { return std::nullopt; };
  const auto position = run.position;
  run.status = SF_OK;
  CHECK(run.drain() == SF_END);  // asked again, the same instance goes on from its cursor
  REQUIRE(run.intervals.size() == 7);
  CHECK(run.intervals[3].from_ms == to - kHourMs - 600'000);  // what is new first, then the rest, oldest first
  CHECK(run.intervals[5].from_ms == to - 3 * kHourMs - 600'000);
  CHECK(watermark(run) == to);
  CHECK(distinct(run).size() == 50);
  SourceRun next(host, settings({{"start", 5 * kHourMs}, {"window", kHourMs}}), position);
  CHECK(next.drain() == SF_END);
  CHECK(distinct(next).size() == 31);
}

TEST_CASE("source_wazuh: a changed filter is told and read from the cursor less the overlap", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.add(host.now_ms - 60'000, "1.1");
  SourceRun first(host, settings());
  CHECK(first.drain() == SF_END);
  SourceRun same(host, settings(), first.position);
  CHECK(same.drain() == SF_END);
  CHECK_FALSE(host.logged("changed since the last run"));
  SourceRun other(host, settings({{"min_level", 7}}), first.position);
  CHECK(other.drain() == SF_END);
  CHECK(host.logged("index or min_level changed since the last run"));
  CHECK(other.intervals.at(0).from_ms == watermark(first) - 600'000);
  CHECK(indexer.requests.back()["query"]["bool"]["filter"][1]["range"]["rule.level"]["gte"] == 7);
  CHECK(json::parse(other.position)["filter"] != json::parse(first.position)["filter"]);
}

TEST_CASE("source_wazuh: a clock that stood ahead hides nothing once it is right again", "[source_wazuh]") {
  // Goal: the indexer's clock alone, or this machine's as well, is 20 h ahead for two runs; what is raised meanwhile
  // and afterwards is read.
  for (const bool both : {false, true}) {
    INFO(both);
    MiniHost host;
    FakeIndexer indexer(host);
    const auto truth = host.now_ms;
    const auto wrong = 20 * kHourMs;
    const auto about = settings({{"start", 24 * kHourMs}});
    (both ? host.now_ms : indexer.ahead_ms) += wrong;
    SourceRun first(host, about);
    CHECK(first.drain() == SF_END);
    indexer.add(truth + 60'000, "1.1");
    host.now_ms += 300'000;
    SourceRun second(host, about, first.position);
    CHECK(second.drain() == SF_END);
    indexer.add(truth + kHourMs, "1.2");
    indexer.ahead_ms = 0;
    host.now_ms = truth + 2 * kHourMs;
    SourceRun right(host, about, second.position);
    CHECK(right.drain() == SF_END);
    auto all = distinct(second);
    all.insert(right.ids.begin(), right.ids.end());
    CHECK(all.size() == 2);
    CHECK(host.logged(both ? "a clock was set back" : "72000 s ahead of this machine's"));
    CHECK(watermark(right) == host.now_ms - 20'000);
  }
}

TEST_CASE("source_wazuh: an indexer whose clock falls behind is read up to its own now", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  SourceRun first(host, settings({{"start", 3 * kHourMs}}));
  CHECK(first.drain() == SF_END);
  indexer.ahead_ms = -2 * kHourMs;
  indexer.add(indexer.now_ms() - 60'000, "1.1");
  host.now_ms += 1000;
  SourceRun second(host, settings({{"start", 3 * kHourMs}}), first.position);
  CHECK(second.drain() == SF_END);
  CHECK(second.documents.size() == 1);
  CHECK(watermark(second) == indexer.now_ms() - 20'000);
}

TEST_CASE("source_wazuh: an indexer whose clock is years behind does not carry the cursor there", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  SourceRun first(host, settings());
  CHECK(first.drain() == SF_END);
  indexer.ahead_ms = 1'000'000'000'000 - host.now_ms;
  host.now_ms += 60'000;
  SourceRun lost(host, settings(), first.position);
  CHECK(lost.drain() == SF_END);
  CHECK(watermark(lost) == watermark(first));
  CHECK(host.logged("nothing is read until it is right"));
  indexer.ahead_ms = 0;
  indexer.add(host.now_ms - 60'000, "1.1");
  SourceRun right(host, settings(), lost.position);
  CHECK(right.drain() == SF_END);
  CHECK(right.documents.size() == 1);
  CHECK(right.intervals.size() == 2);  // what is new, and the overlap before it: no hole of years
}

TEST_CASE("source_wazuh: a clock of this machine from before 2024 does not count", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  SourceRun first(host, settings());
  CHECK(first.drain() == SF_END);
  const auto right = host.now_ms;
  indexer.add(right + 60'000, "1.1");
  host.now_ms = 86'400'000;  // 1970, as without a battery
  indexer.ahead_ms = right + 120'000 - host.now_ms;
  SourceRun broken(host, settings(), first.position);
  CHECK(broken.drain() == SF_END);
  CHECK(broken.documents.size() == 1);
  CHECK(watermark(broken) == right + 100'000);
  host.now_ms = right + 180'000;
  indexer.ahead_ms = 0;
  SourceRun after(host, settings(), broken.position);
  CHECK(after.drain() == SF_END);
  CHECK(watermark(after) == right + 160'000);
  CHECK(after.intervals.size() == 2);  // no hole of years
}

TEST_CASE("source_wazuh: a first run that reads nothing leaves its beginning to the next", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.add(host.now_ms - 20'000 - kHourMs, "1.1");  // the oldest that `start` reaches
  for (const unsigned status : {500U, 401U}) {
    indexer.spoil = [&](int, const json& request) {
      return request["size"] == 0 ? std::nullopt : std::optional(HttpReply{.http = status, .body = "no"});
    };
    SourceRun first(host, settings({{"retry_for", 0}}));
    CHECK(first.drain() < 0);
    indexer.spoil = [](int, const json&) { return std::nullopt; };
    host.now_ms += 2 * kHourMs;
    SourceRun second(host, settings(), first.position);
    CHECK(second.drain() == SF_END);
    CHECK(second.documents.size() == 1);
    host.now_ms -= 2 * kHourMs;
  }
}

TEST_CASE("source_wazuh: without the indexer's clock a Date header counts, else this machine's clock",
          "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.tells_clock = false;
  indexer.date_header = true;
  indexer.ahead_ms = 5000;
  SourceRun dated(host, settings());
  CHECK(dated.drain() == SF_END);
  CHECK(watermark(dated) == host.now_ms - 15'000);
  indexer.date_header = false;
  SourceRun undated(host, settings());
  CHECK(undated.drain() == SF_END);
  CHECK(watermark(undated) == host.now_ms - 20'000);
  CHECK(host.logged("does not tell its clock"));
}

TEST_CASE("source_wazuh: clocks that differ are told, and the indexer's counts", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.ahead_ms = -120'000;
  SourceRun run(host, settings());
  CHECK(run.drain() == SF_END);
  CHECK(watermark(run) == host.now_ms - 140'000);
  CHECK(host.logged("120 s behind this machine's"));
}

TEST_CASE("source_wazuh: what the runner did not take is offered again", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  for (int i = 0; i < 40; ++i) indexer.add(host.now_ms - 60'000 + i, "1." + std::to_string(i));
  SourceRun run(host, settings({{"page_size", 10}}));
  int asked = 0;
  run.take = [&] { return ++asked % 4 != 0; };
  CHECK(run.drain() == SF_END);
  CHECK(run.documents.size() == 40);
  CHECK(distinct(run).size() == 40);
  CHECK(indexer.requests.size() == 6);  // four full pages, an empty one, and one for what lacks an id
}

TEST_CASE("source_wazuh: documents arrive byte for byte", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.add(host.now_ms - 60'000, "1.1");
  indexer.docs[0].source =
      "{ \"a\" : 1.50 ,\n\t\"b\":\"\\u00e9\\\"}]\",\"n\":12345678901234567890,\"full_log\":\"\\u0000 {[\" }";
  indexer.docs[0].storage_id = "id \"with\" \\ quotes";
  SourceRun run(host, settings());
  CHECK(run.drain() == SF_END);
  CHECK(run.documents.at(0) == indexer.docs[0].source);
  CHECK(run.ids.at(0) == indexer.docs[0].storage_id);
}

TEST_CASE("source_wazuh: where no index is yet, the cursor waits for one", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.shards = 0;
  SourceRun none(host, settings());
  CHECK(none.drain() == SF_END);
  CHECK(host.logged("no index matches wazuh-alerts-*"));
  CHECK(none.intervals.empty());
  const auto start = watermark(none);
  CHECK(start == host.now_ms - 20'000 - kHourMs);
  host.now_ms += 3 * kHourMs;
  SourceRun still(host, settings(), none.position);
  CHECK(still.drain() == SF_END);
  CHECK(still.position == none.position);
  indexer.shards = 3;
  indexer.add(start, "1.1");
  SourceRun then(host, settings(), still.position);
  CHECK(then.drain() == SF_END);
  CHECK(then.documents.size() == 1);
}

TEST_CASE("source_wazuh: the mapping is Wazuh's, and a foreign cursor is refused", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  CHECK(json::parse(source_wazuh::kWazuh4.mapping)["name"] == "wazuh-4");
  for (const std::string position : {"{\"offset\":12}", "12", "{\"v\":2}", "nonsense"}) {
    SourceRun run(host, settings(), position);
    CHECK(run.status == SF_FATAL);
  }
}

TEST_CASE("source_wazuh: settings that cannot work are refused with a sentence", "[source_wazuh]") {
  MiniHost host;
  const std::vector<std::pair<json, std::string>> cases = {
      {{{"url", "indexer:9200"}}, "is no indexer address"},
      {{{"url", "https://u:hunter2@indexer:9200"}}, "must not hold a user or password"},
      {{{"url", "ftp://u:hunter2@indexer:9200"}}, "must not hold a user or password"},
      {{{"url", "https://indexer:9200/?a=b"}}, "without ? or #"},
      {{{"index", "wazuh/../_all"}}, "holds a character that no index name has"},
      {{{"client_cert", "/c.pem"}}, "belong together"},
      {{{"user", ""}}, "there is a password but no user"},
      {{{"window", 59'999}}, "window is shorter than 1m"},
      {{{"timeout", 0}}, "must be longer than 0s"}};
  for (const auto& [more, sentence] : cases) {
    SourceRun run(host, settings(more));
    INFO(run.sentence());
    CHECK(run.status == SF_INVALID);
    CHECK(run.says(sentence));
    CHECK_FALSE(run.says("hunter2"));
  }
}

TEST_CASE("source_wazuh: default users and passwords are warned of", "[source_wazuh]") {
  MiniHost host;
  host.password = "SecretPassword";
  SourceRun run(host, settings({{"user", "admin"}}));
  CHECK(run.status == SF_OK);
  CHECK(host.logged("user is \"admin\""));
  CHECK(host.logged("one that servers are shipped with"));
  CHECK_FALSE(host.logged("SecretPassword"));
}
