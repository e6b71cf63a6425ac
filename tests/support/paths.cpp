// SPDX-License-Identifier: Apache-2.0
#include "support/paths.hpp"

namespace support {

std::string source_dir() {
  return SF_SOURCE_DIR;
}

std::string plugin_dir() {
  return SF_BUILD_DIR "/plugins";
}

std::string test_plugin_dir() {
  return SF_BUILD_DIR "/test-plugins";
}

}  // namespace support
