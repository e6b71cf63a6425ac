// SPDX-License-Identifier: Apache-2.0
//
// path_setting.hpp - a path as it stands in a configuration, made absolute and looked for. [any-thread]
#pragma once
#include <optional>
#include <string>

#include "config/problems.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"

namespace signalfoundry::config {

// `value` is a string. Nothing, and a problem, when it is empty, begins with "~" or, with `must_exist`, is not there.
std::optional<std::string> resolve_path(const Value& value, const std::string& name, bool must_exist,
                                        const CheckOptions& options, Problems& problems);

}  // namespace signalfoundry::config
