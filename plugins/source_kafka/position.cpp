// SPDX-License-Identifier: Apache-2.0
#include "position.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "../shared/cursor_json.hpp"
#include "../shared/json_text.hpp"
#include "settings.hpp"

namespace source_kafka {
namespace {

constexpr std::size_t kTextMax = std::size_t{4} << 20U;
constexpr std::size_t kClusterMax = 200;

std::int64_t number(const nlohmann::json& value, std::int64_t least) {
  // Larger than a signed number holds would come out negative.
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX))
    throw std::out_of_range("number");
  const auto out = value.get<std::int64_t>();
  if (out < least) throw std::out_of_range("number");
  return out;
}

std::int32_t partition_of(const std::string& key) {
  std::int32_t out = -1;
  const char* end = key.data() + key.size();
  const auto [at, error] = std::from_chars(key.data(), end, out);
  if (error != std::errc{} || at != end || out < 0 || std::to_string(out) != key) throw std::out_of_range("partition");
  return out;
}

std::int64_t time_of(const nlohmann::json& value) {
  const auto ms = number(value, -1);
  if (ms != sane_ms(ms)) throw std::out_of_range("time");
  return ms;
}

Places places_of(const nlohmann::json& object, std::size_t& count) {
  if (!object.is_object()) throw std::out_of_range("topic");
  Places out;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_array() || value.size() < 2 || ++count > kPartitionsMax) throw std::out_of_range("place");
    const bool other_log = value.size() == 3 && value[2] == true;
    if (value.size() != (other_log ? 3U : 2U)) throw std::out_of_range("place");
    out[partition_of(key)] = {number(value[0], other_log ? 0 : -1), time_of(value[1]), other_log};
  }
  return out;
}

Position position_of(const nlohmann::json& j) {
  Position out;
  out.cluster = j.at("cluster").get<std::string>();
  if (out.cluster.size() > kClusterMax) throw std::out_of_range("cluster");
  out.until_ms = time_of(j.at("until_ms"));
  std::size_t count = 0;
  if (!j.at("topics").is_object()) throw std::out_of_range("topics");
  for (const auto& [topic, places] : j.at("topics").items()) {
    if (!is_topic(topic)) throw std::out_of_range("topic");
    out.topics[topic] = places_of(places, count);
  }
  return out;
}

shared::JsonText& place_to(shared::JsonText& json, const Place& place) {
  json.number(place.next).number(place.last_ms);
  return place.other_log ? json.raw("true") : json;
}

}  // namespace

std::int64_t sane_ms(std::int64_t ms) {
  constexpr std::int64_t kYear10000 = 253'402'300'800'000;
  return ms < 0 || ms >= kYear10000 ? -1 : ms;
}

std::size_t partitions_of(const Position& position) {
  std::size_t out = 0;
  for (const auto& [topic, places] : position.topics) out += places.size();
  return out;
}

std::string to_text(const Position& position) {
  shared::JsonText json(shared::JsonText::Layout::compact);
  json.begin('{').key("v").number(1).key("cluster").text(position.cluster);
  json.key("until_ms").number(position.until_ms).key("topics").begin('{');
  for (const auto& [topic, places] : position.topics) {
    json.key(topic).begin('{');
    for (const auto& [partition, place] : places)
      place_to(json.key(std::to_string(partition)).begin('['), place).end(']');
    json.end('}');
  }
  return json.end('}').end('}').take();
}

std::optional<Position> from_text(std::string_view text) {
  return shared::read_cursor(text, "source_kafka", kTextMax, 1,
                             [](const nlohmann::json& j, int) { return position_of(j); });
}

}  // namespace source_kafka
