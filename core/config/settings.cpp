// SPDX-License-Identifier: Apache-2.0
#include "config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "base/time.hpp"
#include "config/path_setting.hpp"
#include "config/secret_setting.hpp"

namespace signalfoundry::config {

namespace {

using nlohmann::json;

bool marked(const json& schema, const char* keyword) {
  return schema.contains(keyword);
}

std::vector<std::string> keys_of(const json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, unused] : object.items()) keys.push_back(key);
  return keys;
}

const char* expected_name(const json& schema) {
  const auto& type = schema.at("type").get_ref<const std::string&>();
  if (marked(schema, "x-sf-duration")) return "a duration in quotes";
  if (marked(schema, "x-sf-path")) return "a path in quotes";
  if (type == "string") return "a string";
  if (type == "integer") return "an integer";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  return type == "array" ? "an array" : "a table";
}

bool fits(Kind kind, const std::string& type) {
  switch (kind) {
    case Kind::string:
      return type == "string";
    case Kind::integer:
      return type == "integer" || type == "number";
    case Kind::number:
      return type == "number";
    case Kind::boolean:
      return type == "boolean";
    case Kind::array:
      return type == "array";
    case Kind::table:
      return type == "object";
    case Kind::date:
      return false;
  }
  return false;
}

// A value as one would write it, for "Write cap = 2000.".
std::string sample(const json& schema) {
  const auto& type = schema.at("type").get_ref<const std::string&>();
  if (marked(schema, "x-sf-secret")) return "{ file = \"...\" }";
  if (schema.contains("default") && !schema.at("default").is_structured())
    return printable(schema.at("default").dump());
  if (schema.contains("enum")) return printable(schema.at("enum").at(0).dump());
  if (marked(schema, "x-sf-duration")) return "\"30s\"";
  if (type == "string") return "\"...\"";
  if (type == "integer") return schema.contains("minimum") ? schema.at("minimum").dump() : "1";
  if (type == "number") return schema.contains("minimum") ? schema.at("minimum").dump() : "1.5";
  if (type == "boolean") return "true";
  return type == "array" ? "[ " + sample(schema.at("items")) + " ]" : "{ ... }";
}

