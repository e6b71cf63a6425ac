// SPDX-License-Identifier: Apache-2.0
#include "config/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "base/text.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"

namespace signalfoundry::config {

namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 8;
constexpr std::size_t kMostProperties = 200;
constexpr std::size_t kLongestName = 64;

using Words = std::vector<std::string>;

bool among(std::string_view word, const Words& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

const Words& types() {
  static const Words words{"string", "integer", "number", "boolean", "object", "array"};
  return words;
}

const Words& keywords() {
  static const Words words{"type",         "properties", "required",        "additionalProperties",
                           "enum",         "minimum",    "maximum",         "minLength",
                           "maxLength",    "items",      "minItems",        "default",
                           "description",  "x-sf-path",  "x-sf-must-exist", "x-sf-secret",
                           "x-sf-duration"};
  return words;
}

// The keywords that go with a node, given its type and marks; "type" and "description" go with every one.
Words allowed(const json& node) {
  const auto& type = node.at("type").get_ref<const std::string&>();
  if (type == "object") return {"properties", "required", "additionalProperties"};
  if (type == "array") return {"items", "minItems", "default"};
  if (type == "boolean") return {"default"};
  if (type == "integer" || type == "number") return {"enum", "minimum", "maximum", "default"};
  if (node.contains("x-sf-secret")) return {"x-sf-secret"};
  if (node.contains("x-sf-path")) return {"x-sf-path", "x-sf-must-exist", "default"};
  if (node.contains("x-sf-duration")) return {"x-sf-duration", "minimum", "maximum", "default"};
  return {"enum", "minLength", "maxLength", "default", "x-sf-path", "x-sf-secret", "x-sf-duration"};
}

bool valid_name(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

// Stops at the first defect: a schema is written once, by a plugin's author.
class SchemaChecker {
 public:
  std::string check(const json& schema) {
    if (schema == json::object()) return {};
    if (!node(schema, "", 0)) return why_;
    if (schema.at("type") != "object") refuse("", "must be of type \"object\": settings are a table");
    return why_;
  }

 private:
  bool refuse(const std::string& pointer, const std::string& what) {
    if (why_.empty())
      why_ = fmt::format("{}: {}. See docs/formats/settings-schema.md.",
                         pointer.empty() ? std::string("the schema") : printable(pointer), what);
    return false;
  }

  bool node(const json& at, const std::string& pointer, std::size_t depth) {
    if (depth > kDeepest) return refuse(pointer, fmt::format("nested deeper than {} levels", kDeepest));
    if (!at.is_object()) return refuse(pointer, "must be an object");
    return type(at, pointer) && words(at, pointer) && marks(at, pointer, depth) && counts(at, pointer) &&
           bounds(at, pointer) && enumeration(at, pointer) && children(at, pointer, depth) && fallback(at, pointer);
  }

  bool type(const json& at, const std::string& pointer) {
    for (const auto& [word, unused] : at.items())
      if (!among(word, keywords())) return refuse(pointer + "/" + word, "the keyword is not in the subset");
    const auto found = at.find("type");
    if (found == at.end()) return refuse(pointer, "\"type\" is missing");
    if (!found->is_string() || !among(found->get_ref<const std::string&>(), types()))
      return refuse(pointer + "/type", "must be one of string, integer, number, boolean, object, array");
    return true;
  }

  bool words(const json& at, const std::string& pointer) {
    const Words known = allowed(at);
    for (const auto& [word, unused] : at.items())
      if (word != "type" && word != "description" && !among(word, known))
        return refuse(pointer + "/" + word, "the keyword does not go with this type or with the other keywords here");
    if (at.contains("description") && !at.at("description").is_string())
      return refuse(pointer + "/description", "must be a string");
    return true;
  }

  bool marks(const json& at, const std::string& pointer, std::size_t depth) {
    for (const char* mark : {"x-sf-path", "x-sf-must-exist", "x-sf-secret", "x-sf-duration"})
      if (at.contains(mark) && at.at(mark) != true) return refuse(pointer + "/" + mark, "must be true or left out");
    if (at.contains("x-sf-secret") && depth != 1)
      return refuse(pointer + "/x-sf-secret", "a secret must be a property of the top level");
    return true;
  }

  bool counts(const json& at, const std::string& pointer) {
    for (const char* word : {"minLength", "maxLength", "minItems"})
      if (at.contains(word) && (!fits_int64(at.at(word)) || at.at(word) < 0))
        return refuse(pointer + "/" + word, "must be a whole number from 0 on");
    return ordered(at, pointer, "minLength", "maxLength");
  }

  bool bounds(const json& at, const std::string& pointer) {
    const bool whole = at.at("type") != "number";
    for (const char* word : {"minimum", "maximum"}) {
      if (!at.contains(word)) continue;
      if (!(whole ? fits_int64(at.at(word)) : at.at(word).is_number()))
        return refuse(pointer + "/" + word, whole ? "must be a whole number" : "must be a number");
    }
    return ordered(at, pointer, "minimum", "maximum");
  }

  bool ordered(const json& at, const std::string& pointer, const char* least, const char* most) {
    if (at.contains(least) && at.contains(most) && at.at(least) > at.at(most))
      return refuse(pointer + "/" + most, fmt::format("must not be below {}", least));
    return true;
  }

  bool enumeration(const json& at, const std::string& pointer) {
    if (!at.contains("enum")) return true;
    const auto& values = at.at("enum");
    if (!values.is_array() || values.empty())
      return refuse(pointer + "/enum", "must be an array with at least one value");
    json plain = at;
    plain.erase("enum");
    plain.erase("default");
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto place = fmt::format("{}/enum/{}", pointer, i);
      std::string why;
      if (!satisfies(values[i], plain, why)) return refuse(place, "does not satisfy the rest of the schema");
      if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) !=
          values.begin() + static_cast<std::ptrdiff_t>(i))
        return refuse(place, "stands there twice");
    }
    return true;
  }

