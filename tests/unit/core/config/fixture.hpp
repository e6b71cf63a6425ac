// SPDX-License-Identifier: Apache-2.0
//
// fixture.hpp - pipeline files in a directory of their own, and plugins that are schemas only.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/pipeline_config.hpp"
#include "support/temp_dir.hpp"

struct ConfigFixture {
  using Loaded = signalfoundry::config::Loaded;
  using PipelineConfig = signalfoundry::config::PipelineConfig;

  TempDir dir;
  std::map<std::string, nlohmann::json> schemas;
  std::vector<std::string> asked;  // plugins whose schema was asked for
  std::vector<std::string> plugin_paths;
  bool allow_draft = false;
  signalfoundry::config::Options options;

  ConfigFixture() {
    schemas["queue_cap"] = nlohmann::json::parse(R"({
      "type": "object", "required": ["cap"], "additionalProperties": false,
      "properties": {"cap": {"type": "integer", "minimum": 1, "maximum": 1000000}}})");
    schemas["source"] = nlohmann::json::parse(R"({
      "type": "object", "required": ["url"], "properties": {
        "url": {"type": "string", "minLength": 1},
        "user": {"type": "string", "maxLength": 8},
        "password": {"type": "string", "x-sf-secret": true},
        "format": {"type": "string", "enum": ["jsonl", "dir"], "default": "jsonl"},
        "retries": {"type": "integer", "minimum": 0, "default": 3},
        "ratio": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
        "level": {"type": "integer", "enum": [1, 5, 9]},
        "follow": {"type": "boolean", "default": false},
        "overlap": {"type": "string", "x-sf-duration": true, "default": "5m", "minimum": 1000, "maximum": 604800000},
        "delay": {"type": "string", "x-sf-duration": true, "maximum": 90000},
        "policy": {"type": "string", "x-sf-path": true, "x-sf-must-exist": true},
        "cache": {"type": "string", "x-sf-path": true, "default": "cache"},
        "files": {"type": "array", "minItems": 1, "items": {"type": "string", "x-sf-path": true}},
        "tags": {"type": "array", "minItems": 2, "items": {"type": "string", "minLength": 2}},
        "tls": {"type": "object", "properties": {
          "ca_file": {"type": "string", "x-sf-path": true},
          "verify": {"type": "boolean", "default": true}}},
        "proxy": {"type": "object", "required": ["host"], "properties": {"host": {"type": "string"}}}}})");
    schemas["bare"] = nlohmann::json::object();
  }

  nlohmann::json schema_of(const std::string& plugin, const PipelineConfig& so_far) {
    asked.push_back(plugin);
    plugin_paths = so_far.plugin_paths;
    allow_draft = so_far.allow_draft;
    if (const auto found = schemas.find(plugin); found != schemas.end()) return found->second;
    throw signalfoundry::Error(signalfoundry::Exit::config, "no plugin \"" + plugin + "\". Install it.");
  }

  Loaded load_file(const std::string& file) {
    return signalfoundry::config::load_pipeline(
        file, options, [this](const auto& plugin, const PipelineConfig& so_far) { return schema_of(plugin, so_far); });
  }
  Loaded load(std::string_view text) { return load_file(dir.write("p.toml", text)); }

  // The problems' texts, the directory's name taken out.
  std::vector<std::string> problems(const Loaded& loaded) const {
    std::vector<std::string> out;
    for (const auto& problem : loaded.problems) {
      std::string text = problem.text();
      for (auto at = text.find(dir.path()); at != std::string::npos; at = text.find(dir.path()))
        text.replace(at, dir.path().size(), "DIR");
      out.push_back(text);
    }
    return out;
  }
  std::vector<std::string> problems_of(std::string_view text) { return problems(load(text)); }

  // Problems of one stage of plugin "source" with these settings, which begin in line 6.
  std::vector<std::string> with_settings(const std::string& settings) {
    return problems_of("[pipeline]\nname = \"p\"\nstate = \"s\"\n[[stage]]\nname = \"poll\"\nplugin = \"source\"\n" +
                       ("[stage.settings]\n" + settings));
  }
};

using Lines = std::vector<std::string>;
