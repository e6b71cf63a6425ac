// SPDX-License-Identifier: Apache-2.0
// expect: no matching (member )?function for call to .*match
//
// Leaving out the vanished case does not compile.
#include "fs/dir.hpp"

std::uint64_t size_of(const signalfoundry::fs::Dir& dir);
std::uint64_t size_of(const signalfoundry::fs::Dir& dir) {
  using signalfoundry::fs::Gone;
  using signalfoundry::fs::Info;
#ifdef SF_CONTROL
  return dir.stat("name").match([](const Info& i) { return i.size; }, [](Gone) { return std::uint64_t{0}; });
#else
  return dir.stat("name").match([](const Info& i) { return i.size; });
#endif
}
