// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signalfoundry/abi/base.h>

#include "app/commands.hpp"
#include "app/fields.hpp"
#include "app/settings_text.hpp"
#include "base/text.hpp"
#include "plugin/library_file.hpp"
#include "plugin/loader.hpp"
#include "plugin/probe.hpp"

namespace signalfoundry::app {

namespace {

constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kLongestName = 64;

std::string version_of(unsigned major, unsigned minor) {
  return fmt::format("{}.{}", major, minor);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + printable(text);
  return out;
}

OrderedJson to_json(const plugin::Plugin& p) {
  return {{"id", p.id},
          {"version", p.version},
          {"summary", p.summary},
          {"license", p.license},
          {"vendor", p.vendor},
          {"kinds", p.kinds},
          {"abi", version_of(p.abi_major, p.abi_minor)},
          {"needs", version_of(p.abi_major, p.needs_minor)},
          {"path", p.path},
          {"sha256", p.sha256},
          {"refused", nullptr}};
}

OrderedJson refused_json(const plugin::Candidate& candidate, const std::string& why) {
  return {{"id", candidate.id}, {"path", candidate.path}, {"refused", why}};
}

// What a stage of the plugin may be called: what follows the id's last dot, of the characters that a name may have.
std::string stage_name(const std::string& id) {
  std::string out;
  for (char c : id.substr(id.rfind('.') + 1)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool letter = c >= 'a' && c <= 'z';
    if (out.empty() && !letter) continue;
    out += letter || (c >= '0' && c <= '9') || c == '_' ? c : '-';
  }
  return out.empty() ? "stage" : out.substr(0, kLongestName);
}

std::string inspect_text(const plugin::Plugin& p, const OrderedJson& schema) {
  const std::vector<std::pair<const char*, std::string>> rows = {
      {"id", printable(p.id)},
      {"version", printable(p.version)},
      {"summary", printable(p.summary, 500)},
      {"license", printable(p.license)},
      {"vendor", printable(p.vendor)},
      {"kinds", joined(p.kinds)},
      {"abi", fmt::format("built with {}, needs {}; this program has {}", version_of(p.abi_major, p.abi_minor),
                          version_of(p.abi_major, p.needs_minor), version_of(SF_ABI_MAJOR, SF_ABI_MINOR))},
      {"sha256", p.sha256},
      {"path", printable(p.path, kLongestPath)}};
  std::string out;
  for (const auto& [name, value] : rows)
    if (!value.empty()) out += fmt::format("{:<8}  {}\n", name, value);
  const bool none = !schema.contains("properties") || schema.at("properties").empty();
  out += fmt::format("\n[[stage]]\nname   = \"{}\"\nplugin = \"{}\"\n", stage_name(p.id), printable(p.id));
  return out + (none ? "# It has no settings.\n" : settings_text(schema, "stage.settings"));
}

}  // namespace

Exit plugin_list(const Options& options) {
  const auto path = plugin::search_path(options.plugin_dirs, {});
  std::vector<std::vector<std::string>> rows = {{"id", "version", "kinds", "abi", "path"}};
  std::string refused;
  for (const auto& candidate : plugin::find_all(path)) {
    const auto probe = plugin::probe(candidate.path);
    if (options.json) {
      print_line(one_line(probe.plugin ? to_json(*probe.plugin) : refused_json(candidate, probe.refusal)));
      continue;
    }
    if (!probe.plugin) {
      refused += "refused  " + printable(probe.refusal, kLongestPath + 1000) + "\n";
      continue;
    }
    const auto& p = *probe.plugin;
    rows.push_back({printable(p.id), printable(p.version), joined(p.kinds), version_of(p.abi_major, p.abi_minor),
                    printable(p.path, kLongestPath)});
  }
  if (options.json) return Exit::ok;
  if (rows.size() > 1) print(table(rows));
  print(refused);
  if (rows.size() > 1 || !refused.empty()) return Exit::ok;
  std::string folders;
  for (const auto& folder : path) folders += "\n  " + printable(folder, kLongestPath);
  complain("there are no plugins in" + folders);
  return Exit::ok;
}

Exit plugin_inspect(const Options& options, const std::string& what) {
  // A file name without a slash is meant as a file all the same.
  const bool file = what.find('/') == std::string::npos && what.ends_with(plugin::kSuffix);
  const auto path = plugin::find(file ? "./" + what : what, plugin::search_path(options.plugin_dirs, {}));
  const auto probe = plugin::probe(path);
  if (!probe.plugin) throw Error(Exit::config, probe.refusal);
  const auto schema = OrderedJson::parse(probe.plugin->config_schema, nullptr, false);
  if (!options.json) {
    print(inspect_text(*probe.plugin, schema));
    return Exit::ok;
  }
  OrderedJson out = to_json(*probe.plugin);
  out["settings"] = schema;
  print_line(one_line(out));
  return Exit::ok;
}

}  // namespace signalfoundry::app
