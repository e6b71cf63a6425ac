// SPDX-License-Identifier: Apache-2.0
//
// toml_guard.hpp - finds what toml++ 3.3 and 3.4 cannot be handed, before they see it. [any-thread]
//
// Their answer to these is an assertion, undefined behaviour in a build without assertions, or a stack overflow:
//   "[[[a]]]", "[=": the first byte of a table's name is taken for granted;
//   U+FB26 to U+FEFE where white space or the end of a value could be: a table of white space has a hole there;
//   keys of 100,000 parts: they bound how deep values nest, not how many parts a key has, and destroy recursively.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace signalfoundry::config {

struct TomlDefect {
  unsigned line = 0;
  unsigned column = 0;  // in code points
  std::string what;     // ends with what to do
};
std::optional<TomlDefect> find_toml_defect(std::string_view text);

}  // namespace signalfoundry::config
