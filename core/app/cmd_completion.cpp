// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "app/command_table.hpp"
#include "base/text.hpp"

namespace signalfoundry::app {

namespace {

struct Name {
  std::string first;
  std::string second;  // "" where the command has one word
};

Name split(const char* name) {
  const std::string all = name;
  const auto space = all.find(' ');
  return space == std::string::npos ? Name{all, ""} : Name{all.substr(0, space), all.substr(space + 1)};
}

bool is_flag(const OptionSpec& option) {
  return *option.value == '\0';
}

// Every option of the program that takes a value, each once.
std::vector<const OptionSpec*> value_options() {
  std::vector<const OptionSpec*> out;
  for (const auto& command : commands())
    for (const auto* option : command.options)
      if (!is_flag(*option) && std::find(out.begin(), out.end(), option) == out.end()) out.push_back(option);
  return out;
}

// The words that may follow one word: commands (""), or the second words of a group.
std::string words_after(const std::string& group) {
  std::string out;
  std::string last;
  for (const auto& command : commands()) {
    const Name name = split(command.name);
    const std::string& word = group.empty() ? name.first : name.second;
    if ((!group.empty() && name.first != group) || word == last) continue;
    out += (out.empty() ? "" : " ") + word;
    last = word;
  }
  return out;
}

// In single quotes, for all three shells.
std::string in_single_quotes(std::string_view text, const char* quote) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string(quote) : std::string(1, c);
  return out + "'";
}

std::string bash_values() {
  std::string out;
  for (const auto* option : value_options()) {
    switch (option->offer) {
      case Offer::directory:
        out +=
            fmt::format("    {}) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n",
                        option->name);
        break;
      case Offer::words:
        out += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return ;;\n", option->name,
                           option->words);
        break;
      default:
        out += fmt::format("    {}) return ;;\n", option->name);  // the file names that -o default offers
    }
  }
  return out;
}

std::string bash() {
  std::string out =
      R"(# bash completion for signalfoundry: signalfoundry completion bash > /etc/bash_completion.d/signalfoundry
# shellcheck shell=bash disable=SC2207
_signalfoundry() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} first=${COMP_WORDS[1]} words=""
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ")" +
      words_after("") + R"( help --help --version" -- "$cur"))
    return
  fi
  case $prev in
)" + bash_values() +
      "  esac\n  case $first in\n";
  for (const auto& group : command_groups())
    out += fmt::format("    {0}) ((COMP_CWORD == 2)) && words=\"{1}\"; first=\"{0} ${{COMP_WORDS[2]}}\" ;;\n", group,
                       words_after(group));
  out += "  esac\n  case $first in\n";
  for (const auto& command : commands()) {
    std::string words;
    for (const auto& operand : command.operands)
      if (operand.offer == Offer::words) words += std::string(operand.words) + " ";
    for (const auto* option : command.options) words += std::string(option->name) + " ";
    const bool files = !command.operands.empty() && words.find("bash ") == std::string::npos;
    out += fmt::format("    \"{}\") {}words+=\" {}--help\" ;;\n", command.name,
                       files ? "[[ $cur == -* ]] || return; " : "", words);
  }
  return out + R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _signalfoundry signalfoundry
)";
}

std::string zsh_value(const char* value, Offer offer, const char* words) {
  switch (offer) {
    case Offer::file:
      return fmt::format(":{}:_files", value);
    case Offer::directory:
      return fmt::format(":{}:_files -/", value);
    case Offer::words:
      return fmt::format(":{}:({})", value, words);
    default:
      return fmt::format(":{}: ", value);
  }
}

// Within an argument of _arguments: brackets and colons mean something.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_arguments(const CommandSpec& command) {
  const char* quote = "'\\''";
  std::string out = "_arguments -S";
  for (const auto* option : command.options) {
    std::string spec = option->repeatable ? "*" : "";
    spec += fmt::format("{}{}[{}]", option->name, is_flag(*option) ? "" : "=", zsh_text(option->help));
    if (!is_flag(*option)) spec += zsh_value(option->value, option->offer, option->words);
    out += " \\\n        " + in_single_quotes(spec, quote);
  }
  out += " \\\n        '(-h --help)'{-h,--help}'[this text]'";
  for (std::size_t i = 0; i < command.operands.size(); ++i) {
    const auto& operand = command.operands[i];
    out += " \\\n        " +
           in_single_quotes(fmt::format("{}{}", i + 1, zsh_value(operand.name, operand.offer, operand.words)), quote);
  }
  return out;
}

