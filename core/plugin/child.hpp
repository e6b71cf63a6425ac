// SPDX-License-Identifier: Apache-2.0
//
// child.hpp - a process of its own for foreign code, so that one that crashes or hangs takes nobody with it.
#pragma once
#include <sys/types.h>

#include <string>

namespace signalfoundry::plugin {

// In the child, first of all: a process group of its own, no input and output, no handlers of ours, no core file, and
// gone when the parent is. Thread: the child's only one.
void prepare_child();

// Ends the child with whatever it started, and gives its wait status: its own where it had ended by itself.
// Thread: the one that forked.
int reap(pid_t child);

// "crashed with SIGSEGV" or "ended the process with exit code 3", of a wait status. [any-thread]
std::string ending(int status);

}  // namespace signalfoundry::plugin
