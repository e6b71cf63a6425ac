// SPDX-License-Identifier: Apache-2.0
//
// Goal: every event that Splunk indexed is pushed, the cursor moves past nothing that was not read whole, and every
// other answer is a sentence; on a virtual clock.
#include <set>
#include <string>

#include "fake_splunk.hpp"

using nlohmann::json;
using sf::testing::MockHost;
using sf::testing::MockPoll;
using sf::testing::SourceUnderTest;

namespace {

json settings(json more = json::object()) {
  json j = {{"url", "https://127.0.0.1:8089"},
            {"search", "index=wazuh sourcetype=wazuh"},
            {"token", {{"env", "X"}}},
            {"start", "2h"},
            {"window", "30m"}};
  j.update(more);
  return j;
}

std::multiset<std::string> ids(const MockPoll& poll) {
  std::multiset<std::string> out;
  for (const auto& push : poll.pushed) out.insert(json::parse(push.document).at("id").get<std::string>());
  return out;
}

struct Site {
  MockHost host{"poll"};
  FakeSplunk splunk{host};
  std::string position;
  MockPoll got;  // of the last run, also of one that failed

  Site() { host.secrets.values["token"] = "t0ken-of-test"; }

  // One run; the sentence it failed with, or "".
  std::string run(const json& with = settings(), uint32_t page = 1000) {
    SourceUnderTest source(host, signalfoundry_plugin, with);
    source.open(position);
    got = {};
    std::string said;
    try {
      for (got.status = SF_OK; got.status == SF_OK;) {
        const auto one = source.poll(page);
        got.status = one.status;
        take(one);
      }
    } catch (const sf::Error& error) {
      take(source.last());
      got.status = error.code();
      said = error.what();
    }
    position = source.position();
    return said;
  }
  void take(const MockPoll& one) {
    got.pushed.insert(got.pushed.end(), one.pushed.begin(), one.pushed.end());
    got.intervals.insert(got.intervals.end(), one.intervals.begin(), one.intervals.end());
    got.rejected.insert(got.rejected.end(), one.rejected.begin(), one.rejected.end());
    got.checkpoints.insert(got.checkpoints.end(), one.checkpoints.begin(), one.checkpoints.end());
  }
  std::int64_t cursor() const {
    return position.empty() ? 0 : json::parse(position).at("indexed_ms").get<std::int64_t>();
  }
};

FakeSplunk::Reply reply(uint32_t status, const std::string& body) {
  FakeSplunk::Reply out;
  out.status = status;
  out.body = body;
  return out;
}
std::string message(const std::string& type, const std::string& text) {
  return json{{"messages", {{{"type", type}, {"text", text}}}}}.dump() + "\n";
}

}  // namespace

