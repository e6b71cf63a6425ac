// SPDX-License-Identifier: Apache-2.0
// expect: as .this. argument|expects an rvalue for object argument
//
// match() takes the value away, so it is asked for with std::move: a second look at what was moved from is seen.
#include <signalfoundry/observation.hpp>

int value_of(sf::Observation<int> seen);
int value_of(sf::Observation<int> seen) {
#ifdef SF_CONTROL
  return std::move(seen).match([](int value) { return value; }, [](sf::Gone) { return 0; });
#else
  return seen.match([](int value) { return value; }, [](sf::Gone) { return 0; });
#endif
}
