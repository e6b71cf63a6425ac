// SPDX-License-Identifier: Apache-2.0
#include "app/settings_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alert/json.hpp"
#include "base/text.hpp"

namespace signalfoundry::app {

namespace {

constexpr std::size_t kCommentWidth = 100;

std::string toml(const OrderedJson& value) {
  if (value.is_string()) return json_quote(printable(value.get_ref<const std::string&>(), 1000));
  std::string out;
  if (value.is_array()) {
    for (const auto& item : value) out += (out.empty() ? "" : ", ") + toml(item);
    return "[" + out + "]";
  }
  if (value.is_object()) {
    for (const auto& [name, item] : value.items())
      out += (out.empty() ? " " : ", ") + printable(name) + " = " + toml(item);
    return out.empty() ? "{}" : "{" + out + " }";
  }
  return value.dump();
}

bool marked(const OrderedJson& node, const char* mark) {
  return node.contains(mark);
}

std::string example(const OrderedJson& node) {
  if (marked(node, "default")) return toml(node.at("default"));
  if (marked(node, "x-sf-secret")) return R"({ file = "/path/to/secret" })";
  if (marked(node, "x-sf-duration")) return R"("30s")";
  if (marked(node, "x-sf-path")) return R"("path/to/file")";
  if (marked(node, "enum")) return toml(node.at("enum").front());
  const std::string type = node.value("type", "");
  if (type == "array") return "[]";
  if (type == "object") return "{}";
  if (type == "boolean") return "false";
  if (type == "integer" || type == "number") return marked(node, "minimum") ? toml(node.at("minimum")) : "0";
  return R"("")";
}

std::string range(const OrderedJson& node) {
  const bool least = marked(node, "minimum");
  const bool most = marked(node, "maximum");
  const char* unit = marked(node, "x-sf-duration") ? " ms" : "";
  if (least && most) return fmt::format("{} to {}{}", node.at("minimum").dump(), node.at("maximum").dump(), unit);
  if (least) return fmt::format("{}{} or more", node.at("minimum").dump(), unit);
  if (most) return fmt::format("at most {}{}", node.at("maximum").dump(), unit);
  return "";
}

// "required; a path that must exist; one of "a", "b""
std::string facts(const OrderedJson& node, bool required) {
  std::vector<std::string> out;
  if (required) out.emplace_back("required");
  if (marked(node, "x-sf-secret")) out.emplace_back("a secret: { file = \"...\" } or { env = \"...\" }");
  if (marked(node, "x-sf-path"))
    out.emplace_back(marked(node, "x-sf-must-exist") ? "a path that must exist" : "a path");
  if (marked(node, "x-sf-duration")) out.emplace_back("a duration such as \"30s\" or \"5m\"");
  if (marked(node, "enum")) {
    std::string values;
    for (const auto& value : node.at("enum")) values += (values.empty() ? "" : ", ") + toml(value);
    out.push_back("one of " + values);
  }
  if (const auto limits = range(node); !limits.empty()) out.push_back(limits);
  if (out.empty()) out.push_back(node.value("type", "string"));
  return fmt::format("{}", fmt::join(out, "; "));
}

std::string comment(const std::string& text) {
  std::string out = "#";
  std::size_t width = 1;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (width + 1 + word.size() > kCommentWidth && width > 1) {
      out += "\n#";
      width = 1;
    }
    out += " " + word;
    width += 1 + word.size();
  }
  return out + "\n";
}

bool is_table(const OrderedJson& node) {
  return node.value("type", "") == "object" && node.contains("properties") && !node.contains("default");
}

void add_table(std::string& out, const OrderedJson& schema, const std::string& table) {
  out += fmt::format("[{}]\n", table);
  if (!schema.contains("properties")) return;
  std::vector<std::string> required;
  if (schema.contains("required"))
    for (const auto& name : schema.at("required")) required.push_back(name.get<std::string>());
  for (const auto& [name, node] : schema.at("properties").items()) {
    if (is_table(node)) continue;
    const bool needed = std::find(required.begin(), required.end(), name) != required.end();
    out += "\n";
    if (const std::string text = node.value("description", ""); !text.empty()) out += comment(printable(text, 2000));
    out += comment("(" + facts(node, needed) + ")");
    const bool stands = needed || node.contains("default");
    out += fmt::format("{}{} = {}\n", stands ? "" : "# ", printable(name), example(node));
  }
  for (const auto& [name, node] : schema.at("properties").items()) {
    if (!is_table(node)) continue;
    out += "\n";
    if (const std::string text = node.value("description", ""); !text.empty()) out += comment(printable(text, 2000));
    add_table(out, node, table + "." + printable(name));
  }
}

}  // namespace

std::string settings_text(const OrderedJson& schema, const std::string& table) {
  std::string out;
  if (schema.is_object()) add_table(out, schema, table);
  return out;
}

}  // namespace signalfoundry::app