TEST_CASE("source_splunk: a drain brings every event once, in slices without a gap, at any page size",
          "[source_splunk]") {
  for (const uint32_t page : {1U, 7U, 1000U}) {
    Site site;
    std::multiset<std::string> wanted;
    for (int n = 0; n < 100; ++n) {
      site.splunk.add(7000 - n * 69, std::to_string(n));
      wanted.insert(std::to_string(n));
    }
    CHECK(site.run(settings(), page).empty());
    CHECK(site.got.status == SF_END);
    CHECK(ids(site.got) == wanted);
    REQUIRE(site.got.intervals.size() == 4);
    for (std::size_t i = 1; i < 4; ++i) CHECK(site.got.intervals[i].from_ms == site.got.intervals[i - 1].to_ms);
    CHECK(site.got.intervals[3].to_ms == site.cursor());
    CHECK(site.cursor() == site.splunk.now_s() * 1000 - 30'000);
    CHECK(site.got.pushed[0].document == FakeSplunk::raw("0"));
    CHECK(site.got.pushed[0].doc_id == "wazuh~12~GUID/12:0");
    CHECK(site.host.secrets.asked.empty());  // the host puts the token into the request
  }
}

TEST_CASE("source_splunk: an event that is indexed late is found, however old its own time is", "[source_splunk]") {
  Site site;
  site.splunk.add(600, "early");
  CHECK(site.run().empty());
  site.host.clock.advance(60'000);
  site.splunk.add(40, "late");  // the fake has no other time than that of indexing: what is old is not seen here
  CHECK(site.run().empty());
  CHECK(ids(site.got) == std::multiset<std::string>{"late"});
  CHECK(site.splunk.searches.back().at("earliest_time") == "0");
}

TEST_CASE("source_splunk: what became searchable behind the cursor is found within the overlap", "[source_splunk]") {
  Site site;
  CHECK(site.run().empty());
  site.splunk.add(200, "behind");
  site.host.clock.advance(60'000);
  CHECK(site.run().empty());
  CHECK(ids(site.got) == std::multiset<std::string>{"behind"});
}

TEST_CASE("source_splunk: an inclusive index_latest brings an event twice, never not at all", "[source_splunk]") {
  Site site;
  site.splunk.both_ends = true;
  for (int n = 0; n < 7200; n += 60) site.splunk.add(n, std::to_string(n));
  CHECK(site.run(settings({{"window", "1m"}})).empty());
  const auto got = ids(site.got);
  for (int n = 60; n < 7200; n += 60) CHECK(got.count(std::to_string(n)) >= 1);
}

TEST_CASE("source_splunk: a faulty slice moves nothing, and the next run reads it again", "[source_splunk]") {
  const std::string quota = "Search not executed: The maximum number of concurrent historical searches";
  struct Case {
    FakeSplunk::Reply reply;
    sf_status status;
    std::string sentence;
    bool retried;
  };
  Site maker;
  const std::string whole = maker.splunk.row(0, {maker.splunk.now_s() - 4000, "x"}, false);
  FakeSplunk::Reply down;
  down.error = SF_RETRY;
  down.message = "the answer of 127.0.0.1:8089 was cut short; see its log";
  const std::vector<Case> cases = {
      {reply(200, whole), SF_RETRY, "ended its answer without a last row", true},
      {reply(200, whole + "{\"preview\""), SF_RETRY, "did not answer with JSON lines", true},
      {reply(200, ""), SF_RETRY, "ended its answer without a last row", true},
      {reply(200, whole + message("FATAL", "gone")), SF_RETRY, "failed while it searched (FATAL: gone)", true},
      {reply(200, message("WARN", quota)), SF_RETRY, "has no room for another search", true},
      {reply(503, message("FATAL", quota)), SF_RETRY, "has no room for another search (503 FATAL: Search", true},
      {reply(429, ""), SF_RETRY, "is overloaded and asked to wait (429)", true},
      {reply(503, "<html>no"), SF_RETRY, "is not ready (503 <html>no)", true},
      {reply(502, ""), SF_RETRY, "cannot be reached by the proxy", true},
      {reply(504, ""), SF_RETRY, "did not answer its proxy in time", true},
      {reply(500, message("ERROR", "x")), SF_RETRY, "failed (500 ERROR: x)", true},
      {down, SF_RETRY, "was cut short, ", true},
      {reply(400, message("FATAL", "Unknown search command 'x'.")), SF_FAILED, "refuses the search (400 FATAL: Unknown",
       false},
      {reply(401, message("WARN", "call not properly authenticated")), SF_DENIED, "refuses the token (401 WARN: call",
       false},
      {reply(403, message("ERROR", "insufficient permission")), SF_DENIED, "does not let the token search (403", false},
      {reply(404, ""), SF_FAILED, "knows no search there (404); correct url", false},
      {reply(303, ""), SF_FAILED, "redirects instead of answering (303)", false},
      {reply(418, "teapot"), SF_FAILED, "gave an answer that is not understood (418 teapot)", false},
  };
  for (const auto& c : cases) {
    INFO(c.sentence);
    Site site;
    site.splunk.add(5000, "first");
    site.splunk.add(4000, "second");
    site.splunk.spoil = [&](int n) { return n > 1 ? std::optional(c.reply) : std::nullopt; };
    const auto said = site.run();
    CHECK(said.find(c.sentence) != std::string::npos);
    CHECK(said.find("; ") != std::string::npos);
    CHECK(site.got.status == c.status);
    CHECK((site.splunk.searches.size() > 2) == c.retried);
    REQUIRE(site.got.intervals.size() == 2);
    CHECK(site.got.intervals[0].complete);
    CHECK_FALSE(site.got.intervals[1].complete);
    CHECK(site.cursor() == site.got.intervals[0].to_ms);
    const auto before = ids(site.got);
    site.splunk.spoil = [](int) { return std::nullopt; };
    CHECK(site.run().empty());
    auto all = before;
    all.merge(ids(site.got));
    CHECK(std::set<std::string>(all.begin(), all.end()) == std::set<std::string>{"first", "second"});
  }
}

TEST_CASE("source_splunk: a passing fault is waited out, as long as Retry-After says", "[source_splunk]") {
  Site site;
  site.splunk.add(4000, "x");
  site.splunk.spoil = [](int n) {
    auto busy = reply(429, "");
    busy.headers = {{"retry-after", "7"}};
    return n == 2 ? std::optional(busy) : std::nullopt;
  };
  CHECK(site.run().empty());
  CHECK(ids(site.got) == std::multiset<std::string>{"x"});
  REQUIRE(site.host.clock.waits.size() == 1);
  CHECK(site.host.clock.waits[0] >= 7000);
  CHECK(site.host.metrics.counter("source_retries") == 1);
}

TEST_CASE("source_splunk: refused credentials are not tried a second time, and no search is sent", "[source_splunk]") {
  for (const uint32_t status : {401U, 403U}) {
    Site site;
    site.splunk.spoil_probe = [&] { return reply(status, message("WARN", "call not properly authenticated")); };
    const auto said = site.run();
    CHECK(site.got.status == SF_DENIED);
    CHECK(said.find("the token") != std::string::npos);
    CHECK(site.host.http.requests.size() == 1);
    CHECK(site.splunk.searches.empty());
    CHECK(site.position.empty());
    REQUIRE(site.got.intervals.size() == 1);
    CHECK_FALSE(site.got.intervals[0].complete);
  }
}

TEST_CASE("source_splunk: an answer that is too large is asked for in halves, down to a second", "[source_splunk]") {
  Site site;
  for (int n = 0; n < 200; ++n) site.splunk.add(7000 - n * 30, std::to_string(n));
  site.splunk.bytes_an_event = 2000;
  CHECK(site.run(settings({{"page_bytes", 65'536}})).empty());
  CHECK(ids(site.got).size() == 200);
  for (std::size_t i = 1; i < site.got.intervals.size(); ++i)
    CHECK(site.got.intervals[i].from_ms == site.got.intervals[i - 1].to_ms);
  Site one;
  for (int n = 0; n < 100; ++n) one.splunk.add(4000, std::to_string(n));
  one.splunk.bytes_an_event = 2000;
  CHECK(one.run(settings({{"page_bytes", 65'536}})).find("is larger than 65536 bytes; raise page_bytes") !=
        std::string::npos);
  CHECK(one.got.status == SF_FAILED);
  CHECK(one.cursor() <= (one.splunk.now_s() - 4000) * 1000);
}

TEST_CASE("source_splunk: a server's clock counts, unless it is far ahead", "[source_splunk]") {
  Site behind;
  behind.splunk.ahead_s = -600;
  CHECK(behind.run().empty());
  CHECK(behind.cursor() == behind.splunk.now_s() * 1000 - 30'000);
  CHECK(behind.host.log.contains("600 s behind this machine's"));
  Site ahead;
  ahead.splunk.ahead_s = 600;
  CHECK(ahead.run().empty());
  CHECK(ahead.cursor() == ahead.host.clock.now_ms / 1000 * 1000 - 30'000);
  Site untold;
  untold.splunk.date_header = false;
  CHECK(untold.run().empty());
  CHECK(untold.host.log.contains("does not tell its clock"));
}

TEST_CASE("source_splunk: notable events are pushed as they came, with a mapping of their own", "[source_splunk]") {
  Site site;
  site.splunk.add(4000, "A@@notable@@1");
  CHECK(site.run(settings({{"content", "notable"}})).empty());
  REQUIRE(site.got.pushed.size() == 1);
  const auto document = json::parse(site.got.pushed[0].document);
  CHECK(document.at("event_id") == "A@@notable@@1");
  SourceUnderTest source(site.host, signalfoundry_plugin, settings({{"content", "notable"}}));
  CHECK(source.mapping().at("name") == "splunk-notable");
  CHECK(source.mapping().at("identity").at("id") == json::array({"/event_id"}));
  SourceUnderTest wazuh(site.host, signalfoundry_plugin, settings());
  CHECK(wazuh.mapping().at("name") == "wazuh-4");
}

TEST_CASE("source_splunk: an event without one text in _raw is kept in quarantine, and the others go on",
          "[source_splunk]") {
  Site site;
  site.splunk.add(4000, "good");
  const auto at = std::to_string(site.splunk.now_s() - 4000);
  const auto good = site.splunk.row(1, site.splunk.events[0], true);
  site.splunk.spoil = [&](int n) {
    return n == 2 ? std::optional(
                        reply(200, R"({"offset":0,"result":{"_raw":["a","b"],"sf_indextime":)" + at + "}}\n" + good))
                  : std::nullopt;
  };
  CHECK(site.run().empty());
  REQUIRE(site.got.rejected.size() == 1);
  CHECK(site.got.rejected[0].reason == "an event whose _raw is not one text");
  CHECK(ids(site.got) == std::multiset<std::string>{"good"});
}

TEST_CASE("source_splunk: a full sink keeps the event for the next poll; a stop ends the run", "[source_splunk]") {
  Site site;
  for (int n = 0; n < 5; ++n) site.splunk.add(4000 + n, std::to_string(n));
  SourceUnderTest source(site.host, signalfoundry_plugin, settings());
  source.open();
  source.room = 2;
  CHECK(source.poll().status == SF_OK);
  source.room = 100;
  const auto rest = source.poll_all();
  CHECK(rest.pushed.size() == 3);
  SourceUnderTest stopped(site.host, signalfoundry_plugin, settings());
  stopped.open();
  stopped.request_stop();
  CHECK(stopped.poll().status == SF_CANCELLED);
  SourceUnderTest waiting(site.host, signalfoundry_plugin, settings());
  waiting.open();
  site.splunk.spoil = [](int) { return std::optional(reply(503, "")); };
  site.host.clock.stopping = true;
  CHECK(waiting.poll().status == SF_CANCELLED);
}

TEST_CASE("source_splunk: a slice that takes longer than timeout is asked for in halves, however short retry_for is",
          "[source_splunk]") {
  for (const std::string retry_for : {"60s", "5m"}) {
    Site site;
    for (int n = 0; n < 100; ++n) site.splunk.add(7000 - n * 69, std::to_string(n));
    // Five minutes of index time are what this search head manages within timeout.
    site.splunk.spoil = [&](int) -> std::optional<FakeSplunk::Reply> {
      const auto& asked = site.splunk.searches.back();
      if (std::stoll(asked.at("index_latest")) - std::stoll(asked.at("index_earliest")) <= 300) return std::nullopt;
      site.host.clock.advance(120'000);
      FakeSplunk::Reply late;
      late.error = SF_RETRY;
      late.message = "127.0.0.1:8089 did not finish its answer within 120 s; raise timeout";
      return late;
    };
    CHECK(site.run(settings({{"retry_for", retry_for}})).empty());
    CHECK(ids(site.got).size() == 100);
    CHECK(site.got.status == SF_END);
  }
}

TEST_CASE("source_splunk: a first run that reads nothing leaves its beginning to the next", "[source_splunk]") {
  Site site;
  site.splunk.add(7100, "oldest");  // of the two hours that `start` reaches back
  site.splunk.spoil = [](int) { return std::optional(reply(503, "")); };
  CHECK_FALSE(site.run().empty());
  CHECK(site.got.pushed.empty());
  site.host.clock.advance(3'600'000);
  site.splunk.spoil = [](int) { return std::nullopt; };
  CHECK(site.run().empty());
  CHECK(ids(site.got) == std::multiset<std::string>{"oldest"});
}
