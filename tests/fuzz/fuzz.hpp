// SPDX-License-Identifier: Apache-2.0
//
// fuzz.hpp - what the targets share: a promise that has to hold, and an input cut into its parts.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace fuzz {

// A promise of the code under test. A broken one ends the process, and the stack names its line.
inline void hold(bool promise) {
  if (!promise) std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// What stands before the first `mark`, and what stands after it ("" without a mark).
inline std::pair<std::string_view, std::string_view> cut(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + mark.size())};
}

// A message for a person: there, bounded, and nothing in it that a terminal would obey.
inline bool sentence(std::string_view text, std::size_t limit = 8192) {
  return !text.empty() && text.size() <= limit && signalfoundry::printable(text, limit) == text;
}

}  // namespace fuzz
