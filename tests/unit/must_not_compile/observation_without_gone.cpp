// SPDX-License-Identifier: Apache-2.0
// expect: no matching (member )?function for call to .*match
//
// A file that vanished is an outcome like any other: leaving it out does not compile.
#include <signalfoundry/observation.hpp>

#include <string>

std::size_t size_of(sf::Observation<std::string> seen);
std::size_t size_of(sf::Observation<std::string> seen) {
#ifdef SF_CONTROL
  return std::move(seen).match([](std::string text) { return text.size(); }, [](sf::Gone) { return std::size_t{0}; });
#else
  return std::move(seen).match([](std::string text) { return text.size(); });
#endif
}
