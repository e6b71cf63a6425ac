// SPDX-License-Identifier: Apache-2.0
//
// dated.hpp - the names in every YYYY/MM/DD below a folder. [any-thread]
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "fs/dir.hpp"

namespace signalfoundry::books {

// Calls visit("2026/11/24", name) for each; three levels of directories, whatever their names are.
void each_dated(const fs::Dir& root, const std::function<void(const std::string& date, std::string_view name)>& visit);

}  // namespace signalfoundry::books
