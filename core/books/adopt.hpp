// SPDX-License-Identifier: Apache-2.0
//
// adopt.hpp - what a survey found, written into the books: the writing half of `ledger rebuild` and of that repair.
//
// Thread: a command that holds the lock.
#pragma once
#include <string>

#include "books/survey.hpp"

namespace signalfoundry::books {

// Appends, in one transaction, one entry of kind `rebuild` with `about` (JSON members), and the `accepted`, `verdict`,
// `pack` and `quarantined` entries of what was found, all marked `"rebuilt":true`. A verdict keeps the number that its
// case and its pack name wherever that is still free: numbers before it whose entries are lost become entries of kind
// `lost`. Those that cannot keep theirs are added to the survey's findings as `verdict_renumbered`.
// Throws Error; the books are then as they were.
void adopt(const queue::StateDir& dirs, store::Store& store, Survey& survey, const std::string& run_id,
           const std::string& about);

}  // namespace signalfoundry::books
