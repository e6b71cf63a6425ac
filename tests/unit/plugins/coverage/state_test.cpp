// SPDX-License-Identifier: Apache-2.0
//
// Goal: what is kept between runs is bounded, whatever names an attacker invents, and damage to it is said.
#include <random>

#include "bench.hpp"

using namespace coverage_test;

namespace {

std::size_t stored(const Bench& bench) {
  std::size_t out = 0;
  for (const auto& [key, value] : bench.mock.state.values) {
    CHECK(value.size() <= 64U << 10U);
    out += value.size();
  }
  return out;
}

}  // namespace

TEST_CASE("coverage: a hundred thousand invented hosts find no room for more than the bound", "[coverage]") {
  Bench bench(
      json{{"hosts", {{{"name", "a"}, {"longest_silence", "1d"}}}}, {"quiet_floor", "1h"}, {"quiet_factor", 2}});
  for (int i = 0; i < 12; ++i) {  // a host with a rhythm
    bench.run({bench.alert("steady")});
    bench.later(10 * kMinute);
  }
  for (int run = 0; run < 10; ++run) {
    std::vector<MockRecord> alerts = {bench.alert("a")};
    for (int i = 0; i < 10'000; ++i) alerts.push_back(bench.alert("h" + std::to_string(run * 10'000 + i)));
    const auto hosts = bench.run(alerts)["hosts"];
    CHECK(hosts["unknown"]["count"] <= 5'000);
    CHECK(hosts["unknown"]["named"].size() == 10);
    CHECK(hosts["unknown"]["left_out"] > 4'000);
    CHECK(hosts["covered"] == 1);
  }
  CHECK(stored(bench) < 1U << 20U);
  bench.later(2 * kHour);
  CHECK(bench.run()["hosts"]["quiet"]["named"] == json{"steady"});  // the flood did not drive it out
}

TEST_CASE("coverage: hostile names are cut, printable, and break nothing", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}}}}});
  const std::vector<std::string> names = {
      std::string(100'000, 'x'),  "\x1b[2J\xe2\x80\xae", "a\nb", "\"},{", "\xff\xfe",
      std::string("nul\0nul", 7), "../../etc",           " ",    "."};
  std::vector<MockRecord> alerts;
  for (const auto& name : names) alerts.push_back(bench.alert("").with("host.name", name));
  const auto unknown = bench.run(alerts)["hosts"]["unknown"];
  CHECK(unknown["count"] >= 7);
  const auto text = unknown.dump();
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\xe2\x80\xae") == std::string::npos);
  CHECK(text.size() < 2'000);
  CHECK(stored(bench) < 4'000);
  bench.run();
  CHECK(bench.findings().empty());  // the state could be read again
}

TEST_CASE("coverage: damaged state is said, and silence counts from then on", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "1h"}}}},
                   {"canaries", {{{"name", "c"}, {"source", "canary"}, {"every", "1h"}, {"disposition", "review"}}}}});
  bench.run({bench.alert("a"), bench.alert("z"), bench.canary(1, "review")});
  const auto good = bench.mock.state.values.at("watch.0");
  const auto damaged = [&](const std::string& state) {
    bench.mock.state.values["watch.0"] = state;
    const auto part = bench.run();
    CHECK(part["hosts"]["waiting"] == 1);
    return bench.says("cannot be read");
  };
  for (const char* text : {"x", "[]", "{}", "{\"v\":2}", "null", "\xff", R"({"v":1,"since":1e300})"})
    CHECK(damaged(text));
  CHECK(damaged(good.substr(0, good.size() / 2)));
  CHECK(damaged(std::string(50'000, '[')));
  const auto all = json::parse(good);
  const auto flat = all.flatten();
  for (const auto& [path, value] : flat.items()) {  // each value in turn is something else
    for (const json& wrong : {json("text"), json(-1.5), json(1e300), json::array({1, 2, 3}), json()}) {
      if (value == wrong || (value.is_string() && wrong == "text")) continue;
      auto other = all;
      other[json::json_pointer(path)] = wrong;
      INFO(path << " " << wrong);
      CHECK(damaged(other.dump()));
    }
  }
  bench.mock.state.values["watch.0"] = good;
  CHECK(bench.run()["hosts"]["covered"] == 1);
  CHECK(bench.findings().empty());
}

TEST_CASE("coverage: state of any bytes is read or refused", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}}}}});
  bench.run({bench.alert("a"), bench.alert("z")});
  const auto good = bench.mock.state.values.at("watch.0");
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    auto state = good;
    for (auto flips = random() % 4 + 1; flips != 0; --flips)
      state[random() % state.size()] = static_cast<char>(random());
    bench.mock.state.values["watch.0"] = state;
    bench.run();
  }
}

TEST_CASE("coverage: what is not expected any more is forgotten, and what is new begins now", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}, {"longest_silence", "1h"}}}}});
  bench.run({bench.alert("a")});
  bench.later(2 * kHour);
  bench.settings["hosts"] = {{{"name", "b"}, {"longest_silence", "1h"}}};
  CHECK(bench.run()["hosts"]["waiting"] == 1);
  CHECK(bench.findings().empty());
}

TEST_CASE("coverage: the workers of a run share one watch, and the first judges", "[coverage]") {
  Bench bench(json{{"hosts", {{{"name", "a"}}, {{"name", "b"}}}}});
  StageUnderTest first(bench.mock, signalfoundry_plugin, bench.settings);
  StageUnderTest second(bench.mock, signalfoundry_plugin, bench.settings);
  first.batch({bench.alert("a")});
  second.batch({bench.alert("b")});
  first.end();
  CHECK(bench.mock.run.watched.at("coverage").content["hosts"]["covered"] == 2);
}

TEST_CASE("coverage: many hosts need several values of the state, fewer later less", "[coverage]") {
  json hosts = json::array();
  std::vector<std::string> names;
  for (int i = 0; i < 2'000; ++i) names.push_back(std::string(60, 'n') + std::to_string(i));
  for (const auto& name : names) hosts.push_back({{"name", name}});
  Bench bench(json{{"hosts", hosts}});
  std::vector<MockRecord> alerts;
  for (const auto& name : names) alerts.push_back(bench.alert(name));
  bench.run(alerts);
  CHECK(bench.mock.state.values.size() > 2);
  CHECK(bench.run()["hosts"]["covered"] == 2'000);
  bench.settings["hosts"] = {{{"name", names[0]}}};
  bench.settings["known_hosts_max"] = 0;
  bench.run();
  CHECK(bench.mock.state.values.at("watch.1").empty());
  CHECK(bench.run()["hosts"]["covered"] == 1);
  CHECK(bench.findings().empty());
}
