// SPDX-License-Identifier: Apache-2.0
//
// text.hpp - hostile text made printable, and near misses found. [any-thread]
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace signalfoundry {

// For a terminal, a log line or an error: control characters, DEL, C1, bidirectional overrides and bytes that are not
// UTF-8 become \xNN or \u{NNNN}; longer than `limit` bytes is cut and marked "…".
std::string printable(std::string_view text, std::size_t limit = 200);
// The same for Markdown prose: also escapes the characters that would become markup, links or HTML.
std::string markdown(std::string_view text, std::size_t limit = 500);
bool valid_utf8(std::string_view text);
// The candidate nearest to `word` (Damerau-Levenshtein, at most a third of its length), or "".
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace signalfoundry
