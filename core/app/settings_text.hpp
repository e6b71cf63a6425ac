// SPDX-License-Identifier: Apache-2.0
//
// settings_text.hpp - a plugin's settings as the TOML that a pipeline would hold, with defaults and comments.
// [any-thread]
#pragma once
#include <string>

#include "app/common.hpp"

namespace signalfoundry::app {

// `schema` is one that passed the gate (config/schema.hpp). `table` is the TOML table's name, "stage.settings".
// Settings that may be left out and have no default are commented out. The plugin's text is made printable.
std::string settings_text(const OrderedJson& schema, const std::string& table);

}  // namespace signalfoundry::app
