// SPDX-License-Identifier: Apache-2.0
#include "app/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace signalfoundry::app {

namespace {

constexpr std::uint64_t kLargestFile = 64U << 20U;
constexpr int kDeepest = 10'000;  // over what a trail of 16 KiB can nest; printing recurses once a level

const OrderedJson* at(const OrderedJson& json, const char* pointer) {
  const OrderedJson::json_pointer where(pointer);
  return json.is_object() && json.contains(where) ? &json.at(where) : nullptr;
}

}  // namespace

std::optional<std::string> text_at(const OrderedJson& json, const char* pointer) {
  const auto* found = at(json, pointer);
  return found != nullptr && found->is_string() ? std::optional(found->get<std::string>()) : std::nullopt;
}

std::optional<double> number_at(const OrderedJson& json, const char* pointer) {
  const auto* found = at(json, pointer);
  return found != nullptr && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

std::uint64_t count_at(const OrderedJson& json, const char* pointer) {
  const auto* found = at(json, pointer);
  return found != nullptr && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

OrderedJson json_file(const fs::Dir& dir, std::string_view name) {
  const auto bytes = dir.read(name, kLargestFile)
                         .match([](fs::Content&& c) { return c.whole ? std::move(c.bytes) : std::string(); },
                                [](fs::Gone) { return std::string(); });
  bool deep = false;
  const auto bounded = [&](int depth, OrderedJson::parse_event_t, OrderedJson&) {
    deep = deep || depth > kDeepest;
    return !deep;
  };
  auto json = OrderedJson::parse(bytes, bounded, false);
  return deep ? OrderedJson(OrderedJson::value_t::discarded) : json;
}

std::string one_line(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string span(std::int64_t ms) {
  constexpr std::int64_t kSecond = 1'000;
  constexpr std::int64_t kMinute = 60 * kSecond;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  ms = std::max<std::int64_t>(ms, 0);
  if (ms < 10 * kSecond) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
  if (ms < 2 * kMinute) return fmt::format("{} s", ms / kSecond);
  if (ms < 2 * kHour) return fmt::format("{} min", ms / kMinute);
  if (ms < 2 * kDay) return fmt::format("{} h", ms / kHour);
  return fmt::format("{} d", ms / kDay);
}

}  // namespace signalfoundry::app
