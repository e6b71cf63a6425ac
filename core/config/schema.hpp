// SPDX-License-Identifier: Apache-2.0
//
// schema.hpp - the JSON Schema subset that settings are declared in (docs/formats/settings-schema.md).
//
// Keywords: type (string, integer, number, boolean, object, array), properties, required, additionalProperties (false
// only), enum, minimum, maximum, minLength, maxLength, items, minItems, default, description, and on strings
// "x-sf-path" (relative to the TOML file; made absolute; with "x-sf-must-exist" it is checked), "x-sf-secret"
// ({ file = … } or { env = … }; at the top level only), "x-sf-duration" ("30s"; handed over as integer milliseconds, in
// which its minimum and maximum are given too). Anything else is refused when the plugin is loaded. Thread: any.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace signalfoundry::config {

// The first thing wrong with a schema: "<JSON pointer>: what. See docs/formats/settings-schema.md."; "" when it is
// within the subset and its defaults satisfy it. {} is a plugin without settings.
std::string check_schema(const nlohmann::json& schema);

}  // namespace signalfoundry::config
