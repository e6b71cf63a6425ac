// SPDX-License-Identifier: Apache-2.0
//
// Goal: the choice is the one that selection.hpp describes, whatever the order of the directory; and nobody waits for
// ever.
#include "../../../../plugins/queue_cap/selection.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "support/catch.h"

using queue_cap::kUnknownSeverity;
using queue_cap::Limits;
using queue_cap::Selection;
using queue_cap::Waiting;

namespace {

struct Alert {
  std::string name;
  int64_t time_ms = 0;
  uint32_t group = 0;
  uint32_t severity = 0;
  bool drop_in() const { return severity == kUnknownSeverity; }
  Waiting waiting() const { return {name, time_ms, group, severity}; }
};
using Alerts = std::vector<Alert>;
using Names = std::vector<std::string>;

std::string padded(uint64_t n) {
  auto out = std::to_string(n);
  return std::string(out.size() < 8 ? 8 - out.size() : 0, '0') + out;
}

void fill(Selection& selection, const Alerts& alerts) {
  for (const auto& alert : alerts) selection.add(alert.waiting());
}
Names first_round(Limits limits, const Alerts& alerts) {
  Selection selection(limits);
  fill(selection, alerts);
  return selection.take();
}

bool before(const Alert& a, const Alert& b) {
  const auto rank = [](const Alert& x) {
    return std::tuple(x.drop_in() ? -7 : -static_cast<int>(x.severity), x.drop_in(), x.drop_in() ? 0 : x.time_ms,
                      x.name);
  };
  return rank(a) < rank(b);
}

// The rules at the top of selection.hpp, word for word, over everything at once.
class Model {
 public:
  Model(Limits limits, Alerts alerts) : limits_(limits), alerts_(std::move(alerts)) {
    std::sort(alerts_.begin(), alerts_.end(), before);
    room_ = std::min<std::size_t>(limits_.cap, alerts_.size());
  }
  Names choose() {
    reserve();
    in_order(std::max<std::size_t>(1, std::size_t{limits_.cap} * limits_.share_percent / 100));
    in_order(alerts_.size());
    Names out;
    for (const auto& alert : alerts_)
      if (chosen_.contains(alert.name)) out.push_back(alert.name);
    return out;
  }

 private:
  void take(const Alert& alert) {
    if (room_ != 0 && chosen_.insert(alert.name).second) --room_;
  }
  void reserve() {
    std::size_t reserve = std::size_t{limits_.cap} * limits_.reserve_percent / 100;
    if (limits_.reserve_percent != 0)
      reserve = std::max<std::size_t>(reserve, limits_.cap < 2 ? 0 : limits_.cap < 4 ? 1 : 2);
    reserve = std::min(reserve, room_);
    Alerts dated;
    Alerts drop_ins;
    for (const auto& alert : alerts_) (alert.drop_in() ? drop_ins : dated).push_back(alert);
    std::sort(dated.begin(), dated.end(),
              [](const Alert& a, const Alert& b) { return std::tie(a.time_ms, a.name) < std::tie(b.time_ms, b.name); });
    std::sort(drop_ins.begin(), drop_ins.end(), [](const Alert& a, const Alert& b) { return a.name < b.name; });
    std::size_t old = std::min(dated.size(), reserve - reserve / 2);
    const std::size_t dropped = std::min(drop_ins.size(), reserve - old);
    old = std::min(dated.size(), reserve - dropped);
    for (std::size_t i = 0; i < old; ++i) take(dated[i]);
    for (std::size_t i = 0; i < dropped; ++i) take(drop_ins[i]);
  }
  void in_order(std::size_t limit) {
    std::map<uint32_t, std::size_t> taken;
    for (const auto& alert : alerts_)
      if (!chosen_.contains(alert.name) && taken[alert.group] < limit && room_ != 0) ++taken[alert.group], take(alert);
  }

