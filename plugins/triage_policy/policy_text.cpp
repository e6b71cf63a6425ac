// SPDX-License-Identifier: Apache-2.0
#include "policy_text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "../shared/safe_text.hpp"

namespace triage_policy {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// memmem is linear for every input; std::string_view::find is not.
std::size_t find(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  const void* hit = memmem(text.data(), text.size(), part.data(), part.size());
  if (hit == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

// Exactly `count` digits at `text`'s head, taken off it; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(count), is_digit))
    return -1;
  int value = 0;
  std::from_chars(text.data(), text.data() + count, value);
  text.remove_prefix(count);
  return value;
}
bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const int year = take_digits(text, 4);
  if (year < 0 || !take(text, "-")) return std::nullopt;
  const int month = take_digits(text, 2);
  if (month < 0 || !take(text, "-")) return std::nullopt;
  const int day = take_digits(text, 2);
  return day_number(year, month, day);
}

std::optional<std::int64_t> take_time_ms(std::string_view& text) {
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ":")) return std::nullopt;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59 || !take(text, ":")) return std::nullopt;
  const int second = take_digits(text, 2);
  if (second < 0 || second > 60) return std::nullopt;
  std::int64_t ms = 1000 * (3600 * hour + 60 * minute + second);
  if (take(text, ".")) {
    std::int64_t unit = 100;
    std::size_t digits = 0;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits, unit /= 10)
      ms += unit * (text.front() - '0');
    if (digits == 0 || digits > 9) return std::nullopt;
  }
  return ms;
}

std::optional<std::int64_t> take_offset_ms(std::string_view& text) {
  if (take(text, "Zz")) return 0;
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ":")) return std::nullopt;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  const std::int64_t ms = 60'000 * (60 * hour + minute);
  return west ? -ms : ms;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::vector<std::size_t> next(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[b.size()];
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

void fold_into(std::string_view text, std::string& out) {
  out.reserve(out.size() + text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\\' || i == 0 || text[i - 1] != '\\') out += lower(text[i]);
}

std::string fold(std::string_view text) {
  std::string out;
  fold_into(text, out);
  return out;
}

void group_into(std::string_view text, std::string& out) {
  out.clear();
  fold_into(trim(text), out);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '-' || c == ' '; }, '_');
}

void host_into(std::string_view text, std::string& out) {
  text = trim(text);
  const bool address = text.find(':') != std::string_view::npos ||
                       std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
  if (!address) text = text.substr(0, text.find('.'));
  out.clear();
  fold_into(text, out);
}

bool contains(std::string_view text, std::string_view part) {
  return find(text, part) != std::string_view::npos;
}

Pattern::Pattern(std::string_view folded) {
  for (std::size_t star = folded.find('*'); star != std::string_view::npos; star = folded.find('*')) {
    pieces_.emplace_back(folded.substr(0, star));
    folded.remove_prefix(star + 1);
  }
  pieces_.emplace_back(folded);
}

bool Pattern::matches(std::string_view folded) const {
  if (pieces_.size() == 1) return folded == pieces_.front();
  if (!folded.starts_with(pieces_.front())) return false;
  folded.remove_prefix(pieces_.front().size());
  if (!folded.ends_with(pieces_.back())) return false;
  folded.remove_suffix(pieces_.back().size());
  for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
    const std::size_t at = find(folded, pieces_[i]);
    if (at == std::string_view::npos) return false;
    folded.remove_prefix(at + pieces_[i].size());
  }
  return true;
}

std::optional<Network::Bytes> Network::address_bytes(std::string_view text, bool& v4) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  Bytes out{};
  v4 = inet_pton(AF_INET, buffer, out.data() + 12) == 1;
  if (v4) {
    out[10] = out[11] = 0xff;
    return out;
  }
  if (inet_pton(AF_INET6, buffer, out.data()) != 1) return std::nullopt;
  return out;
}

std::optional<Network> Network::parse(std::string_view text, std::string& why) {
  const std::size_t slash = text.find('/');
  Network out;
  bool v4 = false;
  const auto bytes = address_bytes(text.substr(0, slash), v4);
  if (!bytes) {
    why = in_quotes(text) + " is no address or network. Write one like 10.0.0.0/8 or 2001:db8::/32";
    return std::nullopt;
  }
  out.bytes_ = *bytes;
  const unsigned width = v4 ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const std::string_view tail = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), bits);
    if (error != std::errc() || end != tail.data() + tail.size() || bits == 0 || bits > width) {
      why = in_quotes(text) + " has no usable prefix length. Write a number from 1 to " + std::to_string(width);
      return std::nullopt;
    }
  }
  out.bits_ = bits + (128 - width);
  for (unsigned bit = out.bits_; bit < 128; ++bit) {
    if ((out.bytes_[bit / 8] & (0x80U >> (bit % 8))) == 0) continue;
    why = in_quotes(text) + " has bits set behind its prefix. Write the network's first address";
    return std::nullopt;
  }
  return out;
}

bool Network::holds(std::string_view address) const {
  bool v4 = false;
  const auto bytes = address_bytes(address, v4);
  if (!bytes) return false;
  const std::size_t whole = bits_ / 8;
  if (std::memcmp(bytes->data(), bytes_.data(), whole) != 0) return false;
  const unsigned rest = bits_ % 8;
  return rest == 0 || (((*bytes)[whole] ^ bytes_[whole]) >> (8 - rest)) == 0;
}

std::optional<std::int64_t> day_number(int year, int month, int day) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return std::nullopt;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day > kDays[month - 1] + (leap && month == 2 ? 1 : 0)) return std::nullopt;
  const std::int64_t y = month > 2 ? year : year - 1;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t of_era = y - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

std::optional<std::int64_t> parse_instant(std::string_view text) {
  const auto day = take_date(text);
  if (!day) return std::nullopt;
  if (text.empty()) return *day * kDayMs;
  if (!take(text, "Tt ")) return std::nullopt;
  const auto time = take_time_ms(text);
  if (!time) return std::nullopt;
  const auto offset = take_offset_ms(text);
  if (!offset || !text.empty()) return std::nullopt;
  return *day * kDayMs + *time - *offset;
}

std::string instant_text(std::int64_t unix_ms) {
  std::int64_t day = unix_ms / kDayMs;
  std::int64_t rest = unix_ms % kDayMs;
  if (rest < 0) rest += kDayMs, --day;
  const std::int64_t z = day + 719'468;
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const std::int64_t of_era = z - era * 146'097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  const std::int64_t of_month = of_year - (153 * shifted + 2) / 5 + 1;
  const auto number = [](std::int64_t value) { return static_cast<long long>(value); };
  char out[96];
  int size = std::snprintf(out, sizeof out, "%04lld-%02lld-%02lld", number(year), number(month), number(of_month));
  if (rest != 0)
    size += std::snprintf(out + size, sizeof out - static_cast<std::size_t>(size), "T%02lld:%02lld:%02lldZ",
                          number(rest / 3'600'000), number(rest / 60'000 % 60), number(rest / 1000 % 60));
  return {out, static_cast<std::size_t>(size)};
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  const bool whole = shared::append_visible(out, text, 80, "") == 0;
  return out + (whole ? "\"" : "…\"");
}

void json_into(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

}  // namespace triage_policy
