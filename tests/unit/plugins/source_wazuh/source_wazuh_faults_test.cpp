// SPDX-License-Identifier: Apache-2.0
//
// What source_wazuh does with every answer that is no whole page (design: siem.md 4.6), on a virtual clock.
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "fake_indexer.hpp"
#include "mini_host.hpp"
#include "support/catch.h"

namespace {

using nlohmann::json;

std::string settings(json more = json::object()) {
  json j = {{"url", "https://127.0.0.1:9200"},
            {"user", "reader"},
            {"password", "secret"},
            {"page_size", 100},
            {"start", 3'600'000},
            {"timeout", 30'000}};
  j.update(more);
  return j.dump();
}

std::string error_body(const std::string& type, const std::string& reason) {
  return json{{"error", {{"root_cause", {{{"type", type}, {"reason", reason}}}}, {"type", type}, {"reason", reason}}},
              {"status", 0}}
      .dump();
}

std::string answer_body(const std::string& shards, const std::string& hits = R"({"hits":[]})",
                        const std::string& timed_out = "false") {
  return R"({"took":1,"timed_out":)" + timed_out + R"(,"_shards":)" + shards + R"(,"hits":)" + hits + "}";
}

struct Fault {
  std::string name;
  HttpReply reply;
  sf_status status;
  std::string sentence;
  bool retried;
};

const std::string kWhole = R"({"total":3,"successful":3,"skipped":0,"failed":0})";

// As OpenSearch 2.19 answers where an index of the pattern has a shard that is not there.
const std::string kRedIndex =
    R"({"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"start","phase":"can_match",)"
    R"("grouped":true,"failed_shards":[],"caused_by":{"type":"search_phase_execution_exception","reason":)"
    R"("Search rejected due to missing shards [[wazuh-alerts-4.x-2026.11.24][0]]. Consider using )"
    R"(`allow_partial_search_results` setting to bypass this error.","phase":"can_match","grouped":true,)"
    R"("failed_shards":[]}},"status":503})";

