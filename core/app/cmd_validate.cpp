// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "app/commands.hpp"
#include "app/preflight.hpp"
#include "app/stage_host.hpp"
#include "base/text.hpp"
#include "pipeline/instance.hpp"
#include "plugin/loader.hpp"

namespace signalfoundry::app {

namespace {

// Creates and configures every stage, as a run would, and (connect) lets each source try what a run needs, whose steps
// are written to `fd`.
Exit try_stages(const config::PipelineConfig& config, const std::vector<std::string>& plugin_path, bool connect,
                int fd) {
  StageHost host;
  Exit exit = Exit::ok;
  for (const auto& stage : config.stages) {
    try {
      pipeline::Instance instance(host.shared, stage, plugin::load(plugin::find(stage.plugin, plugin_path)));
      if (instance.plugin().source == nullptr || !connect) continue;
      if (const auto came_to = try_source(instance, fd); exit == Exit::ok) exit = came_to;
    } catch (const Error& e) {
      // What a plugin says of its own files has their places in it already; a setting's place is that of its stage.
      complain(fmt::format("{}:{}:{}: {}", printable(config.file), stage.line, stage.column, e.what()));
      if (exit == Exit::ok) exit = e.code();
    }
  }
  return exit;
}

// The steps as they come from the child: printed at once for a person, kept for JSON.
OrderedJson read_steps(int fd, const Options& options) {
  auto steps = OrderedJson::array();
  std::string text;
  std::string last_stage;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t n = ::read(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return steps;
    text.append(part.data(), static_cast<std::size_t>(n));
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      const auto line = text.substr(0, end);
      text.erase(0, end + 1);
      const auto step = OrderedJson::parse(line, nullptr, false);
      const auto words = shown(step, last_stage);
      if (words.empty()) continue;
      if (!options.json) print(words);
      steps.push_back(step);
    }
  }
}

// In a child: a plugin that crashes while it is configured is a finding, too. `steps` gets what the sources tried.
Exit try_in_child(const config::PipelineConfig& config, const std::vector<std::string>& plugin_path, bool connect,
                  const Options& options, OrderedJson& steps) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw io_error(errno, "cannot make a pipe");
  const pid_t child = ::fork();
  if (child < 0) throw io_error(errno, "cannot start a process");
  if (child == 0) {
    ::close(ends[0]);
    ::_exit(static_cast<int>(try_stages(config, plugin_path, connect, ends[1])));
  }
  ::close(ends[1]);
  steps = read_steps(ends[0], options);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status))
    throw Error(Exit::config, fmt::format("a plugin crashed with signal {} while it was configured", WTERMSIG(status)));
  return static_cast<Exit>(WEXITSTATUS(status));
}

}  // namespace

Exit validate(const Options& options, bool connect) {
  std::vector<std::string> plugin_path;
  const auto loaded = load_all(options, &plugin_path, true);
  if (!loaded.problems.empty())
    throw Error(Exit::config, fmt::format("{}: {} problem{}", printable(options.pipeline), loaded.problems.size(),
                                          loaded.problems.size() == 1 ? "" : "s"));
  const auto& config = loaded.pipeline;
  OrderedJson steps;
  const auto exit = try_in_child(config, plugin_path, connect, options, steps);
  if (options.json && connect)
    print_line(OrderedJson{{"valid", exit == Exit::ok}, {"steps", steps}}.dump());
  else if (options.json && exit == Exit::ok)
    print_line(R"({"valid":true})");
  if (exit == Exit::ok && !options.json)
    print_line(fmt::format("{}: valid, {} stages", printable(options.pipeline), config.stages.size()));
  if (exit != Exit::ok && !steps.empty())
    complain(fmt::format("{}: a run would not get through; the steps that say FAILED tell why",
                         printable(options.pipeline)));
  return exit;
}

}  // namespace signalfoundry::app
