// SPDX-License-Identifier: Apache-2.0
//
// behind.hpp - a ledger that is older than what its last run said of it.
//
// A heartbeat names the ledger's head after the commit, so a ledger that does not have that entry was put in its place.
// A run on it would give the numbers of entries out again, and decide anew what has its verdict. Thread: one at a time.
#pragma once
#include <string>

#include "alert/json.hpp"
#include "queue/state_dir.hpp"
#include "store/store.hpp"

namespace signalfoundry::books {

// heartbeat.json; null when there is none that can be read. Throws Error.
Json last_heartbeat(const queue::StateDir& dirs);
// The head that it names; of no entries when it names none.
store::Head head_of(const Json& heartbeat);

// What is wrong and what to do, when `last` is not in the ledger and nobody has accepted that; else "". Throws Error.
std::string behind(const store::Head& last, store::Store& store);

// What is on disk was brought in: the head that heartbeat.json names is not asked for again. In a transaction of its
// own. Throws Error.
void accept_behind(const queue::StateDir& dirs, store::Store& store);

}  // namespace signalfoundry::books