std::string assignment(const std::string& name, const json& schema) {
  if (!name.empty() && name.back() == ']') return sample(schema);
  return printable(name.substr(name.rfind('.') + 1)) + " = " + sample(schema);
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

class Checker {
 public:
  Checker(const CheckOptions& options, Problems& problems) : options_(options), problems_(problems) {}

  json check_object(const Value& table, const json& schema, const std::string& prefix);
  json check_value(const Value& value, const json& schema, const std::string& name);
  Settings take(json values) {
    out_.values = std::move(values);
    return std::move(out_);
  }

 private:
  json missing(const Value& table, const std::string& name, const json& schema, bool required);
  json check_string(const Value& value, const json& schema, const std::string& name);
  json check_duration(const Value& value, const json& schema, const std::string& name);
  json check_path(const Value& value, const json& schema, const std::string& name);
  json check_array(const Value& value, const json& schema, const std::string& name);
  void check_enum(const Value& value, const json& given, const json& schema, const std::string& name);
  void check_range(const Value& value, const json& given, const json& schema, const std::string& name);

  void add(const Value& value, const std::string& name, const std::string& rest) {
    problems_.add(value.place, fmt::format("{} in {} {}", quoted(name), options_.where, rest));
  }

  const CheckOptions& options_;
  Problems& problems_;
  Settings out_;
};

json Checker::missing(const Value& table, const std::string& name, const json& schema, bool required) {
  if (schema.contains("default")) {
    return check_value(value_of(schema.at("default"), table.place), schema, name);
  }
  if (required) {
    problems_.add(table.place, fmt::format("required key {} is missing in {}. Add {}.", quoted(name), options_.where,
                                           assignment(name, schema)));
    return nullptr;
  }
  const bool nested = schema.at("type") == "object" && schema.value("required", json::array()).empty();
  if (!nested) return nullptr;
  Value empty;
  empty.place = table.place;
  return check_object(empty, schema, name + ".");
}

json Checker::check_object(const Value& table, const json& schema, const std::string& prefix) {
  json out = json::object();
  const auto& properties = properties_of(schema);
  for (const auto& member : table.members) {
    const auto found = properties.find(member.key);
    if (found == properties.end())
      add_unknown_key(prefix + member.key, member.place, keys_of(properties), options_.where, problems_);
    else
      out[member.key] = check_value(member.value, *found, prefix + member.key);
  }
  const auto required = schema.value("required", std::vector<std::string>());
  for (const auto& [key, property] : properties.items()) {
    if (out.contains(key)) continue;
    const bool is_required = std::find(required.begin(), required.end(), key) != required.end();
    json filled = missing(table, prefix + key, property, is_required);
    if (!filled.is_null()) out[key] = std::move(filled);
  }
  return out;
}

json Checker::check_value(const Value& value, const json& schema, const std::string& name) {
  if (marked(schema, "x-sf-secret")) {
    const auto secret = check_secret(value, name, options_, problems_);
    if (secret) out_.secrets[name] = *secret;
    return "secret";
  }
  const auto& type = schema.at("type").get_ref<const std::string&>();
  if (!fits(value.kind, type)) {
    add(value, name,
        fmt::format("must be {}, not {}. Write {}.", expected_name(schema), kind_name(value.kind),
                    assignment(name, schema)));
    return nullptr;
  }
  if (type == "string") return check_string(value, schema, name);
  if (type == "boolean") return value.boolean;
  if (type == "array") return check_array(value, schema, name);
  if (type == "object") return check_object(value, schema, name + ".");
  if (value.kind == Kind::number && !std::isfinite(value.number)) {
    add(value, name, fmt::format("must be a finite number. Write {}.", assignment(name, schema)));
    return nullptr;
  }
  json number = value.kind == Kind::integer ? json(value.integer) : json(value.number);
  check_enum(value, number, schema, name);
  check_range(value, number, schema, name);
  return number;
}

json Checker::check_string(const Value& value, const json& schema, const std::string& name) {
  if (value.text.find('\0') != std::string::npos) {
    add(value, name, "must not hold a NUL character. Remove it.");
    return nullptr;
  }
  if (marked(schema, "x-sf-duration")) return check_duration(value, schema, name);
  if (marked(schema, "x-sf-path")) return check_path(value, schema, name);
  check_enum(value, value.text, schema, name);
  const std::size_t length = code_points(value.text);
  const auto least = schema.value("minLength", std::size_t{0});
  const auto most = schema.value("maxLength", SIZE_MAX);
  if (length == 0 && least > 0)
    add(value, name, fmt::format("must not be empty. Write {}.", assignment(name, schema)));
  else if (length < least)
    add(value, name, fmt::format("must have at least {} characters, not {}.", least, length));
  else if (length > most)
    add(value, name, fmt::format("must have at most {} characters, not {}.", most, length));
  return value.text;
}

json Checker::check_duration(const Value& value, const json& schema, const std::string& name) {
  const auto ms = parse_duration(value.text);
  if (!ms) {
    add(value, name,
        "is not a duration. Write a whole number and a unit in quotes: \"250ms\", \"30s\", \"5m\", \"2h\" or \"7d\".");
    return nullptr;
  }
  check_range(value, *ms, schema, name);
  return *ms;
}

json Checker::check_path(const Value& value, const json& schema, const std::string& name) {
  const auto absolute = resolve_path(value, name, marked(schema, "x-sf-must-exist"), options_, problems_);
  if (!absolute) return nullptr;
  out_.paths[name] = *absolute;
  return *absolute;
}

json Checker::check_array(const Value& value, const json& schema, const std::string& name) {
  json out = json::array();
  const auto least = schema.value("minItems", std::size_t{0});
  if (value.items.size() < least)
    add(value, name,
        fmt::format("must have at least {} {}. Write {}.", least, least == 1 ? "entry" : "entries",
                    assignment(name, schema)));
  for (std::size_t i = 0; i < value.items.size(); ++i)
    out.push_back(check_value(value.items[i], schema.at("items"), fmt::format("{}[{}]", name, i)));
  return out;
}

void Checker::check_enum(const Value& value, const json& given, const json& schema, const std::string& name) {
  const auto found = schema.find("enum");
  if (found == schema.end() || std::find(found->begin(), found->end(), given) != found->end()) return;
  if (!given.is_string()) {
    std::string all;
    for (const auto& one : *found) all += (all.empty() ? "" : ", ") + one.dump();
    add(value, name, fmt::format("must be one of {}.", all));
    return;
  }
  const auto words = found->get<std::vector<std::string>>();
  const auto near = suggest(given.get_ref<const std::string&>(), words);
  add(value, name,
      fmt::format("must be {}.{}", listed(words, "or"),
                  near.empty() ? std::string() : fmt::format(" Did you mean {}?", quoted(near))));
}

void Checker::check_range(const Value& value, const json& given, const json& schema, const std::string& name) {
  const auto least = schema.find("minimum");
  const auto most = schema.find("maximum");
  const bool below = least != schema.end() && given < *least;
  const bool above = most != schema.end() && given > *most;
  if (!below && !above) return;
  const bool time = marked(schema, "x-sf-duration");
  const auto show = [&](const json& bound) { return time ? duration_text(bound.get<std::int64_t>()) : bound.dump(); };
  if (least != schema.end() && most != schema.end())
    add(value, name, fmt::format("must be from {} to {}.", show(*least), show(*most)));
  else
    add(value, name,
        below ? fmt::format("must be at least {}.", show(*least)) : fmt::format("must be at most {}.", show(*most)));
}

}  // namespace

