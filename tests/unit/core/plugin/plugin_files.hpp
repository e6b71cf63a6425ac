// SPDX-License-Identifier: Apache-2.0
//
// plugin_files.hpp - the plugins of tests/plugins, and what the loader says of them.
#pragma once
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "plugin/loader.hpp"
#include "support/paths.hpp"
#include "support/temp_dir.hpp"

inline std::string plugin_path(const std::string& id) {
  return support::test_plugin_dir() + "/" + id + ".sfplugin.so";
}

// A copy in a directory of the test's own; gives its path.
inline std::string install(const TempDir& dir, const std::string& id, const std::string& name = "") {
  const std::string target = dir / (name.empty() ? id + ".sfplugin.so" : name);
  std::filesystem::copy_file(plugin_path(id), target);
  ::chmod(target.c_str(), 0755);
  return target;
}

// What load() throws, without the path that every refusal starts with; "loaded" when it does not.
inline std::string refused(const std::string& path) {
  try {
    signalfoundry::plugin::load(path);
    return "loaded";
  } catch (const signalfoundry::Error& error) {
    const std::string text = error.what();
    if (error.code() != signalfoundry::Exit::config) return "another exit code: " + text;
    return text.starts_with(path + ": ") ? text.substr(path.size() + 2) : "without its path: " + text;
  }
}
