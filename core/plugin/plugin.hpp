// SPDX-License-Identifier: Apache-2.0
//
// plugin.hpp - one plugin that passed the gate: what it says of itself, and where its tables are.
#pragma once
#include <signalfoundry/abi/all.h>

#include <string>
#include <vector>

namespace signalfoundry::plugin {

// Copied out of the library; text is the plugin's and not yet made printable. Lives as long as the process: plugins
// are never unloaded (docs/adr/0001-c-abi.md).
struct Plugin {
  std::string id;
  std::string version;
  std::string summary;
  std::string license;
  std::string vendor;
  std::string config_schema;
  std::vector<std::string> kinds;  // "sf.triage/1"
  std::string path;                // absolute
  std::string sha256;              // of the file that was loaded
  unsigned abi_major = 0;
  unsigned abi_minor = 0;
  unsigned needs_minor = 0;
  const sf_source* source = nullptr;
  const sf_triage* triage = nullptr;
  const sf_stage* stage = nullptr;
  const sf_notify* notify = nullptr;
};

}  // namespace signalfoundry::plugin