  bool children(const json& at, const std::string& pointer, std::size_t depth) {
    if (at.at("type") == "array") {
      if (!at.contains("items")) return refuse(pointer, "an array needs \"items\"");
      // One level more than a property, so that no secret can hide in an array.
      return node(at.at("items"), pointer + "/items", depth + 2);
    }
    if (at.at("type") != "object") return true;
    const auto& properties = properties_of(at);
    if (!properties.is_object()) return refuse(pointer + "/properties", "must be an object");
    if (at.contains("additionalProperties") && at.at("additionalProperties") != false)
      return refuse(pointer + "/additionalProperties", "must be false or left out: unknown keys are always errors");
    count_ += properties.size();
    if (count_ > kMostProperties) return refuse(pointer, fmt::format("more than {} properties", kMostProperties));
    for (const auto& [name, property] : properties.items()) {
      const auto place = pointer + "/properties/" + name;
      if (!valid_name(name)) return refuse(place, "a key must be a-z, then a-z, 0-9 or \"_\", at most 64 in all");
      if (!node(property, place, depth + 1)) return false;
    }
    return required(at, properties, pointer + "/required");
  }

  bool required(const json& at, const json& properties, const std::string& pointer) {
    if (!at.contains("required")) return true;
    const auto& names = at.at("required");
    if (!names.is_array()) return refuse(pointer, "must be an array of property names");
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool known = names[i].is_string() && properties.contains(names[i].get_ref<const std::string&>());
      if (!known) return refuse(fmt::format("{}/{}", pointer, i), "is not the name of a property");
    }
    return true;
  }

  bool fallback(const json& at, const std::string& pointer) {
    if (!at.contains("default")) return true;
    std::string why;
    if (satisfies(at.at("default"), at, why)) return true;
    if (!why.empty() && why.back() == '.') why.pop_back();
    return refuse(pointer + "/default", "does not satisfy the schema (" + why + ")");
  }

  std::string why_;
  std::size_t count_ = 0;
};

}  // namespace

std::string check_schema(const json& schema) {
  return SchemaChecker().check(schema);
}

}  // namespace signalfoundry::config
