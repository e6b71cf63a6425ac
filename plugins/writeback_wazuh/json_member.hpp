// SPDX-License-Identifier: Apache-2.0
//
// json_member.hpp - looks into what a server gave. Nothing is copied: it may nest so deep that a copy, which calls
// itself, ends the process. [any-thread]
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace writeback_wazuh {

// The member of `object`, or null where that is null, no object, or has none of this name.
inline const nlohmann::json* member(const nlohmann::json* object, const char* name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto it = object->find(name);
  return it == object->end() ? nullptr : &*it;
}

// The text that `value` is, or null.
inline const std::string* text(const nlohmann::json* value) {
  return value != nullptr && value->is_string() ? &value->get_ref<const std::string&>() : nullptr;
}

}  // namespace writeback_wazuh
