// SPDX-License-Identifier: Apache-2.0
//
// loader.hpp - finds plugins and lets them through the gate, or says in a sentence why not.
//
// Loading runs the library's constructors: plugin list and inspect therefore ask a child process (probe.hpp).
// Thread: the main thread only.
#pragma once
#include <string>
#include <vector>

#include "plugin/plugin.hpp"

namespace signalfoundry::plugin {

// Where plugins are looked for, in order: `given` (--plugin-dir), `configured` ([plugins] paths),
// $SIGNALFOUNDRY_PLUGIN_PATH (colon separated), ../plugins and ../lib*/signalfoundry/plugins beside the program.
// Absolute, each once. The working directory only where someone names it; "" and "." in the variable are left out.
std::vector<std::string> search_path(const std::vector<std::string>& given, const std::vector<std::string>& configured);

struct Candidate {
  std::string id;  // the file name without ".sfplugin.so"
  std::string path;
};
// Every *.sfplugin.so on the path, sorted by id; of two with one id the first directory's. A directory that is not
// there is skipped. Left out and logged: what is no regular file, directories and files that others may write, or that
// belong to neither root, nor this user, nor the owner of this program.
std::vector<Candidate> find_all(const std::vector<std::string>& path);
// The absolute path of a plugin, by id (or as a path when it has a slash). Throws Error(config): names the id, every
// directory searched, and the nearest id that is there; or why the file with that id was left out.
std::string find(const std::string& id, const std::vector<std::string>& path);

// Loads with RTLD_NOW|RTLD_LOCAL|RTLD_NODELETE and checks, in this order: a regular file that only its owner may
// change; ELF of this machine, whole; loadable (undefined symbols and missing libraries named); the entry symbol, and
// that it is this file's own; magic; ABI major; needs_minor; struct_size; descriptor (texts UTF-8, id = file name,
// semantic version); the services that it needs; a schema within the subset; interface tables with all required slots.
// Throws Error(config) with one sentence per refusal. The same path again gives the same plugin.
const Plugin& load(const std::string& path);

}  // namespace signalfoundry::plugin
