// SPDX-License-Identifier: Apache-2.0
#include "app/trial.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <optional>

#include "app/preflight.hpp"
#include "app/stage_host.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "pipeline/instance.hpp"
#include "plugin/loader.hpp"

namespace signalfoundry::app {

namespace {

constexpr std::size_t kLinesMax = 1001;
constexpr std::size_t kTextMax = 4000;
constexpr std::size_t kSameStart = 100;

// What a plugin logs as an error while it is configured: where it says more than one error can hold, its problems. In
// the child only.
std::mutex lines_mutex;
std::vector<std::string> error_lines;

bool keep_errors(log::Level level, std::string_view /*who*/, std::string_view text) {
  if (level != log::Level::error) return false;
  const std::lock_guard lock(lines_mutex);
  if (error_lines.size() < kLinesMax) error_lines.emplace_back(text);
  return true;
}

std::vector<std::string> kept_errors() {
  log::set_sink(nullptr);
  const std::lock_guard lock(lines_mutex);
  return std::exchange(error_lines, {});
}

std::optional<unsigned> number_before_colon(std::string_view text, std::size_t& at) {
  unsigned out = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), out);
  if (error != std::errc() || end == text.data() + text.size() || *end != ':') return std::nullopt;
  at = static_cast<std::size_t>(end - text.data()) + 1;
  return out;
}

// "/etc/policy.toml:3:1: what", as plugins say it of their own files.
std::optional<config::Problem> placed(const std::string& text) {
  if (!text.starts_with("/")) return std::nullopt;
  for (auto colon = text.find(':'); colon != std::string::npos; colon = text.find(':', colon + 1)) {
    auto at = colon + 1;
    const auto line = number_before_colon(text, at);
    const auto column = line ? number_before_colon(text, at) : std::nullopt;
    if (column && at < text.size() && text[at] == ' ')
      return config::Problem{text.substr(0, colon), *line, *column, text.substr(at + 1)};
  }
  return std::nullopt;
}

config::Problem of_stage(const config::PipelineConfig& config, const config::StageConfig& stage, std::string what) {
  return {config.file, stage.line, stage.column, std::move(what)};
}

// A setting's place is that of its stage, unless the plugin named one in a file of its own.
std::vector<config::Problem> problems_of(const config::PipelineConfig& config, const config::StageConfig& stage,
                                         const Error& error, const std::vector<std::string>& lines) {
  std::vector<config::Problem> out;
  const auto* of_plugin = dynamic_cast<const pipeline::StageError*>(&error);
  const std::string words = of_plugin == nullptr ? "" : of_plugin->words();
  bool said = false;  // the error repeats a line, or as much of it as an error holds
  for (const auto& line : lines) {
    said = said || (!line.empty() && words.find(printable(line.substr(0, kSameStart))) != std::string::npos);
    auto own = placed(line);
    out.push_back(own ? std::move(*own) : of_stage(config, stage, fmt::format("stage \"{}\": {}", stage.name, line)));
  }
  if (said) return out;
  auto own = placed(words);
  out.push_back(own ? std::move(*own) : of_stage(config, stage, error.what()));
  return out;
}

void tell(int fd, const OrderedJson& line) {
  const std::string bytes = line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (n <= 0 && errno != EINTR) return;  // nobody listens
    if (n > 0) at += static_cast<std::size_t>(n);
  }
}

// In the child.
Exit try_stage(const config::PipelineConfig& config, const config::StageConfig& stage,
               const std::vector<std::string>& plugin_path, bool connect, int fd) {
  StageHost host;
  std::optional<pipeline::Instance> instance;
  log::set_sink(keep_errors);
  try {
    instance.emplace(host.shared, stage, plugin::load(plugin::find(stage.plugin, plugin_path)));
  } catch (const Error& e) {
    for (const auto& problem : problems_of(config, stage, e, kept_errors())) tell(fd, to_json(problem));
    return e.code();
  }
  for (const auto& line : kept_errors()) log::error(stage.name, line);
  if (instance->plugin().source == nullptr || !connect) return Exit::ok;
  try {
    return try_source(*instance, fd);
  } catch (const Error& e) {
    return e.code();  // told as a step that failed
  }
}

// The lines of one child, to its end. Gives its exit code, which is its last line, or nothing.
std::optional<Exit> read_lines(int fd, Trial& trial, const std::function<void(const OrderedJson&)>& told) {
  std::optional<Exit> exit;
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t n = ::read(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return exit;
    text.append(part.data(), static_cast<std::size_t>(n));
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      const auto line = OrderedJson::parse(text.substr(0, end), nullptr, false);
      text.erase(0, end + 1);
      if (!line.is_object()) continue;
      if (line.contains("exit")) exit = static_cast<Exit>(line.value("exit", 0));
      if (!line.contains("what") && !line.contains("outcome")) continue;
      told(line);
      (line.contains("what") ? trial.problems : trial.steps).push_back(line);
    }
  }
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return fmt::format("the plugin crashed with signal {} while it was tried", WTERMSIG(status));
  return fmt::format("the plugin ended the process while it was tried, with {}", WEXITSTATUS(status));
}

}  // namespace

OrderedJson to_json(const config::Problem& problem) {
  const bool whole = problem.line == 0;
  return {{"file", printable(problem.file, kTextMax)},
          {"line", whole ? OrderedJson() : OrderedJson(problem.line)},
          {"column", whole ? OrderedJson() : OrderedJson(problem.column)},
          {"what", printable(problem.what, kTextMax)}};
}

Trial try_stages(const config::PipelineConfig& config, const std::vector<std::string>& plugin_path, bool connect,
                 const std::function<void(const OrderedJson&)>& told) {
  Trial out;
  for (const auto& stage : config.stages) {
    if (!stage.usable) continue;
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw io_error(errno, "cannot make a pipe");
    const pid_t child = ::fork();
    if (child < 0) throw io_error(errno, "cannot start a process");
    if (child == 0) {
      ::close(ends[0]);
      const auto exit = try_stage(config, stage, plugin_path, connect, ends[1]);
      tell(ends[1], {{"exit", static_cast<int>(exit)}});
      ::_exit(static_cast<int>(exit));
    }
    ::close(ends[1]);
    auto exit = read_lines(ends[0], out, told);
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!exit) {
      const auto problem = to_json(of_stage(
          config, stage, fmt::format("stage \"{}\" (plugin {}): {}", stage.name, stage.plugin, how_it_ended(status))));
      told(problem);
      out.problems.push_back(problem);
      exit = Exit::config;
    }
    if (out.exit == Exit::ok) out.exit = *exit;
  }
  return out;
}

}  // namespace signalfoundry::app
