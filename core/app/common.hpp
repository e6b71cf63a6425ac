// SPDX-License-Identifier: Apache-2.0
//
// common.hpp - what the commands share: where the state is, how a pipeline is loaded, how things are printed.
//
// Data goes to stdout, talk to stderr. Thread: main.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/pipeline_config.hpp"
#include "pipeline/report.hpp"

namespace signalfoundry::app {

using pipeline::OrderedJson;

// Options that many commands take.
struct Options {
  std::string pipeline;  // PIPELINE.toml, or for commands that only need the state also a state directory
  std::string state;     // --state
  std::vector<std::string> plugin_dirs;  // --plugin-dir
  std::vector<std::string> set;          // --set stage.key=value
  bool json = false;                     // --format json
};

// Loads and checks; prints every problem to stderr. Plugins are probed in child processes. The files of secrets are
// looked for where `secrets` says so: who only runs learns that from the stage that reads them, and does the rest.
config::Loaded load_all(const Options& options, std::vector<std::string>* plugin_path, bool secrets = false);
// As load_all(), for who can do nothing with a wrong pipeline: prints every problem to stderr and throws Error(config)
// when there are some. Plugins are probed in child processes. `plugin_path` gets the search path.
config::PipelineConfig load(const Options& options, std::vector<std::string>* plugin_path = nullptr);
// As load_all(), but prints nothing: for who tells the problems in its own way.
config::Loaded load_quietly(const Options& options);
// The state directory that the pipeline names, whatever else is wrong with it. Throws Error(config) where it could not
// be read.
std::string state_in(const config::Loaded& loaded, const Options& options);
// The state directory that a command means: --state, a directory or pipeline given, $SIGNALFOUNDRY_STATE, or the
// current directory when it holds a state.db. Problems of a pipeline go to stderr and are no obstacle where its state
// directory is known. Throws Error(usage), Error(config).
std::string state_of(const Options& options);

std::string here();  // the working directory, absolute. Throws Error(io).

void print(const std::string& text);  // to stdout; a closed pipe ends the program quietly
void print_line(const std::string& text);
void complain(const std::string& text);  // to stderr, one line
bool terminal(int fd);
// Columns padded to their widest cell; the first row is the header.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace signalfoundry::app
