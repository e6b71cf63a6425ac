// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/commands.hpp"
#include "app/fields.hpp"
#include "base/text.hpp"
#include "conformance/runner.hpp"
#include "fs/read_path.hpp"
#include "plugin/library_file.hpp"
#include "plugin/loader.hpp"
#include "plugin/probe.hpp"

namespace signalfoundry::app {

namespace {

using conformance::Outcome;
using conformance::Profile;
using conformance::Protocol;
using conformance::Status;

constexpr std::uint64_t kLargestSettings = std::uint64_t{1} << 20U;

std::string absolute_path(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  return here() + "/" + path;
}

Protocol protocol_for(const CheckArguments& arguments) {
  if (arguments.protocol.empty()) return arguments.script.empty() ? Protocol::none : Protocol::script;
  const auto protocol = conformance::protocol_of(arguments.protocol);
  if (!protocol)
    throw Error(Exit::usage, fmt::format("--protocol is opensearch, elasticsearch, files, directory, script or none, "
                                         "not \"{}\".",
                                         printable(arguments.protocol)));
  return *protocol;
}

// The kit's own profiles, or the one that is given.
std::vector<Profile> profiles_for(const plugin::Plugin& plugin, const CheckArguments& arguments) {
  auto own = conformance::profiles_of(plugin.id);
  if (arguments.settings.empty()) {
    if (!arguments.protocol.empty() || !arguments.script.empty())
      throw Error(Exit::usage, "--protocol and --script go with --settings FILE.toml.");
    if (own.empty())
      throw Error(Exit::usage,
                  fmt::format("the kit has no settings for {}. Give --settings FILE.toml and --protocol, or --script "
                              "DIR (docs/reference/conformance.md).",
                              printable(plugin.id)));
    return own;
  }
  const auto protocol = protocol_for(arguments);
  if ((protocol == Protocol::script) == arguments.script.empty())
    throw Error(Exit::usage, "--script DIR goes with --protocol script, and that with a script.");
  const auto file = absolute_path(arguments.settings);
  return {{"", file, fs::read_path(file, kLargestSettings), protocol, absolute_path(arguments.script)}};
}

std::string label(const Outcome& outcome) {
  return outcome.profile.empty() ? outcome.check : outcome.check + " (" + outcome.profile + ")";
}

void tell(const Outcome& outcome, const plugin::Plugin& plugin, bool json) {
  if (!json) {
    print_line(fmt::format("{:<8} {}{}", status_name(outcome.status), label(outcome),
                           outcome.why.empty() ? "" : ": " + outcome.why));
    return;
  }
  OrderedJson out = {{"plugin", plugin.id},
                     {"check", outcome.check},
                     {"profile", outcome.profile},
                     {"status", status_name(outcome.status)},
                     {"why", outcome.why}};
  print_line(one_line(out));
}

}  // namespace

Exit plugin_check(const Options& options, const std::string& what, const CheckArguments& arguments) {
  const bool file = what.find('/') == std::string::npos && what.ends_with(plugin::kSuffix);
  const auto path = plugin::find(file ? "./" + what : what, plugin::search_path(options.plugin_dirs, {}));
  const auto probe = plugin::probe(path);
  if (!probe.plugin) throw Error(Exit::config, probe.refusal);
  const auto& plugin = *probe.plugin;
  if (std::find(plugin.kinds.begin(), plugin.kinds.end(), SF_SOURCE) == plugin.kinds.end())
    throw Error(Exit::config, fmt::format("{} is no source ({}), and the kit has checks for sources only.",
                                          printable(path, 4096), SF_SOURCE));
  std::map<Status, std::size_t> counts;
  conformance::RunnerOptions how;
  how.only = arguments.only;
  run_checks(path, plugin, profiles_for(plugin, arguments), how, [&](const Outcome& outcome) {
    ++counts[outcome.status];
    tell(outcome, plugin, options.json);
  });
  const auto bad = counts[Status::failed] + counts[Status::crashed];
  if (!options.json)
    print_line(fmt::format("{}: {} passed, {} failed, {} crashed, {} warnings, {} skipped", printable(plugin.id),
                           counts[Status::passed], counts[Status::failed], counts[Status::crashed],
                           counts[Status::warning], counts[Status::skipped]));
  return bad == 0 ? Exit::ok : Exit::mismatch;
}

}  // namespace signalfoundry::app
