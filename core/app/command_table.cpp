// SPDX-License-Identifier: Apache-2.0
#include "app/command_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "store/store.hpp"

namespace signalfoundry::app {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(Exit::usage, what);
}

void set_once(std::string& where, const std::string& value, const char* what) {
  if (value.empty()) refuse(fmt::format("{} is empty. Name it, or leave it out.", what));
  if (!where.empty() && where != value)
    refuse(fmt::format("{} is given twice: \"{}\" and \"{}\". Give one.", what, printable(where), printable(value)));
  where = value;
}

void set_pipeline(Arguments& a, const std::string& value) {
  set_once(a.options.pipeline, value, "the pipeline");
}

void set_state(Arguments& a, const std::string& value) {
  if (value.empty()) refuse("--state is empty. Name a directory, or leave the option out.");
  a.options.state = value;
}

void set_format(Arguments& a, const std::string& value) {
  if (value != "text" && value != "json")
    refuse(fmt::format("--format is text or json, not \"{}\".", printable(value)));
  a.options.json = value == "json";
}

void set_disposition(Arguments& a, const std::string& value) {
  if (!store::disposition_of(value)) {
    const std::string near = suggest(value, {"benign", "known_fp", "review", "escalated"});
    refuse(fmt::format("--disposition is benign, known_fp, review or escalated, not \"{}\".{}", printable(value),
                       near.empty() ? "" : fmt::format(" Did you mean \"{}\"?", near)));
  }
  a.cases.disposition = value;
}

template <class Number>
bool number(const std::string& value, Number& out) {
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, out);
  return error == std::errc{} && stop == end;
}

void set_limit(Arguments& a, const std::string& value) {
  if (!number(value, a.cases.limit)) refuse(fmt::format("--limit is a number (0: all), not \"{}\".", printable(value)));
}

void set_sample(Arguments& a, const std::string& value) {
  if (!number(value, a.sample) || a.sample == 0)
    refuse(fmt::format("--sample is a number of files, at least 1, not \"{}\".", printable(value)));
}

void set_subject(Arguments& a, const std::string& value) {
  if (value.empty()) refuse("an argument is empty. Look at the command's --help.");
  a.subject = value;
}

const OptionSpec kDrain{"--drain", "", "run again until nothing waits",
                        [](Arguments& a, const std::string&) { a.run.drain = true; }};
const OptionSpec kEvery{"--every", "DURATION", "stay, and start a run at this cadence (30s, 5m); replaces [schedule]",
                        [](Arguments& a, const std::string& v) { a.run.every = v.empty() ? "?" : v; }};
const OptionSpec kStandby{"--standby", "", "wait while another run holds the lock, and take over when it ends or dies",
                          [](Arguments& a, const std::string&) { a.run.standby = true; }};
const OptionSpec kTryRefused{"--try-refused", "", "try credentials that were refused at once, whatever their pause",
                             [](Arguments& a, const std::string&) { a.run.try_refused = true; }};
const OptionSpec kDryRun{"--dry-run", "", "print the verdicts and write nothing",
                         [](Arguments& a, const std::string&) { a.run.dry_run = true; }};
const OptionSpec kState{"--state", "DIR", "the state directory; replaces the one of the pipeline", set_state,
                        Offer::directory};
const OptionSpec kPluginDir{"--plugin-dir",
                            "DIR",
                            "look for plugins in this directory first; may be repeated",
                            [](Arguments& a, const std::string& v) { a.options.plugin_dirs.push_back(v); },
                            Offer::directory,
                            "",
                            true};
const OptionSpec kSet{"--set",
                      "STAGE.KEY=VALUE",
                      "replace one setting of the pipeline; may be repeated",
                      [](Arguments& a, const std::string& v) { a.options.set.push_back(v); },
                      Offer::nothing,
                      "",
                      true};
const OptionSpec kFormat{"--format", "FORMAT",     "text (the default) or json, which goes to stdout alone",
                         set_format, Offer::words, "text json"};
const OptionSpec kPipeline{"--pipeline", "FILE", "the pipeline whose state is meant", set_pipeline, Offer::file};
const OptionSpec kConnect{"--connect", "", "also let each source try what a run needs, and print each step",
                          [](Arguments& a, const std::string&) { a.connect = true; }};
const OptionSpec kDisposition{"--disposition", "NAME",       "only cases of this disposition",
                              set_disposition, Offer::words, "benign known_fp review escalated"};
