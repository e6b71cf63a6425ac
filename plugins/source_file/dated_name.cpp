// SPDX-License-Identifier: Apache-2.0
#include "dated_name.hpp"

#include <algorithm>
#include <array>

namespace source_file {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Of 1 to 9 digits and nothing else.
std::optional<int> number_of(std::string_view digits) {
  if (digits.empty() || digits.size() > 9) return std::nullopt;
  int out = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  return out;
}

}  // namespace

std::string_view dated_prefix(std::string_view live_name) {
  if (live_name == "alerts.json") return "ossec-alerts-";
  return live_name == "archives.json" ? "ossec-archive-" : "";
}

std::optional<int> year_of(std::string_view name) {
  return name.size() == 4 ? number_of(name) : std::nullopt;
}

std::optional<int> month_of(std::string_view name) {
  const auto* found = std::find(kMonths.begin(), kMonths.end(), name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<int>(found - kMonths.begin()) + 1;
}

std::string folder_of(int year, int month) {
  const std::string digits = std::to_string(year);
  return std::string(4 - std::min<std::size_t>(digits.size(), 4), '0') + digits + "/" +
         std::string(kMonths.at(static_cast<std::size_t>(month - 1)));
}

bool read_dated(std::string_view name, std::string_view prefix, DatedName& out) {
  constexpr std::string_view kEnd = ".json";
  if (prefix.empty() || !name.starts_with(prefix) || !name.ends_with(kEnd)) return false;
  if (name.size() < prefix.size() + kEnd.size() + 2) return false;
  const auto middle = name.substr(prefix.size(), name.size() - prefix.size() - kEnd.size());
  const auto day = number_of(middle.substr(0, 2));
  const auto part = middle.size() > 3 && middle[2] == '-' ? number_of(middle.substr(3)) : std::optional(0);
  if (!day || !part || (middle.size() > 2 && *part == 0)) return false;
  out.day = *day;
  out.part = *part;
  return true;
}

std::optional<DatedName> dated_of(std::string_view path, std::string_view prefix) {
  DatedName out;
  if (path.size() < 9 || path[4] != '/' || path[8] != '/') return std::nullopt;
  const auto year = year_of(path.substr(0, 4));
  const auto month = month_of(path.substr(5, 3));
  if (!year || !month || !read_dated(path.substr(9), prefix, out)) return std::nullopt;
  out.year = *year;
  out.month = *month;
  return out;
}

}  // namespace source_file
