// SPDX-License-Identifier: Apache-2.0
//
// Days of alerts that nobody read, and the live ones beside them, in simulated time (docs/adr/0009-live-first.md).
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "outage_site.hpp"
#include "support/catch.h"

namespace {

using nlohmann::json;
using Doc = OutageIndex::Doc;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kEvery = 30'000;
constexpr std::int64_t kBegin = 1'795'549'345'000;  // 2026-11-24T19:42:25Z, the first run after the outage
// siem.md 9, of 2,655,821 alerts of AIT-ADS: the busiest minute, and one brute force.
constexpr std::size_t kBusiestMinute = 27'251;
constexpr std::size_t kBruteForce = 410'000;

// As the plugin's own defaults are, which source_wazuh's schema gives.
std::string settings(const json& more = json::object()) {
  json j = {{"url", "https://127.0.0.1:9200"}};
  j.update(more);
  return j.dump();
}

class Alerts {
 public:
  // `count` alerts in [from, to), each searchable 1 to 15 s after its timestamp (siem.md 5.1: flush, Filebeat,
  // refresh).
  void add(std::int64_t from_ms, std::int64_t to_ms, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      docs_.push_back({from_ms + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(to_ms - from_ms)),
                       static_cast<std::int32_t>(1'000 + random_() % 14'000)});
  }
  std::size_t size() const { return docs_.size(); }
  std::vector<Doc> sorted() {
    std::sort(docs_.begin(), docs_.end(), [](const Doc& a, const Doc& b) { return a.time_ms < b.time_ms; });
    return docs_;
  }

 private:
  std::mt19937_64 random_{20261127};
  std::vector<Doc> docs_;
};

// 1.1 million alerts in six days: one brute force, ten of the busiest minutes, and the rest evenly.
void outage(Alerts& alerts) {
  constexpr std::size_t kAll = 1'100'000;
  alerts.add(kBegin - 3 * kDay, kBegin - 3 * kDay + 15 * kMinute, kBruteForce);
  for (int i = 0; i < 10; ++i)
    alerts.add(kBegin - 6 * kDay + i * 14 * kHour, kBegin - 6 * kDay + i * 14 * kHour + kMinute, kBusiestMinute);
  alerts.add(kBegin - 6 * kDay, kBegin, kAll - alerts.size());
  REQUIRE(alerts.size() == kAll);
}

// As many a second as the outage has between its bursts.
void live(Alerts& alerts, std::int64_t end_ms) {
  alerts.add(kBegin, end_ms, static_cast<std::size_t>((end_ms - kBegin) / 1'250));
}

void after_the_outage(OutageSite& site) {
  site.position =
      json{{"v", 1}, {"watermark_ms", kBegin - 6 * kDay}, {"local_ms", kBegin - 6 * kDay}, {"filter", "x"}}.dump();
}

void show(const char* what, const OutageSite& site, std::int64_t filled_ms, const std::vector<std::size_t>& missing) {
  std::printf(
      "%s: %zu alerts committed, %zu of them live; filled after %.1f min and %d runs (longest %.1f s, %d failed); "
      "a live alert at most %.1f s late; %zu known ones read again; missing: %zu\n",
      what, site.committed, site.live, static_cast<double>(filled_ms) / kMinute, site.runs,
      static_cast<double>(site.longest_run_ms) / 1000, site.failed, static_cast<double>(site.worst_late_ms) / 1000,
      site.again, missing.size());
}

// [from, to) of a search for a page.
std::optional<std::pair<std::int64_t, std::int64_t>> range_of(const std::string& body) {
  const auto request = json::parse(body);
  if (request.at("size") == 0) return std::nullopt;
  const auto& range = request.at("query").at("bool").at("filter").at(0).at("range").at("timestamp");
  return std::pair{range.at("gte").get<std::int64_t>(), range.at("lt").get<std::int64_t>()};
}

// Runs until half an hour after the hole is filled.
void fill(const char* what, OutageSite& site, const std::string& settings, std::int64_t live_end_ms) {
  std::int64_t filled = 0;
  while (filled == 0 || site.now_ms() < kBegin + filled + 30 * kMinute) {
    site.run(settings, kEvery);
    if (filled == 0 && site.holes() == 0) filled = site.now_ms() - kBegin;
    REQUIRE(site.now_ms() < live_end_ms);
  }
  const auto missing = site.missing(site.now_ms() - kMinute);
  show(what, site, filled, missing);
  CHECK(missing.empty());
}

}  // namespace

TEST_CASE("source_wazuh outage: six days and 1.1 million alerts are filled in, and no live alert is 60 s late",
          "[source_wazuh]") {
  Alerts alerts;
  outage(alerts);
  const auto live_end = kBegin + 2 * kHour;
  live(alerts, live_end);
  alerts.add(kBegin + 10 * kMinute, kBegin + 11 * kMinute, kBusiestMinute);
  OutageSite site(alerts.sorted(), Costs(), kBegin);
  after_the_outage(site);
  fill("1.1 million of six days", site, settings(), live_end);
  CHECK(site.worst_late_ms <= 60'000);
}

TEST_CASE("source_wazuh outage: a brute force of 410,000 alerts meanwhile makes no live alert 60 s late",
          "[source_wazuh]") {
  Alerts alerts;
  outage(alerts);
  const auto live_end = kBegin + 2 * kHour;
  live(alerts, live_end);
  alerts.add(kBegin + 5 * kMinute, kBegin + 20 * kMinute, kBruteForce);
  OutageSite site(alerts.sorted(), Costs(), kBegin);
  after_the_outage(site);
  fill("a brute force meanwhile", site, settings(), live_end);
  CHECK(site.worst_late_ms <= 60'000);
}

TEST_CASE("source_wazuh outage: an index of the outage that answers slowly makes no live alert 60 s late",
          "[source_wazuh]") {
  // Goal: back-filling ends by time, too: 20 pages of 4 s each would keep the next run waiting.
  Alerts alerts;
  outage(alerts);
  const auto live_end = kBegin + 12 * kHour;
  live(alerts, live_end);
  OutageSite site(alerts.sorted(), Costs(), kBegin);
  after_the_outage(site);
  site.more = [](const std::string& body) {
    const auto window = range_of(body);
    return std::int64_t{window && window->second < kBegin - kHour ? 4'000'000 : 0};
  };
  fill("4 s for a page of the outage", site, settings(), live_end);
  CHECK(site.worst_late_ms <= 60'000);
}

TEST_CASE("source_wazuh outage: an hour of it that cannot be read makes no live alert 60 s late", "[source_wazuh]") {
  // Goal: what fails behind the live alerts is waited out for as long as back-filling may take, not for retry_for.
  Alerts alerts;
  outage(alerts);
  const auto live_end = kBegin + 2 * kHour;
  live(alerts, live_end);
  OutageSite site(alerts.sorted(), Costs(), kBegin);
  after_the_outage(site);
  const auto bad = kBegin - 2 * kDay;
  site.spoil = [&](const std::string& body) -> std::optional<HttpReply> {
    const auto window = range_of(body);
    const bool healed = site.now_ms() > kBegin + 40 * kMinute;
    if (healed || !window || window->first > bad || window->second <= bad) return std::nullopt;
    return HttpReply{.body =
                         R"({"timed_out":false,"_shards":{"total":3,"successful":2,"failed":1},"hits":{"hits":[]}})"};
  };
  fill("an hour that fails for 40 min", site, settings(), live_end);
  CHECK(site.failed > 10);
  CHECK(site.worst_late_ms <= 60'000);
}