const OptionSpec kLimit{"--limit", "N", "at most so many cases; 0: all (default 50)", set_limit};
const OptionSpec kSample{"--sample", "N", "so many files in the first level (default 3)", set_sample};
const OptionSpec kRepair{"--repair", "", "print what a repair would do",
                         [](Arguments& a, const std::string&) { a.repair = true; }};
const OptionSpec kYes{"--yes", "", "with --repair: do it", [](Arguments& a, const std::string&) { a.yes = true; }};
const OptionSpec kRebuildYes{"--yes", "", "do it; without this the plan is printed and nothing changes",
                             [](Arguments& a, const std::string&) { a.yes = true; }};

const OptionSpec kCheckSettings{"--settings", "FILE", "the settings to check it with, as TOML with [settings]",
                                [](Arguments& a, const std::string& v) { set_once(a.check.settings, v, "--settings"); },
                                Offer::file};
const OptionSpec kProtocol{"--protocol",
                           "NAME",
                           "what the kit stands in for: opensearch, elasticsearch, files, directory, script or none",
                           [](Arguments& a, const std::string& v) { set_once(a.check.protocol, v, "--protocol"); },
                           Offer::words,
                           "opensearch elasticsearch files directory script none"};
const OptionSpec kScript{"--script", "DIR", "the folder of a script of answers",
                         [](Arguments& a, const std::string& v) { set_once(a.check.script, v, "--script"); },
                         Offer::directory};
const OptionSpec kOnly{"--only", "PATTERN", "only the checks with such names; * stands for anything",
                       [](Arguments& a, const std::string& v) { set_once(a.check.only, v, "--only"); }};

const OperandSpec kPipelineFile{"PIPELINE", "the pipeline file", set_pipeline, true, Offer::file};
const OperandSpec kWhere{"PIPELINE", "the pipeline file, or a state directory", set_pipeline, false, Offer::file};

std::vector<const OptionSpec*> with_state(std::vector<const OptionSpec*> first) {
  first.insert(first.end(), {&kState, &kPipeline, &kPluginDir, &kSet, &kFormat});
  return first;
}

OperandSpec subject(const char* name, const char* help, Offer offer = Offer::nothing, const char* words = "") {
  return {name, help, set_subject, true, offer, words};
}

std::vector<CommandSpec> running() {
  return {
      {"run",
       "run a pipeline once, until nothing waits, or at a cadence",
       {kPipelineFile},
       {&kDrain, &kEvery, &kStandby, &kTryRefused, &kDryRun, &kState, &kPluginDir, &kSet, &kFormat},
       "0 done; 69, 73, 74, 77 the cause of a degraded run; 70 a run failed; 75 another run holds the lock or "
       "took it over; 78 configuration",
       "signalfoundry run pipelines/demo.toml --drain",
       [](const Arguments& a) { return run(a.options, a.run); }},
      {"validate",
       "check a pipeline, its plugins and their settings before a start",
       {kPipelineFile},
       {&kConnect, &kState, &kPluginDir, &kSet, &kFormat},
       "0 valid; 78 not, each problem on stderr as file:line:column; with --connect also 69 and 77",
       "signalfoundry validate pipelines/wazuh.toml",
       [](const Arguments& a) { return validate(a.options, a.connect); }},
      {"status",
       "queue, last runs, gaps and health",
       {kWhere},
       with_state({}),
       "0 healthy; 1 degraded; 2 failed or stale",
       "signalfoundry status pipelines/demo.toml",
       [](const Arguments& a) { return status(a.options); }},
      {"gaps",
       "the parts of the SIEM's time line that no complete poll covers",
       {kWhere},
       with_state({}),
       "0 no gaps; 1 gaps",
       "signalfoundry gaps pipelines/wazuh.toml",
       [](const Arguments& a) { return gaps(a.options); }},
      {"reconcile",
       "the ledger against queue, processed, cases, packs and quarantine, id by id",
       {kWhere},
       with_state({&kRepair, &kYes}),
       "0 no mismatch; 1 mismatches; 75 a run holds the lock",
       "signalfoundry reconcile pipelines/demo.toml --repair",
       [](const Arguments& a) {
         if (a.yes && !a.repair) refuse("--yes goes with --repair only.");
         return reconcile(a.options, a.repair, a.yes);
       }},
  };
}

