// SPDX-License-Identifier: Apache-2.0
//
// search_text.hpp - the SPL that is sent: the operator's part checked, ours behind it, and the form around both.
// [any-thread]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace source_splunk {

struct Settings;

// A stretch of index time, [from, to), in Unix milliseconds; whole seconds, as _indextime is.
struct Slice {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
};

// The operator's search without white space around it and without a leading "search". Throws sf::Error(SF_INVALID) with
// a sentence for what would lose alerts or break the SPL behind it: a pipe into anything but a filter, a time range of
// its own, quotes, backticks or brackets without their other half, control characters.
std::string checked_search(std::string_view text);

// The form of one export call, application/x-www-form-urlencoded.
std::string form_of(const Slice& slice, const Settings& settings);

}  // namespace source_splunk
