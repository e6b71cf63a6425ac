// SPDX-License-Identifier: Apache-2.0
#include "conformance/places.hpp"

namespace signalfoundry::conformance {

std::string with_places(std::string text, const std::map<std::string, std::string>& places) {
  for (const auto& [name, value] : places) {
    const std::string what = "{" + name + "}";
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + value.size()))
      text.replace(at, what.size(), value);
  }
  return text;
}

}  // namespace signalfoundry::conformance
