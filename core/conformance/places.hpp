// SPDX-License-Identifier: Apache-2.0
//
// places.hpp - {name} in settings and scripted bodies. [any-thread]
#pragma once
#include <map>
#include <string>

namespace signalfoundry::conformance {

// The text with each {name} of `places` replaced; other braces stay as they are.
std::string with_places(std::string text, const std::map<std::string, std::string>& places);

}  // namespace signalfoundry::conformance
