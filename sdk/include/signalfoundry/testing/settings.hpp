// SPDX-License-Identifier: Apache-2.0
//
// settings.hpp - a test's settings turned into what the runner hands to configure(): defaults of the schema filled in,
// durations in milliseconds, secrets as the word "secret". Throws std::invalid_argument on a key the schema lacks.
#pragma once
#include <signalfoundry/testing/lend.hpp>

#include <charconv>
#include <nlohmann/json.hpp>

namespace sf __attribute__((visibility("hidden"))) {
  namespace testing {

  // "250ms", "30s", "5m", "2h", "7d" as milliseconds.
  inline int64_t duration_ms(std::string_view text) {
    int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (error == std::errc{} && unit == "ms") return count;
    if (error == std::errc{} && unit == "s") return count * 1'000;
    if (error == std::errc{} && unit == "m") return count * 60'000;
    if (error == std::errc{} && unit == "h") return count * 3'600'000;
    if (error == std::errc{} && unit == "d") return count * 86'400'000;
    throw std::invalid_argument("not a duration: \"" + std::string(text) + "\"");
  }

  inline nlohmann::json settings_for(const nlohmann::json& schema, nlohmann::json given) {
    if (schema.value("x-sf-secret", false)) return "secret";
    if (schema.value("x-sf-duration", false) && given.is_string()) return duration_ms(given.get<std::string>());
    if (given.is_array() && schema.contains("items")) {
      for (auto& item : given) item = settings_for(schema["items"], item);
    }
    const auto properties = schema.find("properties");
    if (!given.is_object() || properties == schema.end()) return given;
    for (const auto& [key, value] : given.items())
      if (!properties->contains(key)) throw std::invalid_argument("the plugin has no setting \"" + key + "\"");
    for (const auto& [key, property] : properties->items()) {
      if (given.contains(key))
        given[key] = settings_for(property, given[key]);
      else if (property.contains("default"))
        given[key] = settings_for(property, property["default"]);
    }
    return given;
  }

  }  // namespace testing
}  // namespace )