std::vector<CommandSpec> looking() {
  return {
      {"plugin list",
       "the plugins that are found, and why others are refused",
       {},
       {&kPluginDir, &kFormat},
       "0",
       "signalfoundry plugin list --plugin-dir ./plugins",
       [](const Arguments& a) { return plugin_list(a.options); }},
      {"plugin inspect",
       "what a plugin declares: kinds, ABI, digest and settings",
       {subject("ID|PATH", "the id of an installed plugin, or the path of its file", Offer::file)},
       {&kPluginDir, &kFormat},
       "0; 78 there is no such plugin, or it is refused",
       "signalfoundry plugin inspect source_wazuh",
       [](const Arguments& a) { return plugin_inspect(a.options, a.subject); }},
      {"plugin check",
       "the conformance kit: is this source one that loses nothing?",
       {subject("ID|PATH", "the id of an installed source, or the path of its file", Offer::file)},
       {&kCheckSettings, &kProtocol, &kScript, &kOnly, &kPluginDir, &kFormat},
       "0 every check that applies holds; 1 one does not; 78 there is no such plugin, or its settings are wrong",
       "signalfoundry plugin check source_wazuh --only 'http-*'",
       [](const Arguments& a) { return plugin_check(a.options, a.subject, a.check); }},
      {"case list",
       "cases, the newest verdict first",
       {kWhere},
       with_state({&kDisposition, &kLimit}),
       "0",
       "signalfoundry case list pipelines/demo.toml --disposition escalated",
       [](const Arguments& a) { return case_list(a.options, a.cases); }},
      {"case show",
       "one case: its verdict, its alert and where its files are",
       {subject("ID", "the case id (c-...) or the alert's key"), kWhere},
       with_state({}),
       "0; 1 there is no such case",
       "signalfoundry case show c-0123456789abcdef0123456789abcdef pipelines/demo.toml",
       [](const Arguments& a) { return case_show(a.options, a.subject); }},
      {"explain",
       "everything the ledger says about one alert, layer by layer",
       {subject("KEY", "the alert's key or its case id"), kWhere},
       with_state({}),
       "0; 1 there is no such alert, or an entry about it is damaged",
       "signalfoundry explain 0123456789abcdef0123456789abcdef pipelines/demo.toml",
       [](const Arguments& a) { return explain(a.options, a.subject); }},
  };
}

std::vector<CommandSpec> proving() {
  return {
      {"ledger verify",
       "check the hash chain of the ledger",
       {kWhere},
       with_state({}),
       "0 the chain holds; 1 it is broken",
       "signalfoundry ledger verify pipelines/demo.toml",
       [](const Arguments& a) { return ledger_verify(a.options); }},
      {"ledger export",
       "print the ledger, one JSON object a line",
       {kWhere},
       with_state({}),
       "0",
       "signalfoundry ledger export pipelines/demo.toml > ledger.jsonl",
       [](const Arguments& a) { return ledger_export(a.options); }},
      {"ledger rebuild",
       "a new ledger from cases, packs, quarantine and queue, where state.db is missing or damaged",
       {kPipelineFile},
       {&kRebuildYes, &kState, &kPluginDir, &kSet, &kFormat},
       "0 all that is on disk can be brought in; 1 some of it cannot, by name; 64 state.db is in order; 74 I/O; 75 a "
       "run holds the lock",
       "signalfoundry ledger rebuild pipelines/demo.toml",
       [](const Arguments& a) { return ledger_rebuild(a.options, a.yes); }},
      {"drill race",
       "list a live queue and touch every file that was listed, changing nothing",
       {kWhere},
       with_state({&kSample}),
       "0 whatever vanished was handled; 1 something was not",
       "signalfoundry drill race pipelines/demo.toml",
       [](const Arguments& a) { return drill_race(a.options, a.sample); }},
      {"completion",
       "print a completion script for a shell",
       {subject("SHELL", "bash, zsh or fish", Offer::words, "bash zsh fish")},
       {},
       "0",
       "signalfoundry completion bash > /etc/bash_completion.d/signalfoundry",
       [](const Arguments& a) { return completion(a.subject); }},
  };
}

}  // namespace

const std::vector<CommandSpec>& commands() {
  static const std::vector<CommandSpec> all = [] {
    auto list = running();
    for (auto more : {looking(), proving()})
      for (auto& command : more) list.push_back(std::move(command));
    return list;
  }();
  return all;
}

const std::vector<std::string>& later_commands() {
  static const std::vector<std::string> all{"policy", "plugin new", "case decide", "pack verify", "replay", "schema"};
  return all;
}

std::vector<std::string> command_groups() {
  std::vector<std::string> out;
  for (const auto& command : commands()) {
    const std::string name = command.name;
    const auto space = name.find(' ');
    if (space == std::string::npos) continue;
    if (std::find(out.begin(), out.end(), name.substr(0, space)) == out.end()) out.push_back(name.substr(0, space));
  }
  return out;
}

}  // namespace signalfoundry::app