std::string zsh_choice(const std::string& group) {
  std::string rows;
  std::string last;
  for (const auto& command : commands()) {
    const Name name = split(command.name);
    const std::string& word = group.empty() ? name.first : name.second;
    if ((!group.empty() && name.first != group) || word == last) continue;
    const bool is_group = group.empty() && !name.second.empty();
    const std::string text = is_group ? "commands: " + words_after(name.first) : std::string(command.summary);
    rows += " \\\n        " + in_single_quotes(word + ":" + zsh_text(text), "'\\''");
    last = word;
  }
  return "local -a all=(" + rows + ")\n      _describe command all";
}

std::string zsh() {
  std::string out =
      R"(#compdef signalfoundry
# zsh completion for signalfoundry: signalfoundry completion zsh > "${fpath[1]}/_signalfoundry"
_signalfoundry() {
  if ((CURRENT == 2)); then
      )" +
      zsh_choice("") +
      "\n    return\n  fi\n  local command=$words[2]\n  shift words\n  ((CURRENT--))\n  case $command in\n";
  for (const auto& group : command_groups())
    out += fmt::format(
        "    {0})\n      if ((CURRENT == 2)); then\n      {1}\n      return\n      fi\n      command=\"{0} "
        "$words[2]\"\n"
        "      shift words\n      ((CURRENT--))\n      ;;\n",
        group, zsh_choice(group));
  out += "  esac\n  case $command in\n";
  for (const auto& command : commands())
    out += fmt::format("    \"{}\")\n      {}\n      ;;\n", command.name, zsh_arguments(command));
  return out + "  esac\n}\n_signalfoundry \"$@\"\n";
}

std::string fish_option(const CommandSpec& command, const OptionSpec& option, const char* quote) {
  const Name name = split(command.name);
  std::string when = "__fish_seen_subcommand_from " + name.first;
  if (!name.second.empty()) when += "; and __fish_seen_subcommand_from " + name.second;
  std::string out = fmt::format("complete -c signalfoundry -n {} -l {} -d {}", in_single_quotes(when, quote),
                                option.name + 2, in_single_quotes(option.help, quote));
  if (is_flag(option)) return out + "\n";
  switch (option.offer) {
    case Offer::file:
      return out + " -rF\n";
    case Offer::directory:
      return out + " -xa '(__fish_complete_directories)'\n";
    case Offer::words:
      return out + fmt::format(" -xa '{}'\n", option.words);
    default:
      return out + " -x\n";
  }
}

std::string fish() {
  const char* quote = "\\'";
  std::string out =
      "# fish completion for signalfoundry: signalfoundry completion fish > "
      "~/.config/fish/completions/signalfoundry.fish\n"
      "complete -c signalfoundry -n __fish_use_subcommand -f\n"
      "complete -c signalfoundry -s h -l help -d 'help with a command'\n"
      "complete -c signalfoundry -n __fish_use_subcommand -l version -d 'program, SDK and plugin ABI'\n";
  std::string last;
  for (const auto& command : commands()) {
    const Name name = split(command.name);
    const std::string text =
        name.second.empty() ? std::string(command.summary) : "commands: " + words_after(name.first);
    if (name.first != last)
      out += fmt::format("complete -c signalfoundry -n __fish_use_subcommand -a {} -d {}\n", name.first,
                         in_single_quotes(text, quote));
    last = name.first;
    if (!name.second.empty())
      out += fmt::format(
          "complete -c signalfoundry -n '__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from {}' -f -a "
          "{} -d {}\n",
          name.first, words_after(name.first), name.second, in_single_quotes(command.summary, quote));
    for (const auto* option : command.options) out += fish_option(command, *option, quote);
    for (const auto& operand : command.operands)
      if (operand.offer == Offer::words)
        out += fmt::format("complete -c signalfoundry -n '__fish_seen_subcommand_from {}' -f -a '{}'\n", name.first,
                           operand.words);
  }
  return out;
}

}  // namespace

Exit completion(const std::string& shell) {
  if (shell == "bash")
    print(bash());
  else if (shell == "zsh")
    print(zsh());
  else if (shell == "fish")
    print(fish());
  else
    throw Error(Exit::usage,
                fmt::format("there is completion for bash, zsh and fish, not for \"{}\".", printable(shell)));
  return Exit::ok;
}

}  // namespace signalfoundry::app
