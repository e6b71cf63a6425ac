// SPDX-License-Identifier: Apache-2.0
#include "app/cli.hpp"

#include <fmt/format.h>
#include <signalfoundry/abi/base.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <signalfoundry/version.hpp>
#include <string_view>

#include "app/command_table.hpp"
#include "base/text.hpp"

namespace signalfoundry::app {

namespace {

using Words = std::vector<std::string>;

std::string did_you_mean(std::string_view word, const Words& candidates) {
  const std::string near = suggest(word, candidates);
  return near.empty() ? "" : fmt::format(" Did you mean \"{}\"?", near);
}

std::string in_quotes(std::string_view word) {
  return "\"" + printable(word) + "\"";
}

bool is_help(const std::string& word) {
  return word == "--help" || word == "-h";
}

bool wants_help(const Words& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end, is_help);
}

std::string rows_of(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  std::string out;
  for (const auto& [left, right] : rows) out += fmt::format("  {:<{}}  {}\n", left, width, right);
  return out;
}

// All commands, or those of a group.
std::string overview(const std::string& group) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& command : commands()) {
    const std::string name = command.name;
    if (group.empty() || name.starts_with(group + " ")) rows.emplace_back(name, command.summary);
  }
  const std::string shown = group.empty() ? "" : group + " ";
  std::string out =
      group.empty() ? "signalfoundry - triages the alerts of a SIEM and keeps books about every one\n\n" : "";
  out += fmt::format("Usage: signalfoundry {}COMMAND [ARGUMENT]... [OPTION]...\n\nCommands:\n{}", shown, rows_of(rows));
  if (group.empty())
    out += "\nOptions:\n" + rows_of({{"-h, --help", "this text; after a command: that command's"},
                                     {"--version", "the versions of program, SDK and plugin ABI"}});
  return out + fmt::format("\nExample:\n  signalfoundry {}\n",
                           group.empty() ? "run pipelines/demo.toml --drain" : rows.front().first + " --help");
}

std::string help_of(const CommandSpec& command) {
  std::string usage;
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& operand : command.operands) {
    usage += operand.required ? fmt::format(" {}", operand.name) : fmt::format(" [{}]", operand.name);
    rows.emplace_back(operand.name, operand.help);
  }
  std::string out = fmt::format("signalfoundry {} - {}\n\nUsage: signalfoundry {}{} [OPTION]...\n", command.name,
                                command.summary, command.name, usage);
  if (!rows.empty()) out += "\n" + rows_of(rows);
  rows.clear();
  for (const auto* option : command.options)
    rows.emplace_back(*option->value == '\0' ? option->name : fmt::format("{} {}", option->name, option->value),
                      option->help);
  rows.emplace_back("-h, --help", "this text");
  return out + fmt::format("\nOptions:\n{}\nExit codes: {}\n\nExample:\n  {}\n", rows_of(rows), command.exit_codes,
                           command.example);
}

std::string versions() {
  return fmt::format("signalfoundry {}\nSDK {}\nplugin ABI {}.{}", kVersion, kVersion, SF_ABI_MAJOR, SF_ABI_MINOR);
}

// The command that the first words name, and how many words that took. Throws Error(usage).
struct Found {
  const CommandSpec* command = nullptr;
  std::string group;  // instead: a group alone
  std::size_t words = 0;
};

void refuse_later(const Words& words) {
  const std::string two = words.size() > 1 ? words[0] + " " + words[1] : words[0];
  for (const auto& later : later_commands()) {
    const bool whole_group = later.starts_with(words[0] + " ") && words.size() == 1;
    const auto groups = command_groups();
    const bool mixed = std::find(groups.begin(), groups.end(), words[0]) != groups.end();
    if (later == words[0] || later == two || (whole_group && !mixed))
      throw Error(Exit::usage, fmt::format("\"{}\" is not in this version ({}).", later, kVersion));
  }
}

Found find_command(const Words& words) {
  Words first;
  Words second;
  for (const auto& command : commands()) {
    const std::string name = command.name;
    const auto space = name.find(' ');
    if (name == words[0]) return {&command, "", 1};
    first.push_back(name.substr(0, space));
    if (space == std::string::npos || name.substr(0, space) != words[0]) continue;
    if (words.size() > 1 && name.substr(space + 1) == words[1]) return {&command, "", 2};
    second.push_back(name.substr(space + 1));
  }
  if (second.empty())
    throw Error(Exit::usage, fmt::format("there is no command {}.{} See \"signalfoundry --help\".", in_quotes(words[0]),
                                         did_you_mean(words[0], first)));
  if (words.size() == 1 || is_help(words[1])) return {nullptr, words[0], 1};
  throw Error(Exit::usage, fmt::format("\"signalfoundry {}\" has no command {}.{} See \"signalfoundry {} --help\".",
                                       words[0], in_quotes(words[1]), did_you_mean(words[1], second), words[0]));
}

