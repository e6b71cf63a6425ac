// SPDX-License-Identifier: Apache-2.0
//
// version.hpp - the version of program and SDK; the plugin ABI has its own (abi/base.h).
#pragma once

namespace signalfoundry {
inline constexpr const char* kVersion = "0.1.0";
}  // namespace signalfoundry
