// SPDX-License-Identifier: Apache-2.0
//
// pipeline_config.hpp - a pipeline file, read and checked as a whole: all its errors, each with its place.
//
// toml++ stays inside core/config/*.cpp. Thread: any, no shared state.
#pragma once
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signalfoundry::config {

// One thing that is wrong. text(): "file:line:column: what. What to do."
struct Problem {
  std::string file;
  unsigned line = 0;  // 0: the file as a whole
  unsigned column = 0;
  std::string what;
  std::string text() const;
};

// How a secret is referred to; its value is read when it is asked for and never kept.
struct SecretRef {
  std::string file;  // absolute; or
  std::string env;
};
// The secret's value, without one trailing newline. Throws Error(config) naming the file or variable, never the value.
std::string read_secret(const SecretRef& ref);

struct StageConfig {
  std::string refusal;                       // why its plugin cannot be used; "" when it can
  bool usable = false;                       // plugin and settings are without a problem, whatever else has one
  std::string name;                          // "poll"
  std::string plugin;                        // "source_wazuh", or a path when it has a slash
  nlohmann::json settings;                   // defaults filled in, paths absolute, durations in ms, secrets "secret"
  std::map<std::string, SecretRef> secrets;  // by setting name
  std::map<std::string, std::string> paths;  // settings marked x-sf-path, absolute
  unsigned line = 0;
  unsigned column = 0;
};

// What must be free on the file system of the state directory; 0: no limit.
struct DiskMarks {
  std::uint64_t low_mib = 128;  // below: no source is asked for more
  std::uint64_t low_inodes = 10'000;
  std::uint64_t critical_mib = 32;  // below: no batch is begun
  std::uint64_t critical_inodes = 1'000;
};

struct PipelineConfig {
  std::string file;                           // absolute
  std::string name;                           // [pipeline] name
  std::string state;                          // [pipeline] state, absolute
  unsigned workers = 0;                       // [pipeline] workers; 0: one per core
  unsigned batch = 1000;                      // [pipeline] batch: alerts per commit, 1..10000
  std::uint64_t max_alert_bytes = 1U << 20U;  // [pipeline] max_alert_bytes: larger ones go to quarantine
  std::int64_t every_ms = 0;                  // [schedule] every; 0: once
  DiskMarks disk;                             // [disk]
  std::vector<std::string> plugin_paths;      // [plugins] paths, absolute
  bool allow_draft = false;                   // [plugins] allow_draft: plugins may use interfaces that are still drafts
  std::string digest;                         // sha256 hex of the file's bytes
  std::vector<StageConfig> stages;
};

struct Options {
  std::string state;             // --state: replaces [pipeline] state when not ""
  std::vector<std::string> set;  // --set stage.key=value (value: TOML, or plain text when it is not TOML)
  bool check_files = true;       // false: files behind paths and secrets are not looked for
  bool check_secrets = true;     // false: files of secrets are not, which fail only the stage that reads them
};

// Gives the settings schema of a plugin by id or absolute path, or throws Error(config) saying why there is none. Of
// `so_far`, everything but the stages is known. Asked once per plugin, also when it throws.
using SchemaOf = std::function<nlohmann::json(const std::string& plugin, const PipelineConfig& so_far)>;

struct Loaded {
  PipelineConfig pipeline;        // meaningful only when problems is empty
  std::vector<Problem> problems;  // in file order, those of --set last; never only the first (a syntax error is: it
                                  // hides what follows); at most 1000
};
// Reads and checks. Syntax, unknown keys (with a suggestion), types, ranges, duplicate stage names, missing or
// plain-text secrets, files behind paths marked "x-sf-path" + "x-sf-must-exist", plugins that are missing or refused:
// each one Problem, as is a file that cannot be read. Nothing that is printed holds the value of a setting. Throws
// Error(config) only when the working directory is gone.
Loaded load_pipeline(const std::string& file, const Options& options, const SchemaOf& schema_of);
// The same for the bytes of `file`, which is only named.
Loaded read_pipeline(const std::string& file, std::string_view bytes, const Options& options,
                     const SchemaOf& schema_of);

}  // namespace signalfoundry::config
