// SPDX-License-Identifier: Apache-2.0
#include "config/value.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace signalfoundry::config {

const Value* Value::find(const std::string& key) const {
  for (const auto& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

Value& Value::put(const std::string& key, Value value) {
  const Place at = value.place;
  for (auto& member : members) {
    if (member.key != key) continue;
    member.place = at;
    member.value = std::move(value);
    return member.value;
  }
  return members.emplace_back(Member{key, at, std::move(value)}).value;
}

void Value::remove(const std::string& key) {
  members.erase(std::remove_if(members.begin(), members.end(), [&](const Member& member) { return member.key == key; }),
                members.end());
}

Value value_of(const nlohmann::json& json, const Place& at) {
  Value out;
  out.place = at;
  if (json.is_object()) {
    for (const auto& [key, member] : json.items()) out.members.push_back({key, at, value_of(member, at)});
  } else if (json.is_array()) {
    out.kind = Kind::array;
    for (const auto& item : json) out.items.push_back(value_of(item, at));
  } else if (json.is_string()) {
    out.kind = Kind::string;
    out.text = json.get<std::string>();
  } else if (json.is_boolean()) {
    out.kind = Kind::boolean;
    out.boolean = json.get<bool>();
  } else if (fits_int64(json)) {
    out.kind = Kind::integer;
    out.integer = json.get<std::int64_t>();
  } else if (json.is_number()) {
    out.kind = Kind::number;
    out.number = json.get<double>();
  } else {
    out.kind = Kind::date;  // null, which no type takes
  }
  return out;
}

bool fits_int64(const nlohmann::json& json) {
  if (json.is_number_unsigned()) return json.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
  return json.is_number_integer();
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::string:
      return "a string";
    case Kind::integer:
      return "an integer";
    case Kind::number:
      return "a number with a fraction";
    case Kind::boolean:
      return "true or false";
    case Kind::date:
      return "a date or time";
    case Kind::array:
      return "an array";
    case Kind::table:
      return "a table";
  }
  return "something else";
}

}  // namespace signalfoundry::config
