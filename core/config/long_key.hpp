// SPDX-License-Identifier: Apache-2.0
//
// long_key.hpp - finds keys with so many parts ("a.a.a. ...") that toml++ would overflow the stack on them.
// [any-thread]
#pragma once
#include <optional>
#include <string_view>

namespace signalfoundry::config {

constexpr unsigned kMostKeyParts = 16;

struct TextPosition {
  unsigned line = 1;
  unsigned column = 1;  // in code points
};
// Where the first key has more parts than that. toml++ bounds how deep values nest, but not the parts of a key, makes a
// table for each and destroys them recursively.
std::optional<TextPosition> find_long_key(std::string_view toml);

}  // namespace signalfoundry::config
