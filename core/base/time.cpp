// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>

namespace signalfoundry {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kFirstMs = -62'135'596'800'000;  // 0001-01-01T00:00:00.000Z
constexpr std::int64_t kLastMs = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z
constexpr std::int64_t kLongestMs = 3650 * kDayMs;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool skip(char expected) {
    if (done() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  bool skip_any(std::string_view set) {
    if (done() || set.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  std::optional<int> digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (!is_digit(peek())) return std::nullopt;
      value = value * 10 + (text_[at_++] - '0');
    }
    return value;
  }
  // 1-9 digits after a decimal point as milliseconds, the rest cut off.
  std::optional<int> fraction_ms() {
    int value = 0;
    int count = 0;
    for (; is_digit(peek()); ++count, ++at_) {
      if (count == 9) return std::nullopt;
      if (count < 3) value = value * 10 + (peek() - '0');
    }
    if (count == 0) return std::nullopt;
    for (; count < 3; ++count) value *= 10;
    return value;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<std::int64_t> days_of(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (year < 1 || !date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

std::optional<std::int64_t> zone_offset_ms(Reader& in) {
  if (in.skip_any("Zz")) return 0;
  const bool west = in.peek() == '-';
  if (!in.skip_any("+-")) return std::nullopt;
  const auto hours = in.digits(2);
  in.skip(':');
  const auto minutes = in.digits(2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t offset = (*hours * 60 + *minutes) * std::int64_t{60'000};
  return west ? -offset : offset;
}

// Seconds have 9 or 10 digits (1973 to 2286) and may have a fraction, milliseconds 12 or 13: nothing shorter or between
// them can be told from a year, a day such as 20240918 or a serial number.
std::optional<std::int64_t> parse_epoch(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const bool seconds = whole.size() == 9 || whole.size() == 10;
  if (!seconds && whole.size() != 12 && whole.size() != 13) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : whole) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (point == std::string_view::npos) return seconds ? value * 1000 : value;
  if (!seconds) return std::nullopt;
  Reader in(text.substr(point + 1));
  const auto fraction = in.fraction_ms();
  if (!fraction || !in.done()) return std::nullopt;
  return value * 1000 + *fraction;
}

void put(char*& out, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  out += width;
}

void put_date(char*& out, std::int64_t day, char separator) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  put(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *out++ = separator;
  put(out, static_cast<unsigned>(date.month()), 2);
  *out++ = separator;
  put(out, static_cast<unsigned>(date.day()), 2);
}

std::int64_t clock_ms(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// The day since 1970 and the rest of it, for a clamped instant on either side of 1970.
struct DayTime {
  std::int64_t day;
  std::int64_t ms;
};
DayTime split(std::int64_t unix_ms) {
  unix_ms = std::clamp(unix_ms, kFirstMs, kLastMs);
  std::int64_t ms = unix_ms % kDayMs;
  if (ms < 0) ms += kDayMs;
  return {(unix_ms - ms) / kDayMs, ms};
}

}  // namespace

std::int64_t now_ms() {
  return clock_ms(CLOCK_REALTIME);
}
std::int64_t monotonic_ms() {
  return clock_ms(CLOCK_MONOTONIC);
}

std::string rfc3339(std::int64_t unix_ms) {
  const auto [day, ms] = split(unix_ms);
  const auto of_day = static_cast<unsigned>(ms);
  char text[24];
  char* out = text;
  put_date(out, day, '-');
  *out++ = 'T';
  put(out, of_day / 3'600'000, 2);
  *out++ = ':';
  put(out, of_day / 60'000 % 60, 2);
  *out++ = ':';
  put(out, of_day / 1000 % 60, 2);
  *out++ = '.';
  put(out, of_day % 1000, 3);
  *out++ = 'Z';
  return {text, sizeof text};
}

std::string date_path(std::int64_t unix_ms) {
  char text[10];
  char* out = text;
  put_date(out, split(unix_ms).day, '/');
  return {text, sizeof text};
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  if (text.size() < 20) return parse_epoch(text);
  Reader in(text);
  const auto year = in.digits(4);
  if (!year || !in.skip('-')) return parse_epoch(text);
  const auto month = in.digits(2);
  if (!month || !in.skip('-')) return std::nullopt;
  const auto day = in.digits(2);
  if (!day || !in.skip_any("Tt ")) return std::nullopt;
  const auto hour = in.digits(2);
  if (!hour || !in.skip(':')) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || !in.skip(':')) return std::nullopt;
  const auto second = in.digits(2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  std::optional<int> fraction = 0;
  if (in.skip('.')) fraction = in.fraction_ms();
  const auto days = days_of(*year, *month, *day);
  const auto offset = zone_offset_ms(in);
  if (!fraction || !days || !offset || !in.done()) return std::nullopt;
  const std::int64_t seconds = (*hour * 60 + *minute) * 60 + *second;
  return *days * kDayMs + seconds * 1000 + *fraction - *offset;
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  std::int64_t value = 0;
  std::size_t at = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    if (value > kLongestMs) return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  if (at == 0) return std::nullopt;
  const auto unit = text.substr(at);
  std::int64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit == "d") factor = kDayMs;
  if (factor == 0 || value > kLongestMs / factor) return std::nullopt;
  return value * factor;
}

}  // namespace signalfoundry
