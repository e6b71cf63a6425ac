// SPDX-License-Identifier: Apache-2.0
#include "retry.hpp"

#include <algorithm>
#include <array>

namespace search {
namespace {

constexpr std::uint32_t kFirstWaitMs = 500;
constexpr std::uint32_t kLongestWaitMs = 30'000;
constexpr std::int64_t kDayMs = 86'400'000;

// The number that the digits of `text` are, or nothing.
std::optional<std::int64_t> digits(std::string_view text) {
  if (text.empty() || text.size() > 9) return std::nullopt;
  std::int64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  return out;
}

std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const auto era = year / 400;
  const auto of_era = year - era * 400;
  const auto of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

std::int64_t month_number(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return std::find(kNames.begin(), kNames.end(), name) - kNames.begin() + 1;
}

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' ||
      text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  const auto day = digits(text.substr(5, 2));
  const auto month = month_number(text.substr(8, 3));
  const auto year = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2));
  const auto minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  if (!day || month > 12 || !year || !hour || !minute || !second) return std::nullopt;
  if (*day < 1 || *day > 31 || *year < 1970 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return ((days_from_civil(*year, month, *day) * 24 + *hour) * 60 + *minute) * 60'000 + *second * 1000;
}

std::optional<std::uint32_t> parse_retry_after(std::string_view text, std::int64_t now_ms) {
  if (const auto seconds = digits(text)) return static_cast<std::uint32_t>(std::min(*seconds * 1000, kDayMs));
  if (const auto date = parse_http_date(text))
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(*date - now_ms, 0, kDayMs));
  return std::nullopt;
}

std::optional<std::uint32_t> Backoff::next(std::int64_t now_ms, std::optional<std::uint32_t> retry_after_ms) {
  const auto longest = std::min(kLongestWaitMs, kFirstWaitMs << std::min(tries_, 16U));
  ++tries_;
  const auto jittered = longest / 2 + static_cast<std::uint32_t>(random_() % (longest / 2 + 1));
  const auto wait = std::max(jittered, retry_after_ms.value_or(0));
  if (now_ms - began_ms_ + wait > budget_ms_) return std::nullopt;
  return wait;
}

}  // namespace search
