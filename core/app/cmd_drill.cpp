// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/commands.hpp"
#include "base/text.hpp"
#include "queue/race_drill.hpp"

namespace signalfoundry::app {

namespace {

constexpr std::uint64_t kReadBytes = 1U << 20U;

fs::Dir queue_of(const std::string& state) {
  const auto root = fs::Dir::open(state);
  auto queue = root ? root->find_sub("queue") : std::nullopt;
  if (!queue)
    throw Error(Exit::io,
                "there is no queue in " + printable(state, 4096) + ". Start a run first, or name another state.");
  return *queue;
}

OrderedJson to_json(const queue::DrillLevel& level) {
  OrderedJson guards = OrderedJson::array();
  for (const auto& g : level.guards)
    guards.push_back({{"guard", g.name},
                      {"touched", g.touched},
                      {"present", g.present},
                      {"vanished", g.vanished},
                      {"changed", g.changed},
                      {"unhandled", g.unhandled}});
  return {{"level", level.name},
          {"enumerated", level.enumerated},
          {"guards", guards},
          {"unhandled", level.unhandled()},
          {"duration_s", level.duration_s},
          {"errors", level.errors}};
}

std::string to_text(const std::vector<queue::DrillLevel>& levels) {
  std::vector<std::vector<std::string>> rows{
      {"level", "enumerated", "guard", "present", "vanished", "changed", "unhandled", "seconds"}};
  for (const auto& level : levels)
    for (const auto& g : level.guards)
      rows.push_back({level.name, std::to_string(level.enumerated), g.name, std::to_string(g.present),
                      std::to_string(g.vanished), std::to_string(g.changed), std::to_string(g.unhandled),
                      fmt::format("{:.2f}", level.duration_s)});
  std::string out = table(rows);
  for (const auto& level : levels)
    for (const auto& error : level.errors) out += "unhandled: " + error + "\n";
  return out;
}

}  // namespace

Exit drill_race(const Options& options, std::uint64_t sample) {
  const std::string state = state_of(options);
  const auto queue = queue_of(state);
  std::vector<queue::DrillLevel> levels;
  levels.push_back(queue::drill_race(queue, sample, kReadBytes));
  levels.push_back(queue::drill_race(queue, std::nullopt, kReadBytes));
  std::uint64_t unhandled = 0;
  for (const auto& level : levels) unhandled += level.unhandled();
  const bool pass = unhandled == 0;
  if (options.json) {
    OrderedJson out{{"queue", queue.path()}, {"levels", OrderedJson::array()}, {"verdict", pass ? "pass" : "fail"}};
    for (const auto& level : levels) out["levels"].push_back(to_json(level));
    print_line(out.dump());
  } else {
    print(to_text(levels));
    std::string why = "whatever vanished was seen to vanish, and nothing else happened";
    if (!pass) why = fmt::format("{} files gave an error", unhandled);
    if (pass && levels.back().enumerated == 0) why = "but nothing waits: a drill on an empty queue shows little";
    print_line(fmt::format("VERDICT: {} - {}", pass ? "PASS" : "FAIL", why));
  }
  return pass ? Exit::ok : Exit::mismatch;
}

}  // namespace signalfoundry::app
