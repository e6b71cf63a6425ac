// SPDX-License-Identifier: Apache-2.0
//
// command_table.hpp - every command with its operands, options and an example: what is parsed, helped with and
// completed.
//
// All texts live as long as the program. Thread: any.
#pragma once
#include <string>
#include <vector>

#include "app/commands.hpp"

namespace signalfoundry::app {

// What a command line comes to.
struct Arguments {
  Options options;
  RunArguments run;
  CaseFilter cases;
  CheckArguments check;
  bool connect = false;
  bool repair = false;
  bool yes = false;
  std::uint64_t sample = 3;
  std::string subject;  // KEY, ID, SHELL
};

// Puts one value where it belongs; "" for a flag. Throws Error(usage).
using Apply = void (*)(Arguments& arguments, const std::string& value);

// What a shell offers for a value.
enum class Offer { nothing, file, directory, words };

struct OptionSpec {
  const char* name;   // "--state"
  const char* value;  // "DIR"; "": a flag
  const char* help;
  Apply apply;
  Offer offer = Offer::nothing;
  const char* words = "";  // "text json"
  bool repeatable = false;
};

struct OperandSpec {
  const char* name;  // "PIPELINE"
  const char* help;
  Apply apply;
  bool required = true;
  Offer offer = Offer::nothing;
  const char* words = "";
};

struct CommandSpec {
  const char* name;  // "ledger verify"
  const char* summary;
  std::vector<OperandSpec> operands;
  std::vector<const OptionSpec*> options;
  const char* exit_codes;
  const char* example;
  Exit (*run)(const Arguments& arguments);
};
const std::vector<CommandSpec>& commands();

// Commands that the contract names and this version does not have: "policy" (with all below it), "plugin new".
const std::vector<std::string>& later_commands();

// The first words of the commands that have two, each once: "plugin", "case", "ledger".
std::vector<std::string> command_groups();

}  // namespace signalfoundry::app
