// SPDX-License-Identifier: Apache-2.0
#include "config/schema.hpp"

#include <string>
#include <utility>
#include <vector>

#include "config/pipeline_schema.hpp"
#include "support/catch.h"

using nlohmann::json;
using signalfoundry::config::check_schema;
using signalfoundry::config::pipeline_sections;

namespace {

// The verdict on a schema with one property "x".
std::string with(const std::string& property) {
  return check_schema(json::parse(R"({"type": "object", "properties": {"x": )" + property + "}}"));
}

constexpr const char* kSee = ". See docs/formats/settings-schema.md.";

}  // namespace

TEST_CASE("check_schema: the whole subset passes") {
  CHECK(check_schema(json::object()) == "");
  CHECK(check_schema(json::parse(R"({"type": "object"})")) == "");
  CHECK(check_schema(json::parse(R"({
    "type": "object", "required": ["url"], "additionalProperties": false, "description": "All of it.",
    "properties": {
      "url": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Where."},
      "format": {"type": "string", "enum": ["a", "b"], "default": "b"},
      "n": {"type": "integer", "minimum": -5, "maximum": 5, "default": 0},
      "level": {"type": "integer", "enum": [1, 2]},
      "ratio": {"type": "number", "minimum": 0, "maximum": 1.5, "default": 1},
      "on": {"type": "boolean", "default": true},
      "list": {"type": "array", "minItems": 1, "items": {"type": "string"}, "default": ["a"]},
      "file": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true, "default": "there.toml"},
      "password": {"type": "string", "x-sf-secret": true},
      "wait": {"type": "string", "x-sf-duration": true, "minimum": 1000, "maximum": 60000, "default": "30s"},
      "tls": {"type": "object", "properties": {"ca": {"type": "string", "x-sf-path": true}}}}})")) == "");
  for (const auto& section : pipeline_sections()) CHECK(check_schema(section.schema) == "");
}