  Limits limits_;
  Alerts alerts_;
  std::set<std::string> chosen_;
  std::size_t room_ = 0;
};

Alert random_alert(std::mt19937& random, uint64_t n, uint32_t groups, uint32_t drop_in_percent) {
  if (random() % 100 < drop_in_percent)
    return {"drop-" + padded(random() % 100'000) + "-" + padded(n), 0, static_cast<uint32_t>(random()),
            kUnknownSeverity};
  const auto severity = random() % 16;
  // Few distinct times, so that ties are common.
  return {"p" + std::to_string(15 - severity) + "-" + padded(n), static_cast<int64_t>(random() % 500),
          static_cast<uint32_t>(random() % groups), static_cast<uint32_t>(severity)};
}

}  // namespace

TEST_CASE("selection: the first round is the described one, in any order of adding", "[queue_cap]") {
  std::mt19937 random(20261124);
  for (int round = 0; round < 400; ++round) {
    const Limits limits{1 + static_cast<uint32_t>(random() % 12), 1 + static_cast<uint32_t>(random() % 100),
                        static_cast<uint32_t>(random() % 51)};
    Alerts alerts;
    const auto size = random() % 4000;
    const auto groups = 1 + static_cast<uint32_t>(random() % (random() % 2 == 0 ? 5 : 500));
    const auto drop_ins = static_cast<uint32_t>(random() % 3) * 40;
    for (uint64_t n = 0; n < size; ++n) alerts.push_back(random_alert(random, n, groups, drop_ins));
    const auto wanted = Model(limits, alerts).choose();
    INFO("round " << round << " cap " << limits.cap << " share " << limits.share_percent << " reserve "
                  << limits.reserve_percent << " n " << size);
    REQUIRE(first_round(limits, alerts) == wanted);
    std::shuffle(alerts.begin(), alerts.end(), random);
    REQUIRE(first_round(limits, alerts) == wanted);
    std::sort(alerts.begin(), alerts.end(), before);
    REQUIRE(first_round(limits, alerts) == wanted);
    std::reverse(alerts.begin(), alerts.end());
    REQUIRE(first_round(limits, alerts) == wanted);
  }
}

TEST_CASE("selection: never more than the cap, everything when it fits, each once", "[queue_cap]") {
  std::mt19937 random(3);
  for (const uint32_t cap : {1U, 2U, 3U, 4U, 5U, 50U, 300U}) {
    Alerts alerts;
    for (uint64_t n = 0; n < 300; ++n) alerts.push_back(random_alert(random, n, 20, 20));
    Selection selection({cap, 25, 10});
    fill(selection, alerts);
    std::set<std::string> seen;
    for (std::size_t rounds = 1; seen.size() < alerts.size(); ++rounds) {
      REQUIRE(rounds <= (alerts.size() + cap - 1) / cap);
      const auto waiting = alerts.size() - seen.size();
      const auto names = selection.take();
      CHECK(names.size() == std::min<std::size_t>(cap, waiting));
      for (const auto& name : names) CHECK(seen.insert(name).second);
      if (!selection.used_up()) continue;
      selection.clear();
      for (const auto& alert : alerts)
        if (!seen.contains(alert.name)) selection.add(alert.waiting());
    }
  }
}

TEST_CASE("selection: severe alerts come before others, but for share and reserve", "[queue_cap]") {
  Alerts alerts;
  for (uint64_t n = 0; n < 1000; ++n)
    alerts.push_back({"low-" + padded(n), static_cast<int64_t>(n), static_cast<uint32_t>(n % 50), 3});
  for (uint64_t n = 0; n < 60; ++n)
    alerts.push_back({"severe-" + padded(n), static_cast<int64_t>(5000 + n), static_cast<uint32_t>(100 + n % 10),
                      12 + static_cast<uint32_t>(n % 4)});
  const auto names = first_round({100, 25, 10}, alerts);
  REQUIRE(names.size() == 100);
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(names[i].starts_with("severe-") == (i < 60));
}

TEST_CASE("selection: one group takes no more than its share while others wait, and the rest when none does",
          "[queue_cap]") {
  Alerts flood;
  for (uint64_t n = 0; n < 5000; ++n) flood.push_back({"flood-" + padded(n), static_cast<int64_t>(1000 + n), 1, 15});
  Alerts alerts = flood;
  for (uint64_t n = 0; n < 500; ++n)
    alerts.push_back({"quiet-" + padded(n), static_cast<int64_t>(9000 + n), 2 + static_cast<uint32_t>(n % 100), 5});
  const auto count = [](const Names& names, std::string_view prefix) {
    return std::count_if(names.begin(), names.end(), [&](const auto& name) { return name.starts_with(prefix); });
  };
  const auto names = first_round({200, 25, 10}, alerts);
  CHECK(count(names, "flood-") == 50 + 20);  // the share, and the reserve, as the flood is the oldest
  CHECK(count(names, "quiet-") == 130);
  CHECK(count(first_round({200, 25, 10}, flood), "flood-") == 200);
}

TEST_CASE("selection: drop-ins stand in the middle, behind what is dated", "[queue_cap]") {
  const Alerts alerts{{"c.json", 0, 1, kUnknownSeverity},
                      {"a.json", 0, 2, kUnknownSeverity},
                      {"seven", 50, 3, 7},
                      {"eight", 60, 4, 8},
                      {"six", 1, 5, 6}};
  CHECK(first_round({5, 100, 0}, alerts) == Names{"eight", "seven", "a.json", "c.json", "six"});
  CHECK(first_round({3, 100, 0}, alerts) == Names{"eight", "seven", "a.json"});
}

TEST_CASE("selection: under a flood that never ends, everybody is taken within the bound", "[queue_cap]") {
  // More comes in each round than goes, all of it severe; what waits since the start is low, dated or dropped in.
  for (const auto& limits : {Limits{20, 25, 10}, Limits{40, 10, 20}, Limits{7, 50, 30}}) {
    Alerts waiting;
    for (uint64_t n = 0; n < 150; ++n)
      waiting.push_back({"old-" + padded(n), static_cast<int64_t>(n), 7, static_cast<uint32_t>(n % 3)});
    for (uint64_t n = 0; n < 150; ++n)
      waiting.push_back({"drop-" + padded(n), 0, static_cast<uint32_t>(n), kUnknownSeverity});
    std::map<std::string, Alert> queue;
    for (const auto& alert : waiting) queue.emplace(alert.name, alert);
    Selection selection(limits);
    const std::size_t half =
        std::max<std::size_t>(1, std::max<std::size_t>(2, limits.cap * limits.reserve_percent / 100) / 2);
    const std::size_t bound = (waiting.size() / 2 + half - 1) / half + selection.lookahead();
    uint64_t made = 0;
    bool first = true;
    for (std::size_t round = 0; round < bound; ++round) {
      Alerts fresh;
      for (uint32_t n = 0; n < 3 * limits.cap; ++n, ++made)
        fresh.push_back(
            {"new-" + padded(made), static_cast<int64_t>(10'000 + made), static_cast<uint32_t>(1000 + made % 97), 15});
      for (const auto& alert : fresh) queue.emplace(alert.name, alert);
      // As the plugin does: the whole queue when a look ahead is used up, else only what is new.
      if (first || selection.used_up()) {
        selection.clear();
        for (const auto& [name, alert] : queue) selection.add(alert.waiting());
      } else {
        fill(selection, fresh);
      }
      first = false;
      for (const auto& name : selection.take()) REQUIRE(queue.erase(name) == 1);
    }
    for (const auto& alert : waiting) CHECK(!queue.contains(alert.name));
  }
}

TEST_CASE("selection: keeps a bounded number of very many, and drains them with few looks", "[queue_cap]") {
  constexpr uint32_t kTotal = 100'000;
  const Limits limits{2000, 25, 10};
  Alerts alerts;
  std::mt19937 random(1);
  for (uint64_t n = 0; n < kTotal; ++n)
    alerts.push_back({"2026_" + padded(random() % 10'000'000) + padded(n) + ".json", 0, static_cast<uint32_t>(random()),
                      kUnknownSeverity});
  std::set<std::string> queue;
  for (const auto& alert : alerts) queue.insert(alert.name);
  Selection selection(limits);
  std::size_t looks = 0;
  std::size_t rounds = 0;
  std::size_t most = 0;
  for (bool first = true; !queue.empty(); first = false, ++rounds) {
    if (first || selection.used_up()) {
      ++looks;
      selection.clear();
      for (const auto& alert : alerts) {
        if (queue.contains(alert.name)) selection.add(alert.waiting());
        most = std::max(most, selection.size());
      }
    }
    const auto names = selection.take();
    // The drop-ins go in name order: the reserve takes the first of them, and so does everything else.
    CHECK(names.front() == *queue.begin());
    for (const auto& name : names) queue.erase(name);
  }
  CHECK(rounds == kTotal / limits.cap);
  CHECK(looks <= rounds / selection.lookahead() + 2);
  CHECK(most <= 2 * 32 * (limits.cap + 2 * limits.cap / 10));
}

TEST_CASE("selection: odd input is taken as it is", "[queue_cap]") {
  const std::string newline = "a\nb.json";
  const std::string long_name(255, 'x');
  const Alerts alerts{{newline, 0, 0, kUnknownSeverity},
                      {long_name, 0, 0, kUnknownSeverity},
                      {"negative", -5, 0, 3},
                      {"far", INT64_MAX, 0, 3},
                      {"severity-99", 1, 0, 99}};
  CHECK(first_round({10, 25, 10}, alerts) == Names{"severity-99", newline, long_name, "negative", "far"});
  CHECK(first_round({1, 1, 50}, alerts) == Names{"severity-99"});
}