const std::vector<Fault>& faults() {
  static const std::vector<Fault> all = {
      {"unreachable",
       {.status = SF_RETRY, .body = "127.0.0.1:9200 refused the connection; check the port"},
       SF_RETRY,
       "127.0.0.1:9200 refused the connection, ",
       true},
      {"wrong CA",
       {.status = SF_INVALID, .body = "the certificate of 127.0.0.1:9200 is not signed by x; name the CA"},
       SF_INVALID,
       "is not signed by x; name the CA",
       false},
      {"401", {.http = 401, .body = "Unauthorized"}, SF_DENIED, "refuses user \"reader\" or its password (401)", false},
      {"403",
       {.http = 403, .body = error_body("security_exception", "no permissions for [indices:data/read/search]")},
       SF_DENIED,
       "does not let user \"reader\" read wazuh-alerts-* (403 security_exception: no permissions",
       false},
      {"403 block",
       {.http = 403, .body = error_body("cluster_block_exception", "blocked by: [FORBIDDEN/5/read]")},
       SF_FAILED,
       "blocks reading wazuh-alerts-*",
       false},
      {"400",
       {.http = 400, .body = error_body("parsing_exception", "unknown \x01query")},
       SF_FAILED,
       "refuses the query (400 parsing_exception: unknown ?query)",
       false},
      {"404 index",
       {.http = 404, .body = error_body("index_not_found_exception", "no such index [x]")},
       SF_FAILED,
       "has no index wazuh-alerts-* (404)",
       false},
      {"404 elsewhere",
       {.http = 404, .body = "<html>not here</html>"},
       SF_FAILED,
       "knows no search there (404 <html>not here",
       false},
      {"302", {.http = 302, .body = ""}, SF_FAILED, "redirects instead of answering (302)", false},
      {"429",
       {.http = 429, .body = error_body("rejected_execution_exception", "queue full")},
       SF_RETRY,
       "is overloaded and asked to wait (429 rejected_execution_exception: queue full), ",
       true},
      {"429 memory",
       {.http = 429, .body = error_body("circuit_breaking_exception", "[parent] Data too large")},
       SF_RETRY,
       "is short of memory (429 circuit_breaking_exception",
       true},
      {"503",
       {.http = 503, .body = error_body("cluster_block_exception", "no master")},
       SF_RETRY,
       "is not ready (503",
       true},
      {"503 red index",
       {.http = 503, .body = kRedIndex},
       SF_RETRY,
       "lacks shards that the search needs (503 search_phase_execution_exception: Search rejected due to missing "
       "shards [[wazuh-alerts-4.x-2026.11.24][0]]",
       true},
      {"502",
       {.http = 502, .body = "<html><h1>Bad Gateway"},
       SF_RETRY,
       "cannot be reached by the proxy before it (502 <html>",
       true},
      {"504", {.http = 504, .body = ""}, SF_RETRY, "did not answer its proxy in time (504)", true},
      {"500",
       {.http = 500, .body = error_body("task_cancelled_exception", "cancelled")},
       SF_RETRY,
       "failed (500 task_cancelled",
       true},
      {"418", {.http = 418, .body = "teapot"}, SF_FAILED, "gave an answer that is not understood (418 teapot)", false},
      {"partial",
       {.body =
            answer_body(R"({"total":3,"successful":2,"failed":1,"failures":[{"reason":{"type":"t","reason":"r"}}]})")},
       SF_RETRY,
       "could not read 1 of 3 shards (t: r)",
       true},
      {"partial, a shard that is nowhere",
       {.body = answer_body(R"({"total":3,"successful":2,"skipped":0,"failed":0})")},
       SF_RETRY,
       "could not read 1 of 3 shards",
       true},
      {"remote cluster skipped",
       {.body = R"({"_clusters":{"total":2,"successful":1,"skipped":1},)" + answer_body(kWhole).substr(1)},
       SF_RETRY,
       "could not search 1 of 2 clusters",
       true},
      {"remote cluster partial",
       {.body = R"({"_clusters":{"total":2,"successful":2,"skipped":0,"partial":1},)" + answer_body(kWhole).substr(1)},
       SF_RETRY,
       "could not search 1 of 2 clusters",
       true},
      {"odd _clusters",
       {.body = R"({"_clusters":[],)" + answer_body(kWhole).substr(1)},
       SF_RETRY,
       "could not search all clusters",
       true},
      {"partial, told without end",
       {.body = answer_body(R"({"total":3,"successful":2,"failed":1,"failures":[{"reason":)" +
                            std::string(200'000, '[') + std::string(200'000, ']') + "}]}")},
       SF_RETRY,
       "could not read 1 of 3 shards",
       true},
      {"long _shards",
       {.body =
            answer_body(R"({"total":3,"successful":2,"failed":1,"failures":[)" + std::string(1U << 20U, ' ') + "]}")},
       SF_RETRY,
       "a _shards that is none",
       true},
      {"timed_out",
       {.body = answer_body(kWhole, R"({"hits":[]})", "true")},
       SF_RETRY,
       "ran out of time while it searched",
       true},
      {"no _shards",
       {.body = R"({"took":1,"timed_out":false,"hits":{"hits":[]}})"},
       SF_RETRY,
       "answered without _shards",
       true},
      {"odd _shards", {.body = answer_body("7")}, SF_RETRY, "a _shards that is none", true},
      {"no hits", {.body = R"({"_shards":)" + kWhole + "}"}, SF_RETRY, "answered without a list of hits", true},
      {"not JSON",
       {.body = "<html>\x1b[31mSign in"},
       SF_RETRY,
       "did not answer with JSON but with \"<html>?[31mSign in\"",
       true},
      {"cut JSON",
       {.body = R"({"took":1,"timed_out":false,"_shards":{"tot)"},
       SF_RETRY,
       "did not answer with JSON",
       true},
      {"empty", {.body = ""}, SF_RETRY, "did not answer with JSON", true},
      {"no _source",
       {.body = answer_body(kWhole, R"({"hits":[{"_id":"1","sort":[1,"a","b"]}]})")},
       SF_FAILED,
       "hits without _source",
       false},
      {"no sort",
       {.body = answer_body(kWhole, R"({"hits":[{"_id":"1","_source":{}}]})")},
       SF_FAILED,
       "without a time to sort by",
       false},
  };
  return all;
}

}  // namespace

