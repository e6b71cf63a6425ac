// SPDX-License-Identifier: Apache-2.0
// expect: nodiscard
//
// Looking at a file and not looking at what came of it is a mistake.
#include <signalfoundry/fs.hpp>

void look(const sf::fs::Dir& dir);
void look(const sf::fs::Dir& dir) {
#ifdef SF_CONTROL
  dir.stat("name").match([](const sf::fs::Entry&) { return 0; }, [](sf::Gone) { return 0; });
#else
  dir.stat("name");
#endif
}
