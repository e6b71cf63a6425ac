// SPDX-License-Identifier: Apache-2.0
#include "permission.hpp"

#include <algorithm>

#include "settings.hpp"

namespace search {
namespace {

constexpr std::size_t kLookedAt = 64U << 10U;

bool of_action(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_:/*[],- ").find(c) != std::string_view::npos;
}

// What stands in brackets right behind `words`; "" where nothing does, or what is no list of actions.
std::string bracketed(std::string_view body, std::string_view words) {
  const auto at = body.find(words);
  if (at == std::string_view::npos) return {};
  auto rest = body.substr(at + words.size());
  const auto end = rest.find(']');
  if (end == std::string_view::npos || end == 0 || end > 300) return {};
  rest = rest.substr(0, end);
  return std::all_of(rest.begin(), rest.end(), of_action) ? printable(rest, 160) : std::string();
}

}  // namespace

std::string lacking(std::string_view body) {
  body = body.substr(0, kLookedAt);
  if (auto found = bracketed(body, "no permissions for ["); !found.empty()) return found;
  return bracketed(body, "action [");
}

}  // namespace search