TEST_CASE("source_wazuh faults: each has its own sentence, moves no cursor, and loses nothing when it is gone",
          "[source_wazuh]") {
  // Goal: the fault strikes the probe, the first page or a later page; afterwards every alert has arrived.
  for (const auto& fault : faults())
    for (const int from : {1, 2, 4}) {
      if (fault.name == "no _source" && from == 1) continue;  // a probe has no hits
      if (fault.name == "no sort" && from == 1) continue;
      INFO(fault.name << " from request " << from);
      MiniHost host;
      FakeIndexer indexer(host);
      for (int i = 0; i < 500; ++i) indexer.add(host.now_ms - 1'800'000 + i, "1." + std::to_string(i));
      indexer.spoil = [&](int number, const json&) {
        return number >= from ? std::optional(fault.reply) : std::nullopt;
      };
      SourceRun run(host, settings());
      CHECK(run.drain() == fault.status);
      INFO(run.sentence());
      CHECK(run.says(fault.sentence));
      CHECK(run.says("127.0.0.1:9200"));
      CHECK(run.says("; "));
      CHECK(run.sentence().size() < 440);
      CHECK(run.says(" tries in ") == fault.retried);
      CHECK(host.waits.empty() == !fault.retried);
      // The beginning of the first run is kept, once the indexer has told its clock.
      CHECK(run.position.empty() == (from == 1));
      if (from != 1) CHECK(json::parse(run.position).at("watermark_ms") < indexer.docs[0].time_ms);
      CHECK(run.documents.size() == (from == 4 ? 200U : 0U));
      REQUIRE(run.intervals.size() == 1);
      CHECK_FALSE(run.intervals[0].complete);
      indexer.spoil = [](int, const json&) { return std::nullopt; };
      SourceRun next(host, settings(), run.position);
      CHECK(next.drain() == SF_END);
      CHECK(std::set<std::string>(next.ids.begin(), next.ids.end()).size() == 500);
      CHECK(next.intervals.at(0).complete);
    }
}

