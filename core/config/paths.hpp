// SPDX-License-Identifier: Apache-2.0
//
// paths.hpp - relative paths made absolute, by their text alone. [any-thread]
#pragma once
#include <string>

namespace signalfoundry::config {

// Throws Error(config) when the working directory is gone.
std::string current_directory();
// `path`, or `base` + "/" + `path` where it is relative; ".", ".." and "//" resolved without looking at the disk.
std::string absolute_path(const std::string& base, const std::string& path);
// The directory of an absolute path.
std::string parent_of(const std::string& path);

}  // namespace signalfoundry::config
