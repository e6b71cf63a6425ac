// SPDX-License-Identifier: Apache-2.0
#include "config/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/text.hpp"
#include "config/pipeline_schema.hpp"
#include "config/settings.hpp"

namespace signalfoundry::config {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestText = 2000;

// A code span for a table cell: "|" ends the cell even there, and a backtick ends the span.
std::string code(const std::string& text) {
  const std::string clean = printable(text, kLongestText);
  if (clean.find('`') != std::string::npos) return markdown(clean, kLongestText);
  std::string out = "`";
  for (const char c : clean) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out + "`";
}

// JSON scalars and arrays are written the same in TOML.
std::string toml(const json& value) {
  if (!value.is_array()) return value.dump();
  std::string out;
  for (const auto& item : value) out += (out.empty() ? "" : ", ") + toml(item);
  return "[" + out + "]";
}

std::string bounds(const json& schema, const char* least, const char* most, bool time) {
  const auto show = [&](const char* word) {
    return time ? duration_text(schema.at(word).get<std::int64_t>()) : schema.at(word).dump();
  };
  if (schema.contains(least) && schema.contains(most)) return fmt::format(", {} to {}", show(least), show(most));
  if (schema.contains(least)) return fmt::format(", at least {}", show(least));
  return schema.contains(most) ? fmt::format(", at most {}", show(most)) : std::string();
}

std::string type_text(const json& schema) {
  const auto& type = schema.at("type").get_ref<const std::string&>();
  if (schema.contains("x-sf-secret")) return "secret";
  if (schema.contains("x-sf-path")) return schema.contains("x-sf-must-exist") ? "path, must exist" : "path";
  if (schema.contains("x-sf-duration")) return "duration" + bounds(schema, "minimum", "maximum", true);
  if (schema.contains("enum")) {
    std::string all;
    for (const auto& value : schema.at("enum")) all += (all.empty() ? "" : ", ") + code(value.dump());
    return "one of " + all;
  }
  if (type == "string") {
    const auto length = bounds(schema, "minLength", "maxLength", false);
    return length.empty() ? type : type + length + " characters";
  }
  if (type != "array") return type + bounds(schema, "minimum", "maximum", false);
  const auto least = schema.value("minItems", std::int64_t{0});
  const auto count = least == 0 ? std::string() : fmt::format(", at least {}", least);
  return fmt::format("array of {}{}", type_text(schema.at("items")), count);
}

void rows(const json& schema, const std::string& prefix, std::string& out) {
  const auto required = schema.value("required", std::vector<std::string>());
  for (const auto& [key, property] : properties_of(schema).items()) {
    if (property.at("type") == "object") {
      rows(property, prefix + key + ".", out);
      continue;
    }
    const bool is_required = std::find(required.begin(), required.end(), key) != required.end();
    std::string otherwise = is_required ? "required" : "none";
    if (property.contains("default")) otherwise = code(toml(property.at("default")));
    out += fmt::format("| {} | {} | {} | {} |\n", code(prefix + key), type_text(property), otherwise,
                       markdown(property.value("description", ""), kLongestText));
  }
}

std::string table(const json& schema) {
  std::string body;
  rows(schema, "", body);
  if (body.empty()) return "No settings.\n";
  return "| key | type | default | meaning |\n| --- | --- | --- | --- |\n" + body;
}

}  // namespace

std::string settings_reference(const std::string& plugin_id, const std::string& summary, const json& schema) {
  const auto line = markdown(summary, kLongestText);
  return fmt::format("## {}\n\n{}{}{}", markdown(plugin_id), line, line.empty() ? "" : "\n\n", table(schema));
}

std::string pipeline_reference() {
  std::string out;
  for (const auto& section : pipeline_sections()) {
    if (!out.empty()) out += '\n';
    out += fmt::format("## `{}`\n\n{}\n\n{}", section.heading, markdown(section.meaning), table(section.schema));
  }
  return out;
}

}  // namespace signalfoundry::config
