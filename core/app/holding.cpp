// SPDX-License-Identifier: Apache-2.0
#include "app/holding.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>

#include "app/stage_host.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "pipeline/instance.hpp"
#include "plugin/loader.hpp"

namespace signalfoundry::app {

fs::Lock hold(const fs::Dir& root, const std::string& command) {
  const std::string owner =
      OrderedJson{{"pid", ::getpid()}, {"command", command}, {"since", rfc3339(now_ms())}}.dump() + "\n";
  auto lock = fs::Lock::try_take(root, "lock", owner);
  if (!lock)
    throw Error(
        Exit::locked,
        "a run holds the lock of " + printable(root.path(), 4096) +
            ", and what it has in work would look like mismatches. Try again when it is over; what the runs themselves "
            "find is in heartbeat.json.");
  return std::move(*lock);
}

void check_held(const fs::Lock& lock) {
  if (lock.in_place()) return;
  throw Error(
      Exit::locked,
      "the lock file was removed or replaced meanwhile, so a run may have begun. Nothing more is written. Leave "
      "the lock file alone, and try again.");
}

std::vector<books::Origin> origins_of(const config::PipelineConfig& config,
                                      const std::vector<std::string>& plugin_path) {
  StageHost host;
  std::vector<books::Origin> out;
  for (const auto& stage : config.stages) {
    const std::string file = plugin::find(stage.plugin, plugin_path);
    const auto& plugin = plugin::load(file);
    if (plugin.source == nullptr) continue;
    pipeline::Instance source(host.shared, stage, plugin);
    try {
      out.push_back({stage.name, Mapping::parse(source.mapping())});
    } catch (const std::invalid_argument& e) {
      throw Error(Exit::config, fmt::format("stage \"{}\": the plugin's mapping is wrong: {}", stage.name, e.what()));
    }
  }
  return out;
}

std::string categories_text(const char* title, const std::map<std::string, books::Category>& categories) {
  std::string out;
  for (const auto& [name, category] : categories) {
    out += fmt::format("{} {}: {}\n", title, name, category.count);
    for (const auto& example : category.examples) out += "  " + printable(example, 400) + "\n";
    if (category.count > category.examples.size())
      out += fmt::format("  and {} more\n", category.count - category.examples.size());
  }
  return out;
}

OrderedJson categories_json(const std::map<std::string, books::Category>& categories) {
  OrderedJson out = OrderedJson::object();
  for (const auto& [name, category] : categories)
    out[name] = {{"count", category.count}, {"examples", category.examples}};
  return out;
}

OrderedJson found_json(const books::Survey& survey) {
  OrderedJson cases = {{"benign", 0}, {"known_fp", 0}, {"review", 0}, {"escalated", 0}};
  for (const auto& found : survey.cases) {
    auto& count = cases[std::string(store::disposition_name(found.disposition))];
    count = count.get<std::uint64_t>() + 1;
  }
  return {{"cases", cases},
          {"packs", survey.packs.size()},
          {"quarantined", survey.quarantined.size()},
          {"waiting", survey.waiting.size()}};
}

std::string found_text(const books::Survey& survey) {
  const auto json = found_json(survey);
  std::string by;
  for (const auto& [name, count] : json["cases"].items())
    by += fmt::format("{}{} {}", by.empty() ? "" : ", ", count.get<std::uint64_t>(), name);
  return fmt::format("  cases       {} ({})\n  packs       {}\n  quarantine  {}\n  waiting     {}\n",
                     survey.cases.size(), by, survey.packs.size(), survey.quarantined.size(), survey.waiting.size());
}

}  // namespace signalfoundry::app
