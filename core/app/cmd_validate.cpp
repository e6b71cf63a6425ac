// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "app/commands.hpp"
#include "app/stage_host.hpp"
#include "base/text.hpp"
#include "pipeline/instance.hpp"
#include "plugin/loader.hpp"

namespace signalfoundry::app {

namespace {

// Creates and configures every stage, as a run would, and (connect) asks each source for its first page.
Exit try_stages(const config::PipelineConfig& config, const std::vector<std::string>& plugin_path, bool connect) {
  StageHost host;
  Exit exit = Exit::ok;
  const sf_record_sink sink{sizeof(sf_record_sink),
                            0,
                            nullptr,
                            [](const sf_record_sink*, sf_str, sf_str, sf_str) -> sf_status { return SF_CANCELLED; },
                            [](const sf_record_sink*, sf_str) -> sf_status { return SF_OK; },
                            [](const sf_record_sink*, const sf_interval*) -> sf_status { return SF_OK; },
                            [](const sf_record_sink*, sf_str, sf_str) -> sf_status { return SF_OK; }};
  for (const auto& stage : config.stages) {
    try {
      pipeline::Instance instance(host.shared, stage, plugin::load(plugin::find(stage.plugin, plugin_path)));
      const auto* source = instance.plugin().source;
      if (source == nullptr || !connect) continue;
      instance.call("open", [&](sf_error* e) { return source->open(instance.self(), {nullptr, 0}, e); });
      instance.call("poll", [&](sf_error* e) { return source->poll(instance.self(), &sink, 1, 0, e); });
    } catch (const Error& e) {
      // What a plugin says of its own files has their places in it already; a setting's place is that of its stage.
      complain(fmt::format("{}:{}:{}: {}", printable(config.file), stage.line, stage.column, e.what()));
      if (exit == Exit::ok) exit = e.code();
    }
  }
  return exit;
}

}  // namespace

Exit validate(const Options& options, bool connect) {
  std::vector<std::string> plugin_path;
  const auto config = load(options, &plugin_path);
  // In a child: a plugin that crashes while it is configured is a finding, too.
  const pid_t child = ::fork();
  if (child < 0) throw io_error(errno, "cannot start a process");
  if (child == 0) ::_exit(static_cast<int>(try_stages(config, plugin_path, connect)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status))
    throw Error(Exit::config, fmt::format("a plugin crashed with signal {} while it was configured", WTERMSIG(status)));
  const auto exit = static_cast<Exit>(WEXITSTATUS(status));
  if (exit == Exit::ok)
    print_line(options.json ? R"({"valid":true})"
                            : fmt::format("{}: valid, {} stages", printable(options.pipeline), config.stages.size()));
  return exit;
}

}  // namespace signalfoundry::app
