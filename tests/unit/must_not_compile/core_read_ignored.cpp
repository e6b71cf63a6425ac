// SPDX-License-Identifier: Apache-2.0
// expect: nodiscard
//
// Inside the core, too: what became of a file that was to be read cannot be left unasked.
#include "fs/dir.hpp"

void look(const signalfoundry::fs::Dir& dir);
void look(const signalfoundry::fs::Dir& dir) {
#ifdef SF_CONTROL
  dir.read("name", 10).match([](signalfoundry::fs::Content&&) {}, [](signalfoundry::fs::Gone) {});
#else
  dir.read("name", 10);
#endif
}