TEST_CASE("source_wazuh faults: a passing one is waited out, doubling, within retry_for", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.spoil = [](int, const json&) { return std::optional(HttpReply{.http = 503, .body = "x"}); };
  SourceRun run(host, settings({{"retry_for", 60'000}}));
  const auto began = host.monotonic_ms;
  CHECK(run.drain() == SF_RETRY);
  CHECK(host.monotonic_ms - began <= 60'000);
  REQUIRE(host.waits.size() >= 5);
  for (std::size_t i = 0; i < host.waits.size(); ++i) {
    const auto longest = std::min<std::uint32_t>(30'000, 500U << i);
    CHECK(host.waits[i] >= longest / 2);
    CHECK(host.waits[i] <= longest);
  }
  CHECK(host.counters["source_retries"] == host.waits.size());
}

TEST_CASE("source_wazuh faults: Retry-After is honoured in seconds and as a date", "[source_wazuh]") {
  for (const bool date : {false, true}) {
    MiniHost host;
    FakeIndexer indexer(host);
    HttpReply busy{.http = 429, .body = "busy"};
    busy.headers["date"] = "Tue, 24 Nov 2026 19:42:25 GMT";
    busy.headers["retry-after"] = date ? "Tue, 24 Nov 2026 19:42:32 GMT" : "7";
    indexer.spoil = [&](int number, const json&) { return number == 2 ? std::optional(busy) : std::nullopt; };
    SourceRun run(host, settings());
    CHECK(run.drain() == SF_END);
    CHECK(host.waits == std::vector<std::uint32_t>{7000});
  }
}

TEST_CASE("source_wazuh faults: a Retry-After beyond retry_for is handed to the runner", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  HttpReply busy{.http = 503, .body = "busy"};
  busy.headers["retry-after"] = "600";
  indexer.spoil = [&](int, const json&) { return std::optional(busy); };
  SourceRun run(host, settings());
  CHECK(run.drain() == SF_RETRY);
  CHECK(run.error.retry_after_ms == 600'000);
  CHECK(host.waits.empty());
}

TEST_CASE("source_wazuh faults: short of memory halves the page; busy does not", "[source_wazuh]") {
  for (const bool memory : {true, false}) {
    MiniHost host;
    FakeIndexer indexer(host);
    for (int i = 0; i < 300; ++i) indexer.add(host.now_ms - 60'000, "1." + std::to_string(i));
    const HttpReply reply{
        .http = 429, .body = error_body(memory ? "circuit_breaking_exception" : "rejected_execution_exception", "x")};
    indexer.spoil = [&](int number, const json&) {
      return number == 2 || number == 3 ? std::optional(reply) : std::nullopt;
    };
    SourceRun run(host, settings());
    CHECK(run.drain() == SF_END);
    CHECK(run.documents.size() == 300);
    CHECK(indexer.requests.at(0)["size"] == (memory ? 25 : 100));
    CHECK(host.waits.size() == 2);
  }
}

TEST_CASE("source_wazuh faults: an answer over page_bytes is asked for in smaller pages, down to one alert",
          "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  for (int i = 0; i < 50; ++i) indexer.add(host.now_ms - 60'000 + i, "1." + std::to_string(i));
  for (auto& doc : indexer.docs) doc.source = R"({"a":")" + std::string(10'000, 'x') + "\"}";
  SourceRun run(host, settings({{"page_bytes", 65'536}}));
  CHECK(run.drain() == SF_END);
  CHECK(run.documents.size() == 50);
  CHECK(host.waits.empty());
  indexer.docs[20].source = R"({"a":")" + std::string(100'000, 'x') + "\"}";
  SourceRun huge(host, settings({{"page_bytes", 65'536}}));
  CHECK(huge.drain() == SF_FAILED);
  CHECK(huge.says("is larger than 65536 bytes"));
  CHECK(json::parse(huge.position).at("watermark_ms") < indexer.docs[0].time_ms);
}

TEST_CASE("source_wazuh faults: the same page twice, or out of order, is no endless loop", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  const auto hit = [&](std::int64_t time) {
    return answer_body(kWhole,
                       R"({"hits":[{"_id":"1","_source":{},"sort":[)" + std::to_string(time) + R"(,null,"b"]}]})");
  };
  indexer.spoil = [&](int number, const json&) {
    const auto body = answer_body(kWhole, R"({"hits":[{"_id":"1","_source":{},"sort":[)" +
                                              std::to_string(host.now_ms - 60'000) + R"(,"a","b"]}]})");
    return number > 1 ? std::optional(HttpReply{.body = body}) : std::nullopt;
  };
  SourceRun twice(host, settings());
  CHECK(twice.drain() == SF_FAILED);
  CHECK(twice.says("the same page twice"));
  // Goal: no time that the indexer makes up carries the run past alerts that it did not read.
  for (const std::int64_t time : {std::int64_t{1}, host.now_ms + 1, INT64_MIN, INT64_MAX}) {
    indexer.spoil = [&](int, const json& request) {
      return request["size"] == 0 ? std::nullopt : std::optional(HttpReply{.body = hit(time)});
    };
    SourceRun order(host, settings());
    CHECK(order.drain() == SF_FAILED);
    CHECK(order.says("127.0.0.1:9200 does not keep to the order"));
  }
}

TEST_CASE("source_wazuh faults: pages that take turns, or go back in time, are no endless loop", "[source_wazuh]") {
  for (const int turns : {2, 3, 100}) {
    for (const std::int64_t step : {0, 1}) {
      MiniHost host;
      FakeIndexer indexer(host);
      int asked = 0;
      indexer.spoil = [&](int, const json& request) -> std::optional<HttpReply> {
        if (request["size"] == 0) return std::nullopt;
        REQUIRE(++asked < 1000);
        const auto turn = asked % turns;
        const auto time = host.now_ms - 60'000 + turn * step;
        return HttpReply{.body =
                             answer_body(kWhole, R"({"hits":[{"_id":"1","_source":{},"sort":[)" + std::to_string(time) +
                                                     ",\"" + std::to_string(turn) + R"(","b"]}]})")};
      };
      SourceRun run(host, settings());
      CHECK(run.drain() == SF_FAILED);
      CHECK(run.says(step == 0 ? "the same page twice" : "does not keep to the order"));
    }
  }
}

TEST_CASE("source_wazuh faults: the run's end interrupts a wait and the next request", "[source_wazuh]") {
  MiniHost host;
  FakeIndexer indexer(host);
  indexer.add(host.now_ms - 60'000, "1.1");
  indexer.spoil = [&](int, const json&) {
    return host.stopping = true, std::optional(HttpReply{.http = 503, .body = "x"});
  };
  SourceRun waiting(host, settings());
  CHECK(waiting.drain() == SF_CANCELLED);
  CHECK(host.waits.size() == 1);
  indexer.spoil = [&](int, const json&) { return std::nullopt; };
  host.stopping = false;
  SourceRun asked(host, settings());
  asked.request_stop();
  CHECK(asked.drain() == SF_CANCELLED);
  CHECK(asked.position.empty());
  host.http = [](const std::string&, const std::string&) {
    return HttpReply{.status = SF_CANCELLED, .body = "stopped"};
  };
  SourceRun cut(host, settings());
  CHECK(cut.drain() == SF_CANCELLED);
}

TEST_CASE("source_wazuh faults: the password is in no message", "[source_wazuh]") {
  for (const auto& fault : faults()) {
    MiniHost host;
    FakeIndexer indexer(host);
    indexer.spoil = [&](int, const json&) { return std::optional(fault.reply); };
    SourceRun run(host, settings());
    run.drain();
    CHECK_FALSE(run.says(host.password));
    CHECK_FALSE(host.logged(host.password));
  }
}
