// SPDX-License-Identifier: Apache-2.0
// expect: nodiscard
//
// A file that somebody else took before it was claimed is no file of ours: the claim's outcome must be looked at.
#include "queue/queue.hpp"

void take(const signalfoundry::queue::Queue& queue);
void take(const signalfoundry::queue::Queue& queue) {
#ifdef SF_CONTROL
  queue.claim("name").match([](bool) {}, [](signalfoundry::fs::Gone) {});
#else
  queue.claim("name");
#endif
}
