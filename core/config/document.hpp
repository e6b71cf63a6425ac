// SPDX-License-Identifier: Apache-2.0
//
// document.hpp - TOML text to values with places; the only file of the core that uses toml++. [any-thread]
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "config/problems.hpp"
#include "config/value.hpp"

namespace signalfoundry::config {

// The whole text as a table. Nothing, and one problem, when it is not TOML: toml++ stops at the first error.
std::optional<Value> parse_document(std::string_view text, const std::shared_ptr<const Origin>& origin,
                                    Problems& problems);
// What stands right of "=" in TOML, all of it one value. Nothing when it is not that.
std::optional<Value> parse_value(std::string_view text, const std::shared_ptr<const Origin>& origin);

}  // namespace signalfoundry::config
