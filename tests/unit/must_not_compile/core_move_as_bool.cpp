// SPDX-License-Identifier: Apache-2.0
// expect: could not convert|not contextually convertible
//
// "Moved or not" has a third answer: the source is gone.
#include "fs/dir.hpp"

bool move(const signalfoundry::fs::Dir& from, const signalfoundry::fs::Dir& to);
bool move(const signalfoundry::fs::Dir& from, const signalfoundry::fs::Dir& to) {
#ifdef SF_CONTROL
  return from.move("name", to, "name")
      .match([](bool done) { return done; }, [](signalfoundry::fs::Gone) { return false; });
#else
  if (from.move("name", to, "name")) return true;
  return false;
#endif
}
