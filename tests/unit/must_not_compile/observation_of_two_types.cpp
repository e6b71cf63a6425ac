// SPDX-License-Identifier: Apache-2.0
// expect: inconsistent deduction for auto return type|deduced as .* in earlier return statement
//
// Both outcomes lead to the same type, so that none is cast away.
#include <signalfoundry/observation.hpp>

#include <string>

std::string text_of(sf::Observation<std::string> seen);
std::string text_of(sf::Observation<std::string> seen) {
#ifdef SF_CONTROL
  return std::move(seen).match([](std::string text) { return text; }, [](sf::Gone) { return std::string(); });
#else
  return std::move(seen).match([](std::string text) { return text; }, [](sf::Gone) { return nullptr; });
#endif
}
