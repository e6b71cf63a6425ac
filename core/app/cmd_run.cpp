// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include "app/commands.hpp"
#include "app/dry_run.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "pipeline/supervisor.hpp"

namespace signalfoundry::app {

namespace {

// The table at the end of a run, for a person.
std::string summary(const config::PipelineConfig& config, const pipeline::Report& report, const OrderedJson& json) {
  const auto number = [&](const char* part, const char* name) { return json.at(part).value(name, std::uint64_t{0}); };
  std::string out = fmt::format("\nrun {}  {}  {:.2f} s\n\n", report.run_id, json.value("status", "?"),
                                json.value("duration_s", 0.0));
  std::vector<std::vector<std::string>> rows = {{"", "this run", "in all"}};
  for (const char* name : {"fetched", "duplicate", "accepted", "triaged", "benign", "known_fp", "review", "escalated",
                           "quarantined", "vanished", "packs"}) {
    const bool part = std::string_view(name) == "benign" || std::string_view(name) == "known_fp" ||
                      std::string_view(name) == "review" || std::string_view(name) == "escalated";
    rows.push_back({part ? std::string("  ") + name : name, std::to_string(number("counts", name)),
                    std::to_string(number("totals", name))});
  }
  out += table(rows);
  const auto& reconcile = json.at("reconcile");
  out += fmt::format("\nqueue      {} waiting\nledger     {} entries, head {}\nreconcile  {} checked, {} mismatches\n",
                     number("queue", "depth_end"), json.at("ledger").value("entries", std::uint64_t{0}),
                     json.at("ledger").value("head", "").substr(0, 16), reconcile.value("checked", std::uint64_t{0}),
                     reconcile.value("mismatches", std::uint64_t{0}));
  const std::string state = printable(config.state);
  out += fmt::format("\ncases      {}/cases\npacks      {}/packs\nheartbeat  {}/heartbeat.json\n", state, state, state);
  if (number("counts", "quarantined") != 0)
    out += fmt::format("quarantine {}/quarantine (each file has its .reason.json)\n", state);
  return out;
}

}  // namespace

namespace {

// The books say that nothing was started, and why; what waits goes on waiting.
Exit refuse(const Options& options, const config::Loaded& loaded) {
  std::string stage;
  std::string why = loaded.problems.front().text();
  for (const auto& one : loaded.pipeline.stages)
    if (!one.refusal.empty() && stage.empty()) {
      stage = one.name;
      why = fmt::format("stage \"{}\" (plugin {}): {}", one.name, printable(one.plugin), one.refusal);
    }
  const auto report = pipeline::refuse(loaded.pipeline, stage, why);
  if (options.json) print_line(report.json().dump());
  complain(fmt::format("{}: {} problem{}; nothing was started. {}", printable(options.pipeline), loaded.problems.size(),
                       loaded.problems.size() == 1 ? "" : "s", stage.empty() ? "" : why));
  return Exit::config;
}

}  // namespace

Exit run(const Options& options, const RunArguments& arguments) {
  pipeline::RunOptions run_options;
  const auto loaded = load_all(options, &run_options.plugin_path);
  if (!loaded.problems.empty()) return refuse(options, loaded);
  const auto& config = loaded.pipeline;
  if (arguments.dry_run) return dry_run(config, run_options.plugin_path, options.json);
  run_options.drain = arguments.drain;
  run_options.standby = arguments.standby;
  run_options.try_refused = arguments.try_refused;
  run_options.every_ms = config.every_ms;
  if (!arguments.every.empty()) {
    const auto every = parse_duration(arguments.every);
    if (!every || *every <= 0) throw Error(Exit::usage, "--every wants a duration such as 30s or 5m");
    run_options.every_ms = *every;
  }
  if (arguments.drain && arguments.every.empty()) run_options.every_ms = 0;
  run_options.progress = !options.json && terminal(STDERR_FILENO);
  return pipeline::supervise(config, run_options, [&](const pipeline::Report& report, const OrderedJson& json) {
    if (options.json) return print_line(json.dump());
    print(summary(config, report, json));
    if (!json.at("error").is_null()) complain(printable(json.at("error").get<std::string>(), 1000));
  });
}

}  // namespace signalfoundry::app
