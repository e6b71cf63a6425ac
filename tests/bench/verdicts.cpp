// SPDX-License-Identifier: Apache-2.0
//
// verdicts PLUGIN POLICY ALERTS.jsonl: how many alerts a second triage_policy judges from memory, on one thread. Prints
// JSON: alerts, parse_per_s (bytes to alert), policy_per_s (alert to verdict), both_per_s. Run by tests/bench/bench.
#include <signalfoundry/wazuh_mapping.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "alert/alert.hpp"
#include "pipeline/instance.hpp"
#include "plugin/loader.hpp"
#include "plugin/record.hpp"

using namespace signalfoundry;

namespace {

constexpr int kRounds = 5;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

sf_status decide(const sf_verdict_sink* sink, uint32_t disposition, sf_str, sf_str trail) {
  *static_cast<std::uint64_t*>(sink->impl) += disposition + trail.size;
  return SF_OK;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: verdicts PLUGIN POLICY ALERTS.jsonl\n"), 64;
  std::vector<std::string> lines;
  std::ifstream file(argv[3]);
  for (std::string line; std::getline(file, line);) lines.push_back(line);

  std::atomic<bool> stop{false};
  plugin::Shared shared;
  plugin::Metrics metrics;
  plugin::StageState state;
  shared.metrics = &metrics;
  shared.state = &state;
  shared.stop = &stop;
  config::StageConfig stage;
  stage.name = "triage";
  stage.plugin = "triage_policy";
  stage.settings = {{"policy", argv[2]}};
  stage.paths["policy"] = argv[2];
  pipeline::Instance instance(shared, stage, plugin::load(argv[1]));

  const auto mapping = Mapping::parse(sf::kWazuhMapping);
  double parse_s = 1e9;
  double policy_s = 1e9;
  std::uint64_t sum = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Alert> alerts;
    alerts.reserve(lines.size());
    const double start = now_s();
    for (const auto& line : lines) alerts.push_back(read_alert(line, "poll", mapping, "", 0));
    const double parsed = now_s();
    const sf_verdict_sink sink{sizeof(sf_verdict_sink), 0, &sum, decide};
    for (const auto& alert : alerts) {
      plugin::Record record;
      record.alert = &alert;
      instance.call("triage", [&](sf_error* e) {
        return instance.plugin().triage->triage(instance.self(), record.handle(), alert.time_ms, &sink, e);
      });
    }
    const double judged = now_s();
    parse_s = std::min(parse_s, parsed - start);
    policy_s = std::min(policy_s, judged - parsed);
  }
  const auto n = static_cast<double>(lines.size());
  std::printf("{\"alerts\": %zu, \"parse_per_s\": %.0f, \"policy_per_s\": %.0f, \"both_per_s\": %.0f, \"sum\": %llu}\n",
              lines.size(), n / parse_s, n / policy_s, n / (parse_s + policy_s), static_cast<unsigned long long>(sum));
  return 0;
}