// Goal: an author is told the place and the reason, once per try.
TEST_CASE("check_schema: each defect by its JSON pointer") {
  const std::string unknown = ": the keyword is not in the subset";
  const std::string mixed = ": the keyword does not go with this type or with the other keywords here";
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"type": "string", "pattern": "a"})", "/properties/x/pattern" + unknown},
      {R"({"type": "string", "format": "uri"})", "/properties/x/format" + unknown},
      {R"({"type": "string", "const": "a"})", "/properties/x/const" + unknown},
      {R"({"$ref": "#/x"})", "/properties/x/$ref" + unknown},
      {R"({"oneOf": []})", "/properties/x/oneOf" + unknown},
      {R"({"type": "string", "x-sf-other": true})", "/properties/x/x-sf-other" + unknown},
      {R"({"type": "string", "\u001b": 1})", "/properties/x/\\x1B" + unknown},
      {R"({})", "/properties/x: \"type\" is missing"},
      {R"(true)", "/properties/x: must be an object"},
      {R"({"type": ["string", "null"]})",
       "/properties/x/type: must be one of string, integer, number, boolean, object, array"},
      {R"({"type": "null"})", "/properties/x/type: must be one of string, integer, number, boolean, object, array"},
      {R"({"type": "integer", "minLength": 1})", "/properties/x/minLength" + mixed},
      {R"({"type": "string", "minimum": 1})", "/properties/x/minimum" + mixed},
      {R"({"type": "boolean", "enum": [true]})", "/properties/x/enum" + mixed},
      {R"({"type": "integer", "x-sf-path": true})", "/properties/x/x-sf-path" + mixed},
      {R"({"type": "string", "x-sf-must-exist": true})", "/properties/x/x-sf-must-exist" + mixed},
      {R"({"type": "string", "x-sf-secret": true, "default": "a"})", "/properties/x/default" + mixed},
      {R"({"type": "string", "x-sf-path": true, "x-sf-secret": true})", "/properties/x/x-sf-path" + mixed},
      {R"({"type": "string", "x-sf-secret": false})", "/properties/x/x-sf-secret: must be true or left out"},
      {R"({"type": "string", "x-sf-duration": "yes"})", "/properties/x/x-sf-duration: must be true or left out"},
      {R"({"type": "string", "description": 1})", "/properties/x/description: must be a string"},
      {R"({"type": "string", "minLength": -1})", "/properties/x/minLength: must be a whole number from 0 on"},
      {R"({"type": "string", "maxLength": 1.5})", "/properties/x/maxLength: must be a whole number from 0 on"},
      {R"({"type": "string", "minLength": 2, "maxLength": 1})", "/properties/x/maxLength: must not be below minLength"},
      {R"({"type": "integer", "minimum": 1.5})", "/properties/x/minimum: must be a whole number"},
      {R"({"type": "integer", "maximum": 18446744073709551615})", "/properties/x/maximum: must be a whole number"},
      {R"({"type": "number", "maximum": "1"})", "/properties/x/maximum: must be a number"},
      {R"({"type": "integer", "minimum": 2, "maximum": 1})", "/properties/x/maximum: must not be below minimum"},
      {R"({"type": "string", "enum": []})", "/properties/x/enum: must be an array with at least one value"},
      {R"({"type": "string", "enum": ["a", 1]})", "/properties/x/enum/1: does not satisfy the rest of the schema"},
      {R"({"type": "string", "enum": ["a", "b", "a"]})", "/properties/x/enum/2: stands there twice"},
      {R"({"type": "array"})", "/properties/x: an array needs \"items\""},
      {R"({"type": "array", "items": {"type": "string", "x-sf-secret": true}})",
       "/properties/x/items/x-sf-secret: a secret must be a property of the top level"},
      {R"({"type": "object", "properties": {"p": {"type": "string", "x-sf-secret": true}}})",
       "/properties/x/properties/p/x-sf-secret: a secret must be a property of the top level"},
      {R"({"type": "object", "properties": []})", "/properties/x/properties: must be an object"},
      {R"({"type": "object", "additionalProperties": true})",
       "/properties/x/additionalProperties: must be false or left out: unknown keys are always errors"},
      {R"({"type": "object", "properties": {"A": {"type": "string"}}})",
       "/properties/x/properties/A: a key must be a-z, then a-z, 0-9 or \"_\", at most 64 in all"},
      {R"({"type": "object", "required": "a"})", "/properties/x/required: must be an array of property names"},
      {R"({"type": "object", "required": ["a"]})", "/properties/x/required/0: is not the name of a property"},
      {R"({"type": "integer", "default": "1"})",
       "/properties/x/default: does not satisfy the schema (\"default\" in the schema must be an integer, not a "
       "string. "
       "Write default = \"1\")"},
      {R"({"type": "integer", "minimum": 5, "default": 1})",
       "/properties/x/default: does not satisfy the schema (\"default\" in the schema must be at least 5)"},
      {R"({"type": "string", "x-sf-duration": true, "default": "1 day"})",
       "/properties/x/default: does not satisfy the schema (\"default\" in the schema is not a duration. Write a whole "
       "number and a unit in quotes: \"250ms\", \"30s\", \"5m\", \"2h\" or \"7d\")"},
      {R"({"type": "boolean", "default": null})",
       "/properties/x/default: does not satisfy the schema (\"default\" in the schema must be true or false, not a "
       "date or "
       "time. Write default = null)"},
  };
  for (const auto& [property, said] : cases) {
    INFO(property);
    CHECK(with(property) == said + kSee);
  }
}

TEST_CASE("check_schema: the whole must be an object of type object, bounded in depth and number") {
  CHECK(check_schema(json::parse("[]")) == std::string("the schema: must be an object") + kSee);
  CHECK(check_schema(json()) == std::string("the schema: must be an object") + kSee);
  CHECK(check_schema(json::parse(R"({"type": "string"})")) ==
        std::string("the schema: must be of type \"object\": settings are a table") + kSee);
  json deep = {{"type", "string"}};
  std::string pointer;
  for (int i = 0; i < 9; ++i) deep = {{"type", "object"}, {"properties", {{"a", deep}}}};
  for (int i = 0; i < 9; ++i) pointer += "/properties/a";
  CHECK(check_schema(deep) == pointer + ": nested deeper than 8 levels" + kSee);
  json wide = {{"type", "object"}, {"properties", json::object()}};
  for (int i = 0; i < 201; ++i) wide["properties"]["a" + std::to_string(i)] = {{"type", "string"}};
  CHECK(check_schema(wide) == std::string("the schema: more than 200 properties") + kSee);
}
