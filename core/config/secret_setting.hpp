// SPDX-License-Identifier: Apache-2.0
//
// secret_setting.hpp - a secret as it stands in a configuration: a reference, never the value. [any-thread]
#pragma once
#include <optional>
#include <string>

#include "config/problems.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"

namespace signalfoundry::config {

// Nothing, and a problem, unless it is { file = "..." } or { env = "..." }. The file must be there and closed to
// others; it is not read, nor is the variable looked up, since who validates need not be who runs. No message holds a
// value.
std::optional<SecretRef> check_secret(const Value& value, const std::string& name, const CheckOptions& options,
                                      Problems& problems);

}  // namespace signalfoundry::config
