// SPDX-License-Identifier: Apache-2.0
//
// Whole runs of source_wazuh after an outage, with late alerts, and with a window that fails; on a virtual clock.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "fake_indexer.hpp"
#include "mini_host.hpp"
#include "support/catch.h"

namespace {

using nlohmann::json;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

std::string settings(json more = json::object()) {
  json j = {{"url", "https://127.0.0.1:9200"},
            {"page_size", 50},
            {"overlap", 10 * kMinute},
            {"window", kHour},
            {"start", kHour},
            {"visibility_delay", 20'000},
            {"retry_for", 1000}};
  j.update(more);
  return j.dump();
}

std::string cursor(std::int64_t watermark_ms) {
  return json{{"v", 1}, {"watermark_ms", watermark_ms}, {"local_ms", watermark_ms}, {"filter", "x"}}.dump();
}

std::size_t holes(const SourceRun& run) {
  const auto j = json::parse(run.position);
  return j.contains("holes") ? j["holes"].size() : 0;
}

}  // namespace

TEST_CASE("source_wazuh live first: six days behind, each run brings the newest first and no more than backfill_max",
          "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  for (int i = 0; i < 1000; ++i)
    indexer.add(host.now_ms - 144 * kHour + i * 8 * kMinute, i % 9 == 0 ? "" : "1." + std::to_string(i));
  for (int i = 0; i < 100; ++i) indexer.add(host.now_ms - 100 * kHour, "3." + std::to_string(i));  // one millisecond
  auto position = cursor(host.now_ms - 144 * kHour);
  std::set<std::string> taken;
  int runs = 0;
  do {
    const auto live = "doc" + std::to_string(indexer.docs.size());
    indexer.add(host.now_ms - kMinute, "2." + std::to_string(++runs));
    SourceRun run(host, settings({{"backfill_max", 300}}), position);
    REQUIRE(run.drain(70) == SF_END);
    const auto before = taken.size();
    taken.insert(run.ids.begin(), run.ids.end());
    const std::set<std::string> first(run.ids.begin(),
                                      run.ids.begin() + std::min<std::ptrdiff_t>(12, std::ssize(run.ids)));
    CHECK(first.count(live) == 1);
    CHECK(taken.size() - before <= 450);  // a page and what lacks an id are never cut
    position = run.position;
    CHECK((host.gauges.at("source_backfill_seconds") > 0) == (holes(run) > 0));
    host.now_ms += 5 * kMinute;
    if (holes(run) == 0) break;
  } while (runs < 20);
  CHECK(runs > 2);
  CHECK(runs < 20);
  CHECK(taken.size() == indexer.docs.size());
}

TEST_CASE("source_wazuh live first: one window that fails keeps no other from being read, and is filled later",
          "[source_wazuh]") {
  // A fault inside of the search, the answer where a shard of an index is not there, and where no index is any more.
  const auto given = GENERATE(table<unsigned, std::string, std::string>(
      {{500, R"({"error":{"type":"x","reason":"spoilt"}})", "failed (500 x: spoilt)"},
       {503,
        R"({"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"start","caused_by":{)"
        R"("reason":"Search rejected due to missing shards [[x][0]]"}},"status":503})",
        "(503 search_phase_execution_exception: Search rejected due to missing shards [[x][0]])"},
       {200, R"({"timed_out":false,"_shards":{"total":0,"successful":0,"failed":0},"hits":{"hits":[]}})",
        "no index matches wazuh-alerts-* any more"}}));
  const auto http = std::get<0>(given);  // clang 14 captures no structured binding
  const auto& reply = std::get<1>(given);
  const auto& sentence = std::get<2>(given);
  MiniHost host;
  FakeIndexer indexer(host);
  for (int i = 0; i < 100; ++i) indexer.add(host.now_ms - 10 * kHour + i * 5 * kMinute, "1." + std::to_string(i));
  const auto bad = host.now_ms - 6 * kHour;
  indexer.spoil = [&](int, const json& request) -> std::optional<HttpReply> {
    if (request["size"] == 0) return std::nullopt;
    const auto& range = request["query"]["bool"]["filter"][0]["range"]["timestamp"];
    if (range["gte"] > bad || range["lt"] <= bad) return std::nullopt;
    return HttpReply{.http = http, .body = reply};
  };
  SourceRun run(host, settings(), cursor(host.now_ms - 10 * kHour));
  CHECK(run.drain() == SF_RETRY);
  CHECK(run.says(sentence));
  CHECK(std::set<std::string>(run.ids.begin(), run.ids.end()).size() == 88);
  CHECK(holes(run) == 1);
  CHECK_FALSE(run.intervals.back().complete);
  CHECK(run.intervals.back().to_ms - run.intervals.back().from_ms == kHour);
  CHECK(host.counters["source_windows_failed"] == 1);
  indexer.spoil = [](int, const json&) { return std::nullopt; };
  host.now_ms += kMinute;
  SourceRun next(host, settings(), run.position);
  CHECK(next.drain() == SF_END);
  CHECK(holes(next) == 0);
  CHECK(std::set<std::string>(next.ids.begin(), next.ids.end()).size() >= 12);
  CHECK(next.intervals.at(0).to_ms == host.now_ms - 20'000);
}

TEST_CASE("source_wazuh live first: an indexer that goes away ends the run at once", "[source_wazuh]") {
  for (const unsigned status : {401U, 403U, 503U, 429U}) {
    MiniHost host;
    FakeIndexer indexer(host);
    int asked = 0;
    indexer.spoil = [&](int number, const json&) -> std::optional<HttpReply> {
      if (number < 4) return std::nullopt;
      return ++asked, HttpReply{.http = status, .body = "no"};
    };
    SourceRun run(host, settings({{"retry_for", 0}}), cursor(host.now_ms - 100 * kHour));
    CHECK(run.drain() < 0);
    CHECK(asked == 1);
  }
}

TEST_CASE("source_wazuh sweep: an alert six hours late is read, once, and again under a new _id costs one reading",
          "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  host.keeps_state = true;
  for (int i = 0; i < 600; ++i) indexer.add(host.now_ms - 10 * kHour + i * kMinute, "1." + std::to_string(i));
  const auto often = settings({{"start", 12 * kHour}, {"sweep_every", 0}});
  SourceRun first(host, often);
  CHECK(first.drain() == SF_END);
  CHECK(first.documents.size() == 600);
  auto position = first.position;
  const auto again = [&] {
    host.now_ms += 5 * kMinute;
    SourceRun run(host, often, position);
    CHECK(run.drain() == SF_END);
    position = run.position;
    return run.ids;
  };
  const auto grown = [&] { return host.counters["source_sweep_minutes_grown"]; };
  again();
  CHECK(grown() == 0);
  for (const char* id : {"9.1", "9.1"}) {  // late, then once more under another _id
    const auto before = grown();
    const auto storage_id = "doc" + std::to_string(indexer.docs.size());
    indexer.add(host.now_ms - 6 * kHour, id);
    const auto ids = again();
    CHECK(std::count(ids.begin(), ids.end(), storage_id) == 1);
    CHECK(grown() == before + 1);
    again();
    CHECK(grown() == before + 1);
  }
  indexer.docs.erase(indexer.docs.begin() + 200);
  again();
  CHECK(grown() == 2);
}

TEST_CASE("source_wazuh sweep: between two looks at everything, nothing that comes late is forgotten",
          "[source_wazuh]") {
  // Goal: alerts of every age up to 20 hours arrive between any two runs; after the last look each has been read.
  MiniHost host;
  FakeIndexer indexer(host);
  host.keeps_state = true;
  const auto rare = settings({{"start", 24 * kHour}, {"sweep_every", kHour}});
  std::string position;
  std::set<std::string> taken;
  for (int run = 0; run < 120; ++run) {
    SourceRun now(host, rare, position);
    REQUIRE(now.drain() == SF_END);
    position = now.position;
    taken.insert(now.ids.begin(), now.ids.end());
    if (run < 80) indexer.add(host.now_ms - 30'000 - (run * 7919 % 1200) * kMinute, "1." + std::to_string(run));
    host.now_ms += 7 * kMinute;
  }
  CHECK(taken.size() == 80);
  CHECK(host.counters["source_sweeps"] <= 16);
}

TEST_CASE("source_wazuh sweep: a count that fails stops nothing, and is made up for", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  host.keeps_state = true;
  bool refuse = false;
  indexer.spoil = [&](int, const json& request) -> std::optional<HttpReply> {
    if (!refuse || !request.contains("aggs") || !request["aggs"].contains("minutes")) return std::nullopt;
    return HttpReply{.http = 400, .body = R"({"error":{"type":"too_many_buckets_exception","reason":"x"}})"};
  };
  const auto rare = settings({{"start", 24 * kHour}, {"sweep_every", kHour}});
  std::string position;
  std::set<std::string> taken;
  for (int run = 0; run < 40; ++run) {
    refuse = run > 3 && run < 20;
    SourceRun now(host, rare, position);
    REQUIRE(now.drain() == SF_END);
    position = now.position;
    taken.insert(now.ids.begin(), now.ids.end());
    if (run > 8 && run < 15) indexer.add(host.now_ms - 15 * kMinute, "1." + std::to_string(run));  // behind the overlap
    host.now_ms += 7 * kMinute;
  }
  CHECK(host.logged("no look for late alerts in this run"));
  CHECK(taken.size() == 6);
}

TEST_CASE("source_wazuh sweep: a count that takes all of retry_for stops nothing", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  host.keeps_state = true;
  indexer.add(host.now_ms - 60'000, "1.1");
  indexer.spoil = [&](int, const json& request) -> std::optional<HttpReply> {
    if (!request.contains("aggs") || !request["aggs"].contains("minutes")) return std::nullopt;
    host.monotonic_ms += 30'000;
    return HttpReply{.status = SF_RETRY, .body = "127.0.0.1:9200 did not finish its answer within 30 s; raise timeout"};
  };
  SourceRun run(host, settings());
  CHECK(run.drain() == SF_END);
  CHECK(run.documents.size() == 1);
  CHECK(host.logged("no look for late alerts in this run"));
  CHECK(host.state.empty());
}

TEST_CASE("source_wazuh sweep: a memory that cannot be read is told and stops nothing", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  host.keeps_state = true;
  host.state_fails = true;
  host.state["sweep"] = R"({"v":2})";
  indexer.add(host.now_ms - 60'000, "1.1");
  SourceRun run(host, settings());
  CHECK(run.drain() == SF_END);
  CHECK(run.documents.size() == 1);
  CHECK(host.logged("no look for late alerts in this run"));
  CHECK(host.state["sweep"] == R"({"v":2})");
  host.state_fails = false;
  SourceRun newer(host, settings(), run.position);
  CHECK(newer.drain() == SF_END);
  CHECK(host.logged("the counts that earlier runs kept cannot be read"));
  CHECK(host.state["sweep"] != R"({"v":2})");
}

TEST_CASE("source_wazuh sweep: a clock of this machine that stands days ahead wipes no memory", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  host.keeps_state = true;
  const auto often = settings({{"start", 12 * kHour}, {"sweep_every", 0}});
  SourceRun first(host, often);
  CHECK(first.drain() == SF_END);
  const auto days = 72 * kHour;
  host.now_ms += days + 5 * kMinute;
  indexer.ahead_ms = -days;
  SourceRun ahead(host, often, first.position);
  CHECK(ahead.drain() == SF_END);
  host.now_ms -= days - 5 * kMinute;
  indexer.ahead_ms = 0;
  indexer.add(host.now_ms - 6 * kHour, "9.1");  // late
  SourceRun right(host, often, ahead.position);
  CHECK(right.drain() == SF_END);
  CHECK(right.documents.size() >= 1);
  CHECK(host.counters["source_sweep_minutes_grown"] == 1);
}
