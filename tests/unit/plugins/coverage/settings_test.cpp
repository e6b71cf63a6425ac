// SPDX-License-Identifier: Apache-2.0
//
// Goal: what is expected is unmistakable: a name or an id stands for one host, and a mistake is named before a run.
#include "bench.hpp"

using namespace coverage_test;

namespace {
json hosts(std::initializer_list<json> all) {
  return {{"hosts", json(all)}, {"domains", {"corp.example"}}};
}
}  // namespace

TEST_CASE("coverage: an alias that stands for two hosts is refused, with both names", "[coverage]") {
  // The original's bug: host01 stood for a runner and a workstation, and one covered for the other.
  Bench bench(
      hosts({{{"name", "HO-RUNNER-01"}, {"aliases", {"host01"}}}, {{"name", "HO-WS-01"}, {"aliases", {"host01"}}}}));
  const auto why = bench.refused();
  CHECK_THAT(why, ContainsSubstring("\"HO-RUNNER-01\"") && ContainsSubstring("\"HO-WS-01\""));
  CHECK_THAT(why, ContainsSubstring("alias \"host01\""));
}

TEST_CASE("coverage: case, a dot at the end and the site's domains make no second host", "[coverage]") {
  for (const char* other : {"WS-01", "ws-01.", "ws-01.corp.example", "WS-01.Corp.Example."}) {
    INFO(other);
    Bench twice(hosts({{{"name", "ws-01"}}, {{"name", "ws-02"}, {"aliases", {other}}}}));
    CHECK_THAT(twice.refused(), ContainsSubstring("stands for two hosts"));
    Bench bench(hosts({{{"name", "ws-01"}}}));
    CHECK(bench.run({bench.alert(other)})["hosts"]["covered"] == 1);
  }
  for (const char* other : {"ws-01.other.example", "xws-01", "ws-01corp.example", ""}) {
    INFO(other);
    Bench bench(hosts({{{"name", "ws-01"}}}));
    CHECK(bench.run({bench.alert(other)})["hosts"]["covered"] == 0);
  }
}

TEST_CASE("coverage: two names, two ids, or an id and a name that agree", "[coverage]") {
  CHECK_THAT(Bench(hosts({{{"name", "a"}}, {{"name", "A"}}})).refused(), ContainsSubstring("the name \"A\""));
  CHECK_THAT(Bench(hosts({{{"name", "a"}, {"ids", {"001"}}}, {{"name", "b"}, {"ids", {"001"}}}})).refused(),
             ContainsSubstring("the id \"001\""));
  CHECK(Bench(hosts({{{"name", "a"}, {"aliases", {"A", "a.corp.example"}}, {"ids", {"001", "001"}}}})).refused() == "");
}

TEST_CASE("coverage: an id counts before a name, and an alert that has one of each is counted", "[coverage]") {
  Bench bench(hosts({{{"name", "a"}, {"ids", {"001"}}}, {{"name", "b"}}}));
  const auto part = bench.run({bench.alert("b", 0, {{"host.id", "001"}})});
  CHECK(part["hosts"]["covered"] == 1);
  CHECK(part["conflicting"] == 1);
  CHECK(bench.mock.log.contains("id 001 with name b"));
  CHECK(bench.findings().empty());
}

TEST_CASE("coverage: signals and canaries need a name of their own and something to be recognised by", "[coverage]") {
  const auto signals = [](std::initializer_list<json> all) { return Bench(json{{"signals", json(all)}}).refused(); };
  CHECK_THAT(signals({{{"name", "s"}}}), ContainsSubstring("the signal \"s\" says nothing"));
  CHECK_THAT(signals({{{"name", "s"}, {"field", "rule.id"}}}), ContainsSubstring("both field and values"));
  CHECK_THAT(signals({{{"name", "s"}, {"values", {"1"}}}}), ContainsSubstring("both field and values"));
  CHECK_THAT(signals({{{"name", "s"}, {"field", "no"}, {"values", {"1"}}}}),
             ContainsSubstring("neither a JSON pointer"));
  CHECK_THAT(signals({{{"name", "s"}, {"rule_ids", {"1"}}}, {{"name", "s"}, {"rule_ids", {"2"}}}}),
             ContainsSubstring("two signals are named \"s\""));
  const json canary = {{"name", "c"}, {"every", "1h"}, {"disposition", "review"}, {"source", "canary"}};
  CHECK(Bench(json{{"canaries", {canary}}}).refused() == "");
  CHECK_THAT(Bench(json{{"canaries", {canary, canary}}}).refused(), ContainsSubstring("two canaries are named \"c\""));
}

TEST_CASE("coverage: an inventory adds hosts, and what is wrong in it has its place", "[coverage]") {
  const auto with = [](const std::string& text, const json& more = json::object()) {
    json settings = more;
    settings["inventory"] = "/etc/hosts.json";
    Bench bench(settings);
    bench.mock.fs.put("parent:inventory", "hosts.json", text);
    return bench.refused();
  };
  const std::string all = R"("longest_silence":"4h","at_least":3,"window":"7d"}]})";
  CHECK(with(R"({"hosts":[{"name":"a","aliases":["b"],"ids":["1"],)" + all) == "");
  CHECK_THAT(with(R"({"hosts":[{"name":"a"}]})", {{"hosts", {{{"name", "A"}}}}}), ContainsSubstring("two hosts"));
  CHECK_THAT(with(R"({"hosts":[{"name":"a"},{"nam":"b"}]})"),
             ContainsSubstring("host 2, \"nam\", is no key of a host"));
  CHECK_THAT(with(R"({"hosts":[{"aliases":["b"]}]})"), ContainsSubstring("host 1 has no name"));
  CHECK_THAT(with(R"({"hosts":[{"name":7}]})"), ContainsSubstring("no list of names"));
  CHECK_THAT(with(R"({"hosts":[{"name":"a","at_least":0}]})"), ContainsSubstring("1 to 1000000"));
  for (const char* duration :
       {"\"4\"", "4", "\"-4h\"", "\"0s\"", "\"9999999d\"", "\"4 h\"", "\"99999999999999999999h\"", "null"}) {
    INFO(duration);
    CHECK_THAT(with(R"({"hosts":[{"name":"a","longest_silence":)" + std::string(duration) + "}]}"),
               ContainsSubstring("is no duration"));
  }
  for (const char* text : {"", "[]", "{}", "{\"hosts\":{}}", "{\"hosts\":[],\"x\":1}", "{\"hosts\":[1]}", "\xff"}) {
    INFO(text);
    CHECK_THAT(with(text), ContainsSubstring("the inventory \"/etc/hosts.json\""));
  }
  CHECK_THAT(with(std::string(5U << 20U, ' ')), ContainsSubstring("larger than 4 MiB"));
  CHECK_THAT(Bench(json{{"inventory", "/etc/hosts.json"}}).refused(), ContainsSubstring("is not there"));
}
