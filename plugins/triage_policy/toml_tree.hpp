// SPDX-License-Identifier: Apache-2.0
//
// toml_tree.hpp - a TOML text as a tree of nodes with places, in file order; toml++ stays behind it.
//
// Pure; values. [any-thread]
#pragma once
#include "policy_spec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace triage_policy {

struct Node;
struct Member;

struct Node {
  enum class Kind : std::uint8_t { table, array, string, integer, number, boolean, date, instant, local_time };
  Kind kind = Kind::table;
  Place place;
  std::string text;          // string
  std::int64_t integer = 0;  // integer; date and instant: Unix milliseconds
  bool boolean = false;
  std::vector<Member> members;  // table, in file order
  std::vector<Node> items;      // array

  const Node* find(std::string_view key) const;
};
struct Member {
  std::string key;
  Place place;
  Node value;
};
// "a string", "a list" …
const char* kind_word(Node::Kind kind);

struct TomlText {
  Node root;
  std::optional<Place> error_place;  // set: not TOML, and `error` says why
  std::string error;
};
TomlText parse_toml(std::string_view bytes);

}  // namespace triage_policy
