// SPDX-License-Identifier: Apache-2.0
//
// gate.hpp - what a plugin says of itself, checked before anything of it is called but get_interface(). Thread: main.
#pragma once
#include <cstddef>
#include <string>

#include "plugin/plugin.hpp"

namespace signalfoundry::plugin {

// Checks an entry whose symbol is `symbol_size` bytes large and copies what it says; `path` and `sha256` are left to
// the loader. Throws Error(config) with one sentence that starts with the path.
Plugin check_entry(const std::string& path, const sf_plugin_entry* entry, std::size_t symbol_size);

}  // namespace signalfoundry::plugin
