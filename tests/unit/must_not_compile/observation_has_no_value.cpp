// SPDX-License-Identifier: Apache-2.0
// expect: no match for .operator\*.|indirection requires pointer operand
//
// There is no short way to the value that forgets the other outcome.
#include <signalfoundry/fs.hpp>

uint64_t size_of(const sf::fs::Dir& dir);
uint64_t size_of(const sf::fs::Dir& dir) {
  auto seen = dir.stat("name");
#ifdef SF_CONTROL
  return std::move(seen).match([](const sf::fs::Entry& e) { return e.size; }, [](sf::Gone) { return uint64_t{0}; });
#else
  return (*seen).size;
#endif
}
