// SPDX-License-Identifier: Apache-2.0
#include "app/common.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/text.hpp"
#include "config/schema.hpp"
#include "fs/dir.hpp"
#include "plugin/loader.hpp"
#include "plugin/probe.hpp"

namespace signalfoundry::app {

namespace {

nlohmann::json schema_of(const std::string& id, const std::vector<std::string>& path) {
  const std::string file = plugin::find(id, path);
  const auto probe = plugin::probe(file);
  if (!probe.plugin) throw Error(Exit::config, probe.refusal);
  return nlohmann::json::parse(probe.plugin->config_schema);
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EPIPE) std::_Exit(0);
    if (n < 0) throw io_error(errno, "cannot write the output");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string absolute(const std::string& path) {
  return path.starts_with("/") ? path : here() + "/" + path;
}

config::Loaded read(const Options& options, bool secrets) {
  return config::load_pipeline(options.pipeline, {options.state, options.set, true, secrets},
                               [&](const std::string& id, const config::PipelineConfig& so_far) {
                                 return schema_of(id, plugin::search_path(options.plugin_dirs, so_far.plugin_paths));
                               });
}

}  // namespace

config::Loaded load_all(const Options& options, std::vector<std::string>* plugin_path, bool secrets) {
  auto loaded = read(options, secrets);
  for (const auto& problem : loaded.problems) complain(problem.text());
  if (plugin_path != nullptr) *plugin_path = plugin::search_path(options.plugin_dirs, loaded.pipeline.plugin_paths);
  return loaded;
}

config::PipelineConfig load(const Options& options, std::vector<std::string>* plugin_path) {
  auto loaded = load_all(options, plugin_path);
  if (!loaded.problems.empty())
    throw Error(Exit::config,
                fmt::format("{}: {} problem{}. Correct {} first.", printable(options.pipeline), loaded.problems.size(),
                            loaded.problems.size() == 1 ? "" : "s", loaded.problems.size() == 1 ? "it" : "them"));
  return std::move(loaded.pipeline);
}

config::Loaded load_quietly(const Options& options) {
  return read(options, false);
}

std::string state_in(const config::Loaded& loaded, const Options& options) {
  if (!loaded.pipeline.state.empty()) return loaded.pipeline.state;
  if (!options.state.empty()) return absolute(options.state);
  throw Error(Exit::config,
              fmt::format("which state directory? {} does not say it: {} Correct it, or give --state DIR.",
                          printable(options.pipeline), loaded.problems.empty() ? "" : loaded.problems.front().text()));
}

std::string state_of(const Options& options) {
  const auto is_state = [](const std::string& path) {
    const auto dir = fs::Dir::open(path);
    return dir && dir->has("state.db");
  };
  if (!options.state.empty()) return absolute(options.state);
  if (!options.pipeline.empty() && !options.pipeline.ends_with(".toml")) return absolute(options.pipeline);
  if (!options.pipeline.empty()) return state_in(load_all(options, nullptr), options);
  if (const char* env = std::getenv("SIGNALFOUNDRY_STATE"); env != nullptr && *env != '\0') return absolute(env);
  if (std::string here = absolute("."); is_state(here)) return here;
  throw Error(Exit::usage,
              "which state directory? Give --state DIR or --pipeline PIPELINE.toml, or set SIGNALFOUNDRY_STATE.");
}

std::string here() {
  char* cwd = ::getcwd(nullptr, 0);
  if (cwd == nullptr) throw io_error(errno, "cannot tell the current directory");
  std::string out = cwd;
  std::free(cwd);
  return out;
}

void print(const std::string& text) {
  write_all(STDOUT_FILENO, text);
}
void print_line(const std::string& text) {
  print(text + "\n");
}
void complain(const std::string& text) {
  write_all(STDERR_FILENO, text + "\n");
}
bool terminal(int fd) {
  return ::isatty(fd) == 1;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    out += line + "\n";
  }
  return out;
}

}  // namespace signalfoundry::app
