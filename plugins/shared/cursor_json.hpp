// SPDX-License-Identifier: Apache-2.0
//
// cursor_json.hpp - a source's cursor as the ledger kept it: JSON with a version, which may be damaged, or of another
// plugin. Nothing of it is copied before it is checked: a copy is made by recursion. [any-thread]
#pragma once
#include <signalfoundry/error.hpp>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "safe_text.hpp"

namespace shared {

inline constexpr std::int64_t kFarthestMs = 1'000'000'000'000'000;  // 30,000 years from 1970: no clock ever gave more

// Unix milliseconds; nothing for what is no whole number, or no clock's.
inline std::optional<std::int64_t> time_of(const nlohmann::json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{kFarthestMs}) return std::nullopt;
  const auto ms = value.get<std::int64_t>();
  return ms < -kFarthestMs || ms > kFarthestMs ? std::nullopt : std::optional(ms);
}
// The same, of what must be there: throws a std::exception.
inline std::int64_t time_at(const nlohmann::json& object, const char* key) {
  const auto ms = time_of(object.at(key));
  if (!ms) throw std::out_of_range(key);
  return *ms;
}

// Nothing for ""; else what `read` makes of the JSON and its version, 1 to `newest`. `read` throws any std::exception
// for what its plugin never wrote. Throws sf::Error(SF_FATAL) for that, for more than `longest` bytes, for what is no
// cursor at all, and for a newer version.
template <class Read>
auto read_cursor(std::string_view text, const std::string& plugin, std::size_t longest, int newest, Read&& read)
    -> std::optional<decltype(read(nlohmann::json(), 1))> {
  if (text.empty()) return std::nullopt;
  try {
    if (text.size() > longest) throw std::out_of_range("cursor");
    const auto j = nlohmann::json::parse(text);
    const auto& version = j.at("v");
    if (!version.is_number_integer()) throw std::out_of_range("v");
    for (int v = 1; v <= newest; ++v)
      if (version == v) return read(j, v);
  } catch (const std::exception&) {
    throw sf::Error(SF_FATAL, "the cursor of this stage is not one of " + plugin + "'s: " + printable(text, 80) +
                                  "; give this stage a new name, or its old plugin back");
  }
  throw sf::Error(SF_FATAL, "the cursor of this stage was written by a newer " + plugin + "; run that version again");
}

}  // namespace shared
