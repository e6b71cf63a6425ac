// SPDX-License-Identifier: Apache-2.0
//
// paths.hpp - Where a test finds the source tree and what was built. Absolute, without a slash at the end; any thread.
// Compiled into one file, so that a compiler cache serves two clones.
#pragma once
#include <string>

namespace support {

std::string source_dir();       // the root of the repository
std::string plugin_dir();       // the product's plugins
std::string test_plugin_dir();  // those of tests/plugins

}  // namespace support
