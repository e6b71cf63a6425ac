// SPDX-License-Identifier: Apache-2.0
//
// value.hpp - a TOML value with the place it stands at, so that nothing after the parser needs toml++. [any-thread]
#pragma once
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace signalfoundry::config {

// Where values come from: a file, or one --set.
struct Origin {
  std::string name;       // as the user named it: "pipelines/soc.toml", "--set poll.cap"
  std::string directory;  // absolute; relative paths start there
  bool file = true;       // false: there are no lines to point at
};

struct Place {
  std::shared_ptr<const Origin> origin;
  unsigned line = 0;  // from 1; 0: the origin as a whole
  unsigned column = 0;
};

enum class Kind : std::uint8_t { string, integer, number, boolean, date, array, table };

struct Member;

struct Value {
  Kind kind = Kind::table;
  std::string text;  // string
  std::int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::vector<Value> items;     // array
  std::vector<Member> members;  // table, in file order
  Place place;

  const Value* find(const std::string& key) const;
  // Replaces or appends a member.
  Value& put(const std::string& key, Value value);
  void remove(const std::string& key);
};

struct Member {
  std::string key;
  Place place;
  Value value;
};

// JSON as a value: everything in it has the place `at`.
Value value_of(const nlohmann::json& json, const Place& at);
bool fits_int64(const nlohmann::json& json);
// "a string", "an integer", ... for messages.
const char* kind_name(Kind kind);

}  // namespace signalfoundry::config
