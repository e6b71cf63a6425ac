// SPDX-License-Identifier: Apache-2.0
//
// profile.hpp - with which settings, and against what, a source is checked. [any-thread]
#pragma once
#include <map>
#include <string>
#include <vector>

#include "config/pipeline_config.hpp"
#include "conformance/world.hpp"
#include "plugin/plugin.hpp"

namespace signalfoundry::conformance {

struct Profile {
  std::string name;      // "wazuh-5"; "" where a plugin has only one
  std::string origin;    // the file of its settings, or "the kit's own profile"
  std::string settings;  // TOML with a [settings] table, and [changed] with what makes another filter of it
  Protocol protocol = Protocol::none;
  std::string script;  // the folder of the script, absolute
};

// Those that the kit has for a plugin's id; none for others.
std::vector<Profile> profiles_of(const std::string& id);

// The stage that a check runs: the profile's settings with {url} and the like replaced by `places`, and `overrides`
// (key to TOML) put over those that the plugin's schema knows. Throws Error(config) with every problem, one a line.
config::StageConfig stage_of(const Profile& profile, const plugin::Plugin& plugin,
                             const std::map<std::string, std::string>& places,
                             const std::map<std::string, std::string>& overrides, bool check_files);
// Does the plugin's schema have this setting?
bool has_setting(const plugin::Plugin& plugin, const std::string& key);
// The members of [changed], as overrides.
std::map<std::string, std::string> changed_of(const Profile& profile);

}  // namespace signalfoundry::conformance