Error unexpected(const CommandSpec& command, const Words& extras) {
  const auto option =
      std::find_if(extras.begin(), extras.end(), [](const auto& w) { return w.starts_with("-") && w != "--"; });
  const std::string see = fmt::format(" See \"signalfoundry {} --help\".", command.name);
  if (option == extras.end())
    return {Exit::usage, fmt::format("\"{}\" has no place for the argument {}.{}", command.name,
                                     in_quotes(extras.empty() ? "" : extras.front()), see)};
  Words known{"--help"};
  for (const auto* spec : command.options) known.emplace_back(spec->name);
  const std::string name = option->substr(0, option->find('='));
  return {Exit::usage,
          fmt::format("\"{}\" has no option {}.{}{}", command.name, in_quotes(name), did_you_mean(name, known), see)};
}

// What CLI11 would take for something else than the user meant, each release of it for something else.
void check_words(const CommandSpec& command, const Words& words) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const auto named = [&](const OptionSpec* option) { return words[i].substr(0, words[i].find('=')) == option->name; };
    const auto is_value = [&](const OptionSpec* option) {
      return i > 0 && *option->value && words[i - 1] == option->name;
    };
    const auto any = [&](const auto& what) {
      return std::any_of(command.options.begin(), command.options.end(), what);
    };
    if (words[i].starts_with("-") && words[i] != "-" && !any(named) && !any(is_value))
      throw unexpected(command, {words[i]});
    for (const auto* option : command.options) {
      if (*option->value == '\0') {
        if (words[i].starts_with(std::string(option->name) + "="))
          throw Error(Exit::usage,
                      fmt::format("{} takes no value. See \"signalfoundry {} --help\".", option->name, command.name));
        continue;
      }
      const bool no_value = words[i] == std::string(option->name) + "=";
      const bool option_as_value = words[i] == option->name && i + 1 < words.size() && words[i + 1].starts_with("--");
      if (no_value || option_as_value || (words[i] == option->name && i + 1 == words.size()))
        throw Error(Exit::usage, fmt::format("{} wants {}. See \"signalfoundry {} --help\".", option->name,
                                             option->value, command.name));
    }
  }
}

Arguments read_arguments(const CommandSpec& command, const Words& words) {
  check_words(command, words);
  CLI::App app;
  app.set_help_flag();
  std::vector<std::pair<CLI::Option*, Apply>> wanted;
  for (const auto* option : command.options) {
    auto* added = *option->value == '\0' ? app.add_flag(option->name) : app.add_option(option->name);
    if (*option->value != '\0') added->expected(1)->allow_extra_args(false);
    added->multi_option_policy(option->repeatable ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
    wanted.emplace_back(added, option->apply);
  }
  std::string operands;
  for (const auto& operand : command.operands) {
    const std::string place = fmt::format("operand{}", wanted.size());
    wanted.emplace_back(app.add_option(place)->expected(1)->required(operand.required), operand.apply);
    if (operand.required) operands += (operands.empty() ? "" : " and ") + std::string(operand.name);
  }
  const std::string see = fmt::format(" See \"signalfoundry {} --help\".", command.name);
  try {
    app.parse(Words(words.rbegin(), words.rend()));
  } catch (const CLI::ExtrasError&) {
    throw unexpected(command, app.remaining());
  } catch (const CLI::RequiredError&) {
    if (!app.remaining().empty()) throw unexpected(command, app.remaining());
    throw Error(Exit::usage, fmt::format("\"{}\" wants {}.{}", command.name, operands, see));
  } catch (const CLI::ParseError& e) {
    throw Error(Exit::usage, fmt::format("{}: {}.{}", command.name, printable(e.what()), see));
  }
  Arguments out;
  for (const auto& [option, apply] : wanted)
    for (const auto& value : option->reduced_results()) apply(out, value);
  return out;
}

}  // namespace

Exit command_line(const std::vector<std::string>& arguments) {
  Words words = arguments;
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (words.empty()) {
    complain(overview(""));
    throw Error(Exit::usage, "which command?");
  }
  if (is_help(words[0])) return print(overview("")), Exit::ok;
  if (words[0] == "--version") return print_line(versions()), Exit::ok;
  if (words[0].starts_with("-"))
    throw Error(Exit::usage,
                fmt::format("{} comes before the command, or there is none.{} See \"signalfoundry --help\".",
                            in_quotes(words[0]), did_you_mean(words[0], {"--help", "--version"})));
  refuse_later(words);
  const auto found = find_command(words);
  if (found.command == nullptr) {
    if (wants_help(words)) return print(overview(found.group)), Exit::ok;
    complain(overview(found.group));
    throw Error(Exit::usage, fmt::format("which command of \"{}\"?", found.group));
  }
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(found.words));
  if (wants_help(words)) return print(help_of(*found.command)), Exit::ok;
  return found.command->run(read_arguments(*found.command, words));
}

}  // namespace signalfoundry::app