Settings check_settings(const Value& table, const json& schema, const CheckOptions& options, Problems& problems) {
  Checker checker(options, problems);
  json values = checker.check_object(table, schema, "");
  return checker.take(std::move(values));
}

void add_unknown_key(const std::string& key, const Place& place, const std::vector<std::string>& known,
                     const std::string& where, Problems& problems) {
  const auto near = suggest(key.substr(key.rfind('.') + 1), known);
  std::string advice = "Remove it; nothing is known here.";
  if (!known.empty()) advice = fmt::format("Remove it; known here: {}.", listed(known, "and"));
  if (!near.empty()) advice = fmt::format("Did you mean {}?", quoted(near));
  problems.add(place, fmt::format("unknown key {} in {}. {}", quoted(key), where, advice));
}

const json& properties_of(const json& schema) {
  static const json none = json::object();
  const auto found = schema.find("properties");
  return found == schema.end() ? none : *found;
}

const json* find_schema(const json& schema, const std::string& dotted_key) {
  const json* at = &schema;
  for (std::size_t begin = 0; begin <= dotted_key.size();) {
    const std::size_t end = std::min(dotted_key.find('.', begin), dotted_key.size());
    const auto& properties = properties_of(*at);
    const auto found = properties.find(dotted_key.substr(begin, end - begin));
    if (found == properties.end()) return nullptr;
    at = &*found;
    begin = end + 1;
  }
  return at;
}

bool satisfies(const json& value, const json& schema, std::string& why) {
  const auto origin = std::make_shared<const Origin>(Origin{"default", "/", false});
  Problems problems;
  const CheckOptions options{"the schema", false};
  Checker checker(options, problems);
  checker.check_value(value_of(value, Place{origin, 0, 0}), schema, "default");
  const auto found = problems.take();
  if (!found.empty()) why = found.front().what;
  return found.empty();
}

std::string duration_text(std::int64_t ms) {
  static constexpr std::pair<std::int64_t, const char*> kUnits[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}};
  for (const auto& [size, unit] : kUnits)
    if (ms != 0 && ms % size == 0) return fmt::format("{}{}", ms / size, unit);
  return ms == 0 ? "0s" : fmt::format("{}ms", ms);
}

}  // namespace signalfoundry::config
