// SPDX-License-Identifier: Apache-2.0
//
// Goal: the mock host behaves as the ABI headers say, so that what a plugin's unit test shows holds in the runner.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/mock_host.hpp>

#include <set>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::Fault;
using sf::testing::MockHost;
using sf::testing::MockRecord;

namespace {

MockRecord alert() {
  return MockRecord(R"({"rule":{"id":"5710","level":5},"a":[1,"two",null,true],"big":18446744073709551615,"x/y":0.5})",
                    {{"rule", {{"id", "5710"}, {"level", 5}, {"groups", {"sshd", "auth"}}}}, {"host.name", "web-1"}});
}

std::string outcome(sf::Observation<std::string> seen) {
  return std::move(seen).match(
      [](std::string text) { return text; },
      [](sf::Gone gone) { return std::string(gone == sf::Gone::vanished ? "-gone" : "-changed"); });
}

std::set<std::string> names(const sf::fs::Dir& dir, std::string_view suffix = "") {
  std::set<std::string> out;
  for (const auto& entry : dir.list(suffix)) out.insert(entry.name);
  return out;
}

sf::fs::Entry entry_of(const sf::fs::Dir& dir, const std::string& name) {
  for (auto& entry : dir.list(""))
    if (entry.name == name) return entry;
  throw std::invalid_argument("no entry " + name);
}

}  // namespace

TEST_CASE("record: canonical fields, pointers and facts are read through compiled paths") {
  MockHost host;
  const MockRecord mock = alert();
  const sf::Record record(mock.raw());
  const auto path = [&](const char* text) { return sf::Path(host.host(), text); };

  CHECK(record.text(path("rule.id")) == "5710");
  CHECK(record.integer(path("rule.level")) == 5);
  CHECK(record.texts(path("rule.groups")) == std::vector<std::string>{"sshd", "auth"});
  CHECK(record.text(path("rule.groups")) == R"(["sshd","auth"])");
  CHECK(record.text(path("/rule/id")) == "5710");
  CHECK(record.text(path("/rule")) == R"({"id":"5710","level":5})");
  CHECK(record.texts(path("/a")) == std::vector<std::string>{"1", "two"});
  CHECK(record.value(path("/a/2"))->type == SF_NULL);
  CHECK(record.value(path("/a/3"))->as.boolean == 1);
  CHECK(record.value(path("/big"))->type == SF_F64);
  CHECK(record.value(path("/x~1y"))->as.f64 == 0.5);
  CHECK_FALSE(record.value(path("/a/9")));
  CHECK_FALSE(record.value(path("user.name")));
  CHECK(record.text(path("alert.key"))->size() == 32);
  CHECK(record.bytes(path("rule.id")) == mock.bytes());
}

TEST_CASE("record: a path that is neither pointer nor field does not compile") {
  MockHost host;
  CHECK_THROWS_AS(sf::Path(host.host(), "rule.nonsense"), sf::Error);
  CHECK_THROWS_AS(sf::Path(host.host(), "/a~2b"), sf::Error);
  CHECK_THROWS_AS(sf::Path(host.host(), ""), sf::Error);
}

TEST_CASE("record: a field that is not in the format is the test's mistake") {
  CHECK_THROWS_AS(MockRecord("{}", {{"rule.idd", "1"}}), std::invalid_argument);
  CHECK_THROWS_AS(MockRecord("{"), json::parse_error);
  CHECK(alert().with("case.id", "c-1").field("case.id") == "c-1");
  CHECK(alert().with("host.name", nullptr).field("host.name").is_null());
}

