// SPDX-License-Identifier: Apache-2.0
//
// commands.hpp - the verbs of the command line; each gives the exit code and throws Error for the rest.
#pragma once
#include <cstdint>
#include <string>

#include "app/common.hpp"

namespace signalfoundry::app {

struct RunArguments {
  bool drain = false;
  bool dry_run = false;
  bool standby = false;
  bool try_refused = false;
  std::string every;  // "30s"; "": the pipeline's [schedule]
};
Exit run(const Options& options, const RunArguments& arguments);       // cmd_run.cpp
Exit validate(const Options& options, bool connect);                   // cmd_validate.cpp
Exit status(const Options& options);                                   // cmd_status.cpp
Exit gaps(const Options& options);                                     // cmd_status.cpp
Exit plugin_list(const Options& options);                              // cmd_plugin.cpp
Exit plugin_inspect(const Options& options, const std::string& what);  // cmd_plugin.cpp: an id or a path

struct CheckArguments {
  std::string settings;  // a TOML file; "": the kit's own for this plugin
  std::string protocol;  // "opensearch"
  std::string script;    // a folder of answers
  std::string only;      // names with `*`
};
// cmd_plugin_check.cpp: the conformance kit, on an id or a path.
Exit plugin_check(const Options& options, const std::string& what, const CheckArguments& arguments);

struct CaseFilter {
  std::string disposition;  // "": all
  std::size_t limit = 50;   // 0: all
};
Exit case_list(const Options& options, const CaseFilter& filter);  // cmd_case.cpp: newest decision first
Exit case_show(const Options& options, const std::string& id);     // cmd_case.cpp
Exit explain(const Options& options, const std::string& key);      // cmd_case.cpp

Exit ledger_verify(const Options& options);                     // cmd_ledger.cpp
Exit ledger_export(const Options& options);                     // cmd_ledger.cpp
Exit ledger_rebuild(const Options& options, bool yes);          // cmd_rebuild.cpp
Exit reconcile(const Options& options, bool repair, bool yes);  // cmd_reconcile.cpp
Exit drill_race(const Options& options, std::uint64_t sample);  // cmd_drill.cpp: names of the first level
Exit completion(const std::string& shell);                      // cmd_completion.cpp: bash, zsh, fish

}  // namespace signalfoundry::app
