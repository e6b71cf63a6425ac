// SPDX-License-Identifier: Apache-2.0
#include "config/reference.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include "config/pipeline_schema.hpp"
#include "support/catch.h"
#include "support/paths.hpp"

using nlohmann::json;
using signalfoundry::config::pipeline_reference;
using signalfoundry::config::pipeline_sections;
using signalfoundry::config::settings_reference;

// Goal: the reference is generated from what checks, so that the two cannot differ, and plugin text stays text.
TEST_CASE("settings_reference: one row per setting") {
  const auto schema = json::parse(R"({
    "type": "object", "required": ["url"], "properties": {
      "url": {"type": "string", "minLength": 1, "description": "Where it is. <b>"},
      "mode": {"type": "string", "enum": ["a|b", "c"], "default": "c"},
      "n": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "How many | often."},
      "list": {"type": "array", "items": {"type": "string", "x-sf-path": true}, "minItems": 1},
      "tags": {"type": "array", "items": {"type": "string"}, "default": ["x", "y"]},
      "pass": {"type": "string", "x-sf-secret": true},
      "file": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true},
      "wait": {"type": "string", "x-sf-duration": true, "minimum": 1000, "default": "5m"},
      "tls": {"type": "object", "properties": {"verify": {"type": "boolean", "default": true}}}}})");
  CHECK(settings_reference("source_x", "Reads *x*.", schema) ==
        "## source\\_x\n\nReads \\*x\\*.\n\n"
        "| key | type | default | meaning |\n| --- | --- | --- | --- |\n"
        "| `file` | path, must exist | none |  |\n"
        "| `list` | array of path, at least 1 | none |  |\n"
        "| `mode` | one of `\"a\\|b\"`, `\"c\"` | `\"c\"` |  |\n"
        "| `n` | integer, 1 to 9 | `3` | How many \\| often. |\n"
        "| `pass` | secret | none |  |\n"
        "| `tags` | array of string | `[\"x\", \"y\"]` |  |\n"
        "| `tls.verify` | boolean | `true` |  |\n"
        "| `url` | string, at least 1 characters | required | Where it is. \\<b\\> |\n"
        "| `wait` | duration, at least 1s | `\"5m\"` |  |\n");
  CHECK(settings_reference("bare", "", json::object()) == "## bare\n\nNo settings.\n");
}

// Goal: the page that people read lists what the parser accepts.
TEST_CASE("pipeline_reference: docs/formats/pipeline.md holds it as it is") {
  std::ifstream page(support::source_dir() + "/docs/formats/pipeline.md", std::ios::binary);
  REQUIRE(page);
  std::ostringstream text;
  text << page.rdbuf();
  CHECK_THAT(text.str(), ContainsSubstring(pipeline_reference()));
}

TEST_CASE("pipeline_reference: every key that the parser knows") {
  const auto text = pipeline_reference();
  for (const auto& section : pipeline_sections()) {
    CHECK_THAT(text, ContainsSubstring("## `" + section.heading + "`\n"));
    for (const auto& [key, unused] : section.schema.at("properties").items())
      CHECK_THAT(text, ContainsSubstring("| `" + key + "` |"));
  }
}
