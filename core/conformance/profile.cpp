// SPDX-License-Identifier: Apache-2.0
#include "conformance/profile.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/document.hpp"
#include "config/settings.hpp"
#include "conformance/places.hpp"

namespace signalfoundry::conformance {

namespace {

constexpr std::array<std::pair<const char*, Protocol>, 6> kProtocols = {{{"opensearch", Protocol::opensearch},
                                                                         {"elasticsearch", Protocol::elasticsearch},
                                                                         {"files", Protocol::files},
                                                                         {"directory", Protocol::directory},
                                                                         {"script", Protocol::script},
                                                                         {"none", Protocol::none}}};

// Small pages, so that a few alerts are several; a deadline that a hung server does not stretch.
constexpr const char* kSearch = R"([settings]
url = "{url}"
ca_file = "{ca_file}"
user = "reader"
password = { file = "{password_file}" }
page_size = 10
page_bytes = 4194304
timeout = "1s"
retry_for = "3s"
)";
constexpr const char* kChanged = "[changed]\nindex = \"other-alerts-*\"\n";

Profile search(const char* name, const char* more, Protocol protocol) {
  return {name, "the kit's own profile", fmt::format("{}{}{}", kSearch, more, kChanged), protocol, ""};
}

[[noreturn]] void refuse(config::Problems& problems) {
  std::vector<std::string> lines;
  for (const auto& one : problems.take()) lines.push_back(one.text());
  throw Errors(Exit::config, std::move(lines));
}

// The profile's text as a table; problems are those of TOML.
config::Value table_of(const Profile& profile, const std::string& text, config::Problems& problems) {
  const auto slash = profile.origin.rfind('/');
  const auto origin = std::make_shared<config::Origin>();
  origin->name = profile.origin;
  origin->directory = slash == std::string::npos ? "/" : profile.origin.substr(0, slash);
  const auto root = config::parse_document(text, origin, problems);
  if (!root) refuse(problems);
  for (const auto& member : root->members)
    if (member.key != "settings" && member.key != "changed")
      config::add_unknown_key(member.key, member.place, {"settings", "changed"}, "a profile of settings", problems);
  if (problems.count() != 0) refuse(problems);
  return *root;
}

}  // namespace

std::optional<Protocol> protocol_of(const std::string& name) {
  for (const auto& [word, protocol] : kProtocols)
    if (name == word) return protocol;
  return std::nullopt;
}

const char* protocol_name(Protocol protocol) {
  for (const auto& [word, value] : kProtocols)
    if (value == protocol) return word;
  return "none";
}

std::vector<Profile> profiles_of(const std::string& id) {
  const auto own = [](const char* name, const char* settings, Protocol protocol) {
    return Profile{name, "the kit's own profile", settings, protocol, ""};
  };
  if (id == "source_wazuh")
    return {search("wazuh-4", "", Protocol::opensearch),
            search("wazuh-5", "schema = \"wazuh-5\"\n", Protocol::opensearch)};
  if (id == "source_elastic") return {search("", "", Protocol::elasticsearch)};
  if (id == "source_file")
    return {own("jsonl", "[settings]\npath = \"{file}\"\nfollow = true\n", Protocol::files),
            own("dir", "[settings]\npath = \"{dir}\"\nformat = \"dir\"\nfollow = true\n", Protocol::directory)};
  if (id == "source_splunk")
    return {own("",
                "[settings]\nurl = \"https://127.0.0.1:9\"\nsearch = \"index=wazuh\"\nretry_for = \"1s\"\n"
                "timeout = \"1s\"\ntoken = { file = \"{password_file}\" }\n",
                Protocol::none)};
  if (id == "source_kafka")
    return {own("",
                "[settings]\nbrokers = [\"127.0.0.1:9\"]\ntopics = [\"wazuh-alerts\"]\nretry_for = \"1s\"\n"
                "timeout = \"1s\"\ntls = false\n",
                Protocol::none)};
  return {};
}

bool has_setting(const plugin::Plugin& plugin, const std::string& key) {
  const auto schema = nlohmann::json::parse(plugin.config_schema, nullptr, false);
  return schema.is_object() && config::find_schema(schema, key) != nullptr;
}

config::StageConfig stage_of(const Profile& profile, const plugin::Plugin& plugin,
                             const std::map<std::string, std::string>& places,
                             const std::map<std::string, std::string>& overrides, bool check_files) {
  config::Problems problems;
  const auto root = table_of(profile, with_places(profile.settings, places), problems);
  config::Value settings = root.find("settings") != nullptr ? *root.find("settings") : config::Value{};
  const auto schema = nlohmann::json::parse(plugin.config_schema);
  for (const auto& [key, toml] : overrides)
    if (config::find_schema(schema, key) != nullptr)
      if (auto value = config::parse_value(toml, root.place.origin)) settings.put(key, std::move(*value));
  auto checked =
      config::check_settings(settings, schema, {"[settings] of " + printable(profile.origin), check_files}, problems);
  if (problems.count() != 0) refuse(problems);
  config::StageConfig out;
  out.name = "poll";
  out.plugin = plugin.path;
  out.settings = std::move(checked.values);
  out.secrets = std::move(checked.secrets);
  out.paths = std::move(checked.paths);
  return out;
}

std::map<std::string, std::string> changed_of(const Profile& profile) {
  config::Problems problems;
  const auto root = table_of(profile, profile.settings, problems);
  std::map<std::string, std::string> out;
  const auto* changed = root.find("changed");
  if (changed == nullptr) return out;
  for (const auto& member : changed->members) {
    const auto& value = member.value;
    if (value.kind == config::Kind::string) out[member.key] = nlohmann::json(value.text).dump();
    if (value.kind == config::Kind::integer) out[member.key] = std::to_string(value.integer);
    if (value.kind == config::Kind::boolean) out[member.key] = value.boolean ? "true" : "false";
  }
  return out;
}

}  // namespace signalfoundry::conformance
