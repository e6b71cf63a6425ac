// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/preflight.hpp"
#include "app/trial.hpp"
#include "base/text.hpp"

namespace signalfoundry::app {

namespace {

// Of to_json().
std::string text_of(const OrderedJson& problem) {
  return config::Problem{problem.value("file", ""), problem["line"].is_null() ? 0 : problem.value("line", 0U),
                         problem["column"].is_null() ? 0 : problem.value("column", 0U), problem.value("what", "")}
      .text();
}

}  // namespace

Exit validate(const Options& options, bool connect) {
  std::vector<std::string> plugin_path;
  const auto loaded = load_all(options, &plugin_path, true);
  auto problems = OrderedJson::array();
  for (const auto& problem : loaded.problems) problems.push_back(to_json(problem));
  std::string last_stage;
  // No server is asked for a pipeline that is wrong; its stages are looked at all the same, so that all is said at
  // once.
  const auto trial =
      try_stages(loaded.pipeline, plugin_path, connect && problems.empty(), [&](const OrderedJson& line) {
        if (line.contains("what")) return complain(text_of(line));
        if (const auto words = shown(line, last_stage); !options.json) print(words);
      });
  problems.insert(problems.end(), trial.problems.begin(), trial.problems.end());
  const auto exit = loaded.problems.empty() ? trial.exit : Exit::config;
  if (options.json) {
    OrderedJson out = {{"valid", exit == Exit::ok}, {"problems", problems}};
    if (connect) out["steps"] = trial.steps;
    print_line(out.dump());
  } else if (exit == Exit::ok) {
    print_line(fmt::format("{}: valid, {} stages", printable(options.pipeline), loaded.pipeline.stages.size()));
  }
  if (!problems.empty())
    complain(
        fmt::format("{}: {} problem{}", printable(options.pipeline), problems.size(), problems.size() == 1 ? "" : "s"));
  else if (exit != Exit::ok)
    complain(fmt::format("{}: a run would not get through; the steps that say FAILED tell why",
                         printable(options.pipeline)));
  return exit;
}

}  // namespace signalfoundry::app
