// SPDX-License-Identifier: Apache-2.0
#include "conformance/runner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "plugin/child.hpp"
#include "plugin/loader.hpp"

namespace signalfoundry::conformance {

using nlohmann::json;

namespace {

constexpr std::size_t kWhyMax = 1000;
constexpr std::size_t kReportMax = 64U << 10U;

// A directory for all checks of one call, gone with it.
class Scratch {
 public:
  Scratch() {
    const char* place = std::getenv("TMPDIR");
    std::string name = std::string(place != nullptr && *place == '/' ? place : "/tmp") + "/signalfoundry-check-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw io_error(errno, "cannot make a directory like " + printable(name));
    const auto slash = name.rfind('/');
    parent_ = fs::Dir::open(name.substr(0, slash)).value();
    name_ = name.substr(slash + 1);
    dir = fs::Dir::open(name).value();
  }
  ~Scratch() {
    try {
      parent_.remove_tree(name_);
    } catch (const std::exception&) {  // it is in a directory for such things
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  fs::Dir dir;

 private:
  fs::Dir parent_;
  std::string name_;
};

Outcome tried(const std::string& path, const Profile& profile, const Check& check, const fs::Dir& dir) {
  Outcome out{check.name, profile.name, Status::passed, ""};
  try {
    const auto& plugin = plugin::load(path);
    // Never destroyed: a poll() that does not return may still use it. The process ends by _exit().
    auto& bench = *new Bench(plugin, profile, check.name, dir);
    check.run(bench);
    if (!bench.warnings.empty()) {
      out.status = Status::warning;
      out.why = bench.warnings.front();
    }
  } catch (const Finding& finding) {
    out.status = finding.status();
    out.why = finding.what();
  } catch (const std::exception& e) {
    out.status = Status::failed;
    out.why = e.what();
  }
  return out;
}

[[noreturn]] void run_child(const std::string& path, const Profile& profile, const Check& check, const fs::Dir& dir,
                            int out) {
  plugin::prepare_child();
  const auto outcome = tried(path, profile, check, dir);
  const json report = {{"status", static_cast<int>(outcome.status)}, {"why", outcome.why}};
  const std::string line = report.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, kReportMax) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = ::write(out, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  ::_exit(0);  // no destructors of foreign code
}

struct Job {
  const Check* check;
  const Profile* profile;
  pid_t child = -1;
  int fd = -1;
  std::int64_t deadline = 0;
  std::string line;
  std::optional<Outcome> outcome;
};

void start(Job& job, const std::string& path, const fs::Dir& dir, std::int64_t deadline_ms) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw io_error(errno, "cannot make a pipe for a check");
  job.deadline = monotonic_ms() + deadline_ms;
  job.child = ::fork();
  if (job.child < 0) {
    const int error_number = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    throw io_error(error_number, "cannot start a process for a check");
  }
  if (job.child == 0) run_child(path, *job.profile, *job.check, dir, ends[1]);
  ::setpgid(job.child, job.child);  // both sides set it: whoever comes first
  ::close(ends[1]);
  job.fd = ends[0];
}

void judge(Job& job, int status, bool late, std::int64_t deadline_ms) {
  Outcome out{job.check->name, job.profile->name, Status::failed, ""};
  const json report = json::parse(job.line, nullptr, false);
  if (report.is_object() && report.contains("status")) {
    out.status = static_cast<Status>(report.at("status").get<int>());
    out.why = report.at("why").get<std::string>();
  } else if (late) {
    out.why = fmt::format("it had not come to an end after {} s", deadline_ms / 1000);
  } else {
    const auto ending = plugin::ending(status);
    if (ending.starts_with("crashed")) out.status = Status::crashed;
    out.why = "the plugin " + ending;
  }
  out.why = printable(out.why, kWhyMax);
  job.outcome = std::move(out);
}

// Reads what a child says; true when it has ended, or its time is over.
bool look_at(Job& job, bool readable, std::int64_t deadline_ms) {
  bool ended = false;
  if (readable) {
    std::array<char, 4096> part{};
    const ssize_t n = ::read(job.fd, part.data(), part.size());
    if (n > 0) job.line.append(part.data(), static_cast<std::size_t>(n));
    ended = (n == 0) || (n < 0 && errno != EINTR) || (!job.line.empty() && job.line.back() == '\n') ||
            job.line.size() > kReportMax;
  }
  const bool late = !ended && monotonic_ms() >= job.deadline;
  if (!ended && !late) return false;
  ::close(job.fd);
  judge(job, plugin::reap(job.child), late, deadline_ms);
  return true;
}

void wait_for_some(std::vector<Job*>& running, std::int64_t deadline_ms) {
  std::vector<pollfd> wait;
  std::int64_t next = running.front()->deadline;
  for (const auto* job : running) {
    wait.push_back({job->fd, POLLIN, 0});
    next = std::min(next, job->deadline);
  }
  const auto left = std::clamp<std::int64_t>(next - monotonic_ms(), 0, 3'600'000);
  if (::poll(wait.data(), wait.size(), static_cast<int>(left)) < 0 && errno != EINTR)
    throw io_error(errno, "cannot wait for a check");
  std::vector<Job*> still;
  for (std::size_t i = 0; i < running.size(); ++i)
    if (!look_at(*running[i], wait[i].revents != 0, deadline_ms)) still.push_back(running[i]);
  running = std::move(still);
}

}  // namespace

bool fits(const std::string& name, const std::string& pattern) {
  const auto star = pattern.find('*');
  if (star == std::string::npos) return name == pattern;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  const auto rest = pattern.substr(star + 1);
  for (auto at = star; at <= name.size(); ++at)
    if (fits(name.substr(at), rest)) return true;
  return false;
}

void run_checks(const std::string& path, const plugin::Plugin& plugin, const std::vector<Profile>& profiles,
                const RunnerOptions& options, const std::function<void(const Outcome&)>& tell) {
  std::deque<Job> jobs;
  for (const auto& profile : profiles) {
    stage_of(profile, plugin, {}, {}, false);  // said once, not by each check
    for (const auto& check : source_checks())
      if (options.only.empty() || fits(check.name, options.only)) jobs.push_back({&check, &profile, -1, -1, 0, "", {}});
  }
  if (jobs.empty())
    throw Error(Exit::usage, fmt::format("no check has the name \"{}\"; see docs/reference/conformance.md.",
                                         printable(options.only)));
  const Scratch scratch;
  std::vector<Job*> running;
  std::size_t next = 0;
  for (std::size_t told = 0; told < jobs.size();) {
    while (next < jobs.size() && running.size() < options.at_once) {
      start(jobs[next], path, scratch.dir.sub(std::to_string(next)), options.deadline_ms);
      running.push_back(&jobs[next++]);
    }
    if (!running.empty()) wait_for_some(running, options.deadline_ms);
    for (; told < jobs.size() && jobs[told].outcome; ++told) tell(*jobs[told].outcome);
  }
}

}  // namespace signalfoundry::conformance
