// SPDX-License-Identifier: Apache-2.0
// expect: deleted
//
// A tree under construction has one owner: two would publish it twice.
#include <signalfoundry/fs.hpp>

void publish(sf::fs::Tree tree);
void publish(sf::fs::Tree tree) {
#ifdef SF_CONTROL
  sf::fs::Tree other = std::move(tree);
#else
  sf::fs::Tree other = tree;
#endif
  other.publish();
}