TEST_CASE("services: log, metrics, clock, digest, secrets and state work in memory") {
  MockHost host("poll");
  const sf::Host h = host.host();
  CHECK(h.stage() == "poll");

  h.warn("disk is slow");
  CHECK(host.log.contains("slow"));

  h.count("pages", 2);
  h.gauge("lag_seconds", 1.5);
  CHECK(host.metrics.counter("pages") == 2);
  CHECK_THAT(h.metrics_text(), ContainsSubstring("signalfoundry_pages_total{stage=\"poll\"} 2\n"));
  CHECK_THAT(h.metrics_text(), ContainsSubstring("signalfoundry_lag_seconds{stage=\"poll\"} 1.5\n"));

  const auto start = h.now_ms();
  CHECK(h.wait(250));
  CHECK(h.now_ms() == start + 250);
  host.clock.stopping = true;
  CHECK_FALSE(h.wait(250));
  CHECK(host.clock.waits == std::vector<uint32_t>{250});

  CHECK(h.sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

  host.secrets.values["password"] = "hunter2";
  host.secrets.unreadable["token"] = "the file is not there";
  CHECK(h.secret("password") == "hunter2");
  CHECK_FALSE(h.secret("other"));
  CHECK_THROWS_WITH(h.secret("token"), "the file is not there");

  CHECK_FALSE(h.state("seen"));
  h.set_state("seen", "7");
  CHECK(h.state("seen") == "7");
  CHECK_THROWS_AS(h.set_state("seen", std::string(70'000, 'x')), sf::Error);
}

TEST_CASE("services: one that is withheld is not there") {
  MockHost host;
  host.withhold(SF_SERVICE_HTTP);
  CHECK(host.host().find<sf_http_api>(SF_SERVICE_HTTP) == nullptr);
  CHECK(host.host().find<sf_http_api>("sf.future/1") == nullptr);
  CHECK_THROWS_AS(sf::http::request(host.host(), {}), sf::Error);
}

TEST_CASE("metrics: a name outside [a-z_]+ is a misuse") {
  MockHost host;
  host.host().count("Pages");
  REQUIRE(host.misuses().size() == 1);
  CHECK_THAT(host.misuses().front(), ContainsSubstring("[a-z_]+"));
}

TEST_CASE("queue: a scan of all, a scan of the new, and admission in order") {
  MockHost host;
  const sf::Host h = host.host();
  host.queue.waiting = {{"p00-a", 5, 1, 15}, {"p10-b", 6, 2, 5}};
  host.queue.queued = {{"p05-c", 7, 3, 10}};
  std::vector<std::string> seen;
  auto visit = [&](const sf_waiting& w) { return seen.emplace_back(sf::from_c(w.name)), true; };

  host.queue.new_max = 0;
  CHECK_FALSE(h.scan_queue(SF_SCAN_NEW, visit));
  CHECK(seen.empty());
  host.queue.new_max = 1;
  CHECK(h.scan_queue(SF_SCAN_NEW, visit));
  CHECK(seen == std::vector<std::string>{"p05-c"});
  CHECK(h.scan_queue(SF_SCAN_NEW, visit));
  CHECK(seen.size() == 1);
  seen.clear();
  CHECK(h.scan_queue(SF_SCAN_ALL, visit));
  CHECK(seen.size() == 3);
  CHECK(host.queue.depth == 3);

  CHECK(h.admit("p10-b"));
  CHECK(h.admit("p00-a"));
  CHECK_FALSE(h.admit("p10-b"));
  CHECK(host.queue.admitted == std::vector<std::string>{"p10-b", "p00-a"});
  CHECK_FALSE(h.admit("nobody"));
  CHECK(host.misuses().size() == 1);

  host.queue.scan_error = "the directory cannot be read";
  CHECK_THROWS_WITH(std::ignore = h.scan_queue(SF_SCAN_ALL, visit), "the directory cannot be read");
}

TEST_CASE("run: report and reconcile give the test's text") {
  MockHost host;
  host.run.report = R"({"status":"ok"})";
  host.run.reconcile["run"] = R"({"checked":3,"mismatches":1,"categories":{}})";
  CHECK(host.host().report() == R"({"status":"ok"})");
  CHECK(host.host().reconcile("run") == host.run.reconcile["run"]);
  CHECK_THROWS_AS(host.host().reconcile("some"), sf::Error);
  CHECK(host.run.reconciled == std::vector<std::string>{"run", "some"});
}

TEST_CASE("fs: a listing has names only, stat has sizes, read has bytes") {
  MockHost host;
  host.fs.put("setting:path", "a.json", "{\"a\":1}");
  host.fs.put("setting:path", "b.txt", std::string(5000, 'b'));
  const auto dir = sf::fs::Dir::open(host.host(), "setting:path");
  REQUIRE(dir);
  CHECK(names(*dir) == std::set<std::string>{"a.json", "b.txt"});
  CHECK(names(*dir, ".json") == std::set<std::string>{"a.json"});
  CHECK(entry_of(*dir, "a.json").size == 0);
  const auto size =
      dir->stat("b.txt").match([](const sf::fs::Entry& e) { return e.size; }, [](sf::Gone) { return uint64_t{0}; });
  CHECK(size == 5000);
  CHECK(outcome(dir->read(entry_of(*dir, "a.json"))) == "{\"a\":1}");
  CHECK(outcome(dir->read(entry_of(*dir, "b.txt"), 4990, 100)) == std::string(10, 'b'));
  CHECK(outcome(dir->read(entry_of(*dir, "b.txt"), 9999, 100)).empty());
}

TEST_CASE("fs: what someone else did between listing and reading is an outcome") {
  MockHost host;
  for (const char* name : {"removed", "replaced", "grown"}) host.fs.put("setting:path", name, "old");
  const auto dir = sf::fs::Dir::open(host.host(), "setting:path");
  REQUIRE(dir);
  const auto removed = entry_of(*dir, "removed");
  const auto replaced = entry_of(*dir, "replaced");
  const auto grown = entry_of(*dir, "grown");
  host.fs.remove("setting:path", "removed");
  host.fs.put("setting:path", "replaced", "new");
  host.fs.append("setting:path", "grown", "er");
  CHECK(outcome(dir->read(removed)) == "-gone");
  CHECK(outcome(dir->read(replaced)) == "-changed");
  CHECK(outcome(dir->read(grown)) == "older");
  host.fs.put("setting:path", "link", "", SF_SYMLINK);
  CHECK(outcome(dir->read(entry_of(*dir, "link"))) == "-changed");
}

TEST_CASE("fs: faults strike on the call they were set for, once") {
  MockHost host;
  host.fs.put("setting:path", "a", "1");
  host.fs.put("setting:path", "b", "2");
  const auto dir = sf::fs::Dir::open(host.host(), "setting:path");
  REQUIRE(dir);
  const auto a = entry_of(*dir, "a");
  const auto b = entry_of(*dir, "b");

  host.fs.inject("read", 2, Fault::vanish);
  CHECK(outcome(dir->read(a)) == "1");
  CHECK(outcome(dir->read(b)) == "-gone");
  CHECK(names(*dir) == std::set<std::string>{"a"});

  host.fs.inject("any", 1, Fault::denied);
  CHECK_THROWS_AS(dir->list(""), sf::Error);
  CHECK(names(*dir).size() == 1);

  host.fs.inject("list", 1, Fault::vanish);
  CHECK(names(*dir) == std::set<std::string>{"a"});
  CHECK(outcome(dir->read(a)) == "-gone");

  host.fs.inject("open_dir", 1, Fault::absent);
  CHECK_FALSE(sf::fs::Dir::open(host.host(), "setting:path"));
  CHECK_FALSE(sf::fs::Dir::open(host.host(), "setting:other"));
  CHECK_THROWS_AS(sf::fs::Dir::open(host.host(), "/etc"), sf::Error);
}

TEST_CASE("fs: names that are more than one component are refused") {
  MockHost host;
  const auto dir = sf::fs::Dir::open(host.host(), "state");
  REQUIRE(dir);
  for (const char* name : {"a/b", "..", ".", ""}) CHECK_THROWS_AS(dir->write_file(name, "x"), sf::Error);
  CHECK(host.fs.files("state").empty());
}

TEST_CASE("fs: files are written whole, lines appended, and rotated over the limit") {
  MockHost host;
  const auto dir = sf::fs::Dir::open(host.host(), "state");
  REQUIRE(dir);
  dir->write_file("heartbeat.json", "{}");
  CHECK(host.fs.get("state", "heartbeat.json") == "{}");
  dir->append_line("runs.jsonl", "12345", 12);
  dir->append_line("runs.jsonl", "12345", 12);
  dir->append_line("runs.jsonl", "67890", 12);
  CHECK(host.fs.get("state", "runs.jsonl") == "67890\n");
  CHECK(host.fs.get("state", "runs.jsonl.1") == "12345\n12345\n");

  host.fs.put("setting:path", "a", "");
  const auto input = sf::fs::Dir::open(host.host(), "setting:path");
  CHECK_THROWS_AS(input->write_file("a", "x"), sf::Error);
}

TEST_CASE("fs: a tree is visible when it is published, and never before") {
  MockHost host;
  const auto cases = sf::fs::Dir::open(host.host(), "cases");
  REQUIRE(cases);
  {
    auto tree = cases->begin_tree("2026/11/24/c-1");
    tree.add("a.md", "# A");
    tree.add_alert("artifacts/alert.json", sf::Record(alert().raw()));
    CHECK(host.fs.files("cases").empty());
    tree.publish();
  }
  CHECK(host.fs.published == std::vector<std::string>{"cases/2026/11/24/c-1"});
  CHECK(host.fs.tree("cases", "2026/11/24/c-1") ==
        std::map<std::string, std::string>{{"a.md", "# A"}, {"artifacts/alert.json", alert().bytes()}});
  CHECK(names(*cases) == std::set<std::string>{"2026"});

  {
    auto dropped = cases->begin_tree("2026/11/24/c-2");
    dropped.add("a.md", "x");
    CHECK_THROWS_AS(dropped.add("../escape", "x"), sf::Error);
    CHECK_THROWS_AS(dropped.add("a.md", "twice"), sf::Error);
    CHECK(host.fs.open_trees() == 1);
  }
  CHECK(host.fs.open_trees() == 0);
  CHECK(host.fs.tree("cases", "2026/11/24/c-2").empty());

  host.fs.inject("tree_publish", 1, Fault::retry);
  auto failed = cases->begin_tree("c-3");
  CHECK_THROWS_AS(failed.publish(), sf::Error);
  CHECK(host.fs.tree("cases", "c-3").empty());
}

TEST_CASE("http: answers come in order, and each request is kept") {
  MockHost host;
  host.http.answer(200, "[1]", {{"x-page", "1"}});
  host.http.fail(SF_RETRY, "siem.example:9200 did not answer in 30 s", 500);
  sf::http::Request q;
  q.method = "POST";
  q.url = "https://siem.example:9200/_search";
  q.headers = {{"Content-Type", "application/json"}};
  q.body = "{}";
  q.password_secret = "password";

  const auto first = sf::http::request(host.host(), q);
  CHECK(first.status == 200);
  CHECK(first.body == "[1]");
  CHECK(first.header("x-page") == "1");
  CHECK_THROWS_WITH(sf::http::request(host.host(), q), "siem.example:9200 did not answer in 30 s");
  REQUIRE(host.http.requests.size() == 2);
  CHECK(host.http.requests[0].header("Content-Type") == "application/json");
  CHECK(host.http.requests[0].password_secret == "password");

  host.http.respond = [](const sf::testing::MockRequest& r) {
    return sf::testing::MockAnswer{404, r.url, {}, SF_OK, "", 0};
  };
  CHECK(sf::http::request(host.host(), q).status == 404);
  q.max_bytes = 3;
  CHECK_THROWS_AS(sf::http::request(host.host(), q), sf::Error);

  host.http.respond = nullptr;
  CHECK_THROWS_AS(sf::http::request(host.host(), q), sf::Error);
  CHECK(host.misuses().size() == 1);
}

TEST_CASE("host: what the runner cannot give is an error, never an empty answer") {
  // A runner without memory: all of these services refuse.
  static const sf_digest_api digest{sizeof digest, 0,
                                    [](const sf_host*, sf_str, char*) -> sf_status { return SF_FAILED; }};
  static const sf_metrics_api metrics{sizeof metrics, 0,
                                      [](const sf_host*, sf_str, uint64_t) -> sf_status { return SF_FAILED; },
                                      [](const sf_host*, sf_str, double) -> sf_status { return SF_FAILED; },
                                      [](const sf_host*, const sf_bytes_sink*) -> sf_status { return SF_FAILED; }};
  static const sf_state_api state{sizeof state, 0,
                                  [](const sf_host*, sf_str key, const sf_bytes_sink*) -> sf_status {
                                    return sf::from_c(key) == "absent" ? static_cast<sf_status>(SF_ABSENT) : SF_FAILED;
                                  },
                                  [](const sf_host*, sf_str, sf_str) -> sf_status { return SF_FAILED; }};
  const sf_host raw{
      sizeof raw, 1, 0, "signalfoundry", "1.0.0", "stage", nullptr, [](const sf_host*, const char* id) -> const void* {
        const std::string_view name = id;
        if (name == SF_SERVICE_DIGEST) return &digest;
        if (name == SF_SERVICE_METRICS) return &metrics;
        return name == SF_SERVICE_STATE ? &state : nullptr;
      }};
  const sf::Host host(&raw);
  CHECK_THROWS_WITH(host.sha256("x"), "a SHA-256 could not be had from the runner; the log says why");
  CHECK_THROWS_AS(host.metrics_text(), sf::Error);
  CHECK_THROWS_AS(host.state("cursor"), sf::Error);
  CHECK_THROWS_AS(host.set_state("cursor", "1"), sf::Error);
  CHECK_FALSE(host.state("absent"));
}
