// SPDX-License-Identifier: Apache-2.0
// expect: nodiscard
//
// A sink that is full did not take the alert: a source that does not look loses it.
#include <signalfoundry/source.hpp>

bool offer(const sf::Emitter& out);
bool offer(const sf::Emitter& out) {
#ifdef SF_CONTROL
  return out.push("{}", "", "1");
#else
  out.push("{}", "", "1");
  return true;
#endif
}
