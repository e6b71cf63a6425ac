// SPDX-License-Identifier: Apache-2.0
#include "plugin/probe.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "plugin/child.hpp"
#include "plugin/library_file.hpp"
#include "plugin/loader.hpp"

namespace signalfoundry::plugin {

namespace {

using nlohmann::json;

constexpr std::size_t kLargestReport = 4U << 20U;
constexpr const char* kHarmless = "It was tried in a process of its own; nothing else came to harm. Ask its vendor";

json to_json(const Plugin& p) {
  return {
      {"id", p.id},         {"version", p.version},      {"summary", p.summary},     {"license", p.license},
      {"vendor", p.vendor}, {"schema", p.config_schema}, {"kinds", p.kinds},         {"path", p.path},
      {"sha256", p.sha256}, {"abi_major", p.abi_major},  {"abi_minor", p.abi_minor}, {"needs_minor", p.needs_minor}};
}
Plugin from_json(const json& j) {
  Plugin p;
  p.id = j.at("id");
  p.version = j.at("version");
  p.summary = j.at("summary");
  p.license = j.at("license");
  p.vendor = j.at("vendor");
  p.config_schema = j.at("schema");
  p.kinds = j.at("kinds").get<std::vector<std::string>>();
  p.path = j.at("path");
  p.sha256 = j.at("sha256");
  p.abi_major = j.at("abi_major");
  p.abi_minor = j.at("abi_minor");
  p.needs_minor = j.at("needs_minor");
  return p;
}

void tell(int out, std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(out, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

int report_fd = -1;  // of the child

// A constructor of the plugin that throws ends the process with abort(), and nobody would know of what.
void out_of_memory() {
  tell(report_fd,
       "{\"refusal\":\"out of memory while a plugin was looked at. Give the run more, and start it again.\"}\n");
  ::_exit(0);
}

[[noreturn]] void run_child(const std::string& path, int out) {
  prepare_child();
  report_fd = out;
  std::set_new_handler(out_of_memory);
  json report;
  try {
    report = to_json(load(path));
  } catch (const std::exception& error) {
    report = {{"refusal", error.what()}};
  }
  tell(out, report.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  ::_exit(0);  // no destructors of foreign code
}

// The child's line. Empty: it ended, or closed the pipe, without one. Nothing: the time is over, or it wrote more than
// any plugin has to say.
std::optional<std::string> read_line(int fd, std::int64_t deadline) {
  std::string line;
  std::array<char, 4096> part{};
  for (;;) {
    const std::int64_t left = deadline - monotonic_ms();
    if (left <= 0 || line.size() > kLargestReport) return std::nullopt;
    pollfd wait{fd, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    const ssize_t n = ::read(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::string();
    line.append(part.data(), static_cast<std::size_t>(n));
    if (line.back() == '\n') return line;
  }
}

Probe judge(const std::string& path, const std::string& line) {
  const json report = json::parse(line, nullptr, false);
  try {
    if (report.contains("refusal")) return {std::nullopt, report.at("refusal").get<std::string>()};
    return {from_json(report), ""};
  } catch (const json::exception&) {
    return {std::nullopt, refusal(path, "wrote into the report of the process that loaded it", kHarmless).what()};
  }
}

}  // namespace

Probe probe(const std::string& path, std::int64_t limit_ms) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw io_error(errno, "cannot make a pipe to look at a plugin");
  const std::int64_t deadline = monotonic_ms() + limit_ms;
  const pid_t child = ::fork();
  if (child < 0) {
    const int error_number = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    throw io_error(error_number, "cannot start a process to look at a plugin");
  }
  if (child == 0) run_child(path, ends[1]);
  ::setpgid(child, child);  // both sides set it: whoever comes first
  ::close(ends[1]);
  const auto line = read_line(ends[0], deadline);
  ::close(ends[0]);
  const int status = reap(child);
  if (!line) {
    const std::string limit = fmt::format("did not load within {} s", static_cast<double>(limit_ms) / 1000.0);
    return {std::nullopt, refusal(path, limit, kHarmless).what()};
  }
  if (line->empty()) return {std::nullopt, refusal(path, ending(status) + " while it was loaded", kHarmless).what()};
  return judge(path, *line);
}

}  // namespace signalfoundry::plugin
