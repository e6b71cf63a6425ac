// SPDX-License-Identifier: Apache-2.0
#include "config/pipeline_schema.hpp"

namespace signalfoundry::config {

namespace {

constexpr const char* kPipeline = R"({
  "type": "object",
  "required": ["name", "state"],
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 64,
      "description": "The name in heartbeat, metrics and cases: a-z, 0-9 and \"-\"."},
    "state": {"type": "string", "x-sf-path": true,
      "description": "Where queue, ledger, cases and heartbeat are; made when missing. --state replaces it."},
    "workers": {"type": "integer", "minimum": 0, "maximum": 256, "default": 0,
      "description": "Threads that triage; 0: one per processor core."},
    "batch": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1000,
      "description": "Alerts per commit. More is faster, and more is done again after a crash."},
    "max_alert_bytes": {"type": "integer", "minimum": 1024, "maximum": 67108864, "default": 1048576,
      "description": "A larger alert goes to quarantine instead of being parsed."}
  }
})";

constexpr const char* kSchedule = R"({
  "type": "object",
  "properties": {
    "every": {"type": "string", "x-sf-duration": true, "minimum": 1000,
      "description": "Stay, and start a run at this cadence; without it: one run, then exit. --every replaces it."}
  }
})";

constexpr const char* kDisk = R"({
  "type": "object",
  "properties": {
    "low_mib": {"type": "integer", "minimum": 0, "maximum": 1073741824, "default": 128,
      "description": "Below so many free MiB no source is asked for more; what waits is still triaged. 0: never."},
    "low_inodes": {"type": "integer", "minimum": 0, "default": 10000,
      "description": "The same for free inodes: each alert takes one to three, each pack about ten."},
    "critical_mib": {"type": "integer", "minimum": 0, "maximum": 1073741824, "default": 32,
      "description": "Below so many free MiB the run stops before its next batch. 0: never."},
    "critical_inodes": {"type": "integer", "minimum": 0, "default": 1000,
      "description": "The same for free inodes."}
  }
})";

constexpr const char* kPlugins = R"({
  "type": "object",
  "properties": {
    "paths": {"type": "array", "items": {"type": "string", "x-sf-path": true}, "default": [],
      "description": "Directories searched for plugins, after those of --plugin-dir and before the installed ones."},
    "allow_draft": {"type": "boolean", "default": false,
      "description": "Let plugins use interfaces that are still drafts and may change in any release."}
  }
})";

constexpr const char* kStage = R"({
  "type": "object",
  "required": ["name", "plugin"],
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 64,
      "description": "Names the stage in messages and in --set; unique: a-z, then a-z, 0-9, \"_\" or \"-\"."},
    "plugin": {"type": "string", "minLength": 1, "maxLength": 4096,
      "description": "The plugin's id, or a path to its file (with a \"/\", relative to this file)."}
  }
})";

}  // namespace

const std::vector<Section>& pipeline_sections() {
  using nlohmann::json;
  static const std::vector<Section> sections{
      {"pipeline", "[pipeline]", "Once per file.", json::parse(kPipeline)},
      {"schedule", "[schedule]", "May be left out.", json::parse(kSchedule)},
      {"disk", "[disk]", "May be left out. What happens when the file system of the state directory fills up.",
       json::parse(kDisk)},
      {"plugins", "[plugins]", "May be left out.", json::parse(kPlugins)},
      {"stage", "[[stage]]",
       "One for each stage; they run in file order. The plugin's own settings follow in [stage.settings].",
       json::parse(kStage)}};
  return sections;
}

}  // namespace signalfoundry::config
