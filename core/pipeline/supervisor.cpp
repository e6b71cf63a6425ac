// SPDX-License-Identifier: Apache-2.0
#include "pipeline/supervisor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/behind.hpp"
#include "pipeline/crash_note.hpp"
#include "pipeline/delivery.hpp"
#include "pipeline/lease.hpp"
#include "pipeline/run.hpp"
#include "plugin/loader.hpp"
#include "queue/queue.hpp"

namespace signalfoundry::pipeline {

namespace {

std::atomic<bool> stop{false};
volatile pid_t worker = 0;

void on_stop(int number) {
  stop.store(true);
  if (worker > 0) ::kill(worker, number);
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop;  // no SA_RESTART: waits end
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(number, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool has_ledger(const queue::StateDir& dirs) {
  return dirs.root.has("state.db");
}

// A history without a ledger is how a lost ledger is known: none is begun by a first run that died before it had one.
void append_history(const queue::StateDir& dirs, const Report& report) {
  if (has_ledger(dirs)) dirs.root.append("heartbeat-history.jsonl", report.json().dump() + "\n");
}

void keep_history(const queue::StateDir& dirs, const Report& report) noexcept {
  try {
    append_history(dirs, report);
  } catch (const std::exception& e) {
    log::error("run", e.what());
  }
}

void write_heartbeat(const queue::StateDir& dirs, const Report& report, bool history) {
  dirs.root.write_file("heartbeat.json", report.json().dump(2) + "\n");
  if (history) append_history(dirs, report);
}

// The heartbeat of a run that failed. Where it cannot be written, either, the report still goes to whoever started the
// run.
void leave_heartbeat(const queue::StateDir& dirs, const OrderedJson& json) noexcept {
  try {
    dirs.root.write_file("heartbeat.json", json.dump(2) + "\n");
  } catch (const std::exception& e) {
    log::error("run", e.what());
  }
}

// `dirs`: what the last heartbeat says stands until it is renewed.
Report new_report(const config::PipelineConfig& config, const queue::StateDir* dirs) {
  Report report;
  report.start();
  report.pipeline = config.name;
  try {
    if (dirs != nullptr) report.carry(books::last_heartbeat(*dirs));
  } catch (const Error& e) {
    log::warn("run", e.what());
  }
  return report;
}

// What of a report the worker hands to its parent: the JSON, and the exit code.
struct Outcome {
  OrderedJson json;
  Report report;
};

void show_progress(const Report& report, const queue::Queue& queue) {
  const auto& c = report.counts;
  const std::string line =
      fmt::format("\r{} triaged, {} escalated, {} in quarantine, {} waiting   ", c[store::Count::triaged],
                  c[store::Count::escalated], c[store::Count::quarantined], queue.depth());
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

// The run in which a part of an earlier report was renewed last; "": never.
std::string as_of(const Json& report, const char* part) {
  const Json& section = report.at(part);
  const Json& run = section.contains("as_of_run_id") ? section.at("as_of_run_id") : report.at("run_id");
  return run.is_string() ? run.get<std::string>() : std::string();
}

// A run that could not be done at all: said in the history and to the parent. One that lost its lease writes nothing.
Exit not_done(const queue::StateDir& dirs, Report& report, const Error& error, int result_fd) {
  log::error("run", error.what());
  report.blame("", error.what(), error.code(), true);
  if (error.code() != Exit::locked) keep_history(dirs, report);
  const std::string text = report.json().dump();
  return ::write(result_fd, text.data(), text.size()) < 0 ? Exit::internal : error.code();
}

// The worker process. Never returns.
[[noreturn]] void work(const config::PipelineConfig& config, const RunOptions& options, const queue::StateDir& dirs,
                       const Lease& lease, Report report, bool first_run, int result_fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  CrashNote::shared().install_handlers();
  Exit code = Exit::internal;
  try {
    std::vector<const plugin::Plugin*> plugins;
    for (const auto& stage : config.stages) {
      const Doing doing(stage.name, stage.plugin, "load");
      plugins.push_back(&plugin::load(plugin::find(stage.plugin, options.plugin_path)));
    }
    queue::Queue queue(dirs);
    lease.check();
    const auto store = store::Store::open(config.state, first_run);
    lease.guard(*store);
    report.epoch = lease.epoch();
    if (const auto wrong = books::behind(report.head, *store); !wrong.empty()) throw Error(Exit::io, wrong);
    CrashNote::shared().set_totals(store->totals());
    if (const auto last = store->runs(1); !last.empty()) {
      const Json before = Json::parse(last[0].report, nullptr, false);
      if (before.is_object()) {
        report.reconciled_run = as_of(before, "reconcile");
        report.polled_run = as_of(before, "poll");
        for (const auto& stage : config.stages) report.carry_parts(before, stage.name);
      }
    }
    {
      Run run(config, plugins, queue, *store, report, stop, [&] {
        if (options.progress) show_progress(report, queue);
      });
      run.execute(options.drain, options.try_refused);
    }
    if (options.progress && ::write(STDERR_FILENO, "\n", 1) < 0) report.left_alone += 0;
    const auto json = report.json();
    store->begin();
    store->put_run({report.run_id, report.status, json.dump()});
    store->commit();
    write_heartbeat(dirs, report, !report.ended);
    const std::string text = json.dump();
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t n = ::write(result_fd, text.data() + at, text.size() - at);
      if (n <= 0 && errno != EINTR) break;
      if (n > 0) at += static_cast<std::size_t>(n);
    }
    code = report.exit;
  } catch (const Error& e) {
    code = not_done(dirs, report, e, result_fd);
  } catch (const std::exception& e) {
    code = not_done(dirs, report, Error(Exit::internal, std::string("internal error: ") + e.what()), result_fd);
  }
  CrashNote::shared().set_finished(code);
  ::_exit(static_cast<int>(code));
}

std::string read_all(int fd) {
  std::string out;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

std::string death_of(int status, const CrashNote& note) {
  std::string how = WIFSIGNALED(status) ? fmt::format("crashed with {}", ::strsignal(WTERMSIG(status)))
                                        : fmt::format("ended the process with exit({})", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) how += fmt::format(" (signal {})", WTERMSIG(status));
  std::string out = note.stage().empty()
                        ? "the worker " + how
                        : fmt::format("stage \"{}\" (plugin {}, {}) {}", note.stage(), note.plugin(), note.hook(), how);
  if (!note.file().empty())
    out += fmt::format(" on the {} \"{}\"", note.hook() == "notify" ? "message" : "alert of", printable(note.file()));
  return out + ". No alert was lost: what was under way is taken up by the next run.";
}

// A plugin that crashes on everything proves nothing about this alert or message: it is never what makes the attempts
// enough.
void count_crash(store::Store& store, const CrashNote& note) {
  if (note.file().empty()) return;
  if (note.hook() == "notify") return Delivery::count_crash(store, note.file(), note.delivered());
  const auto before = store.attempted();
  const auto it = before.find(note.file());
  if (note.decided() || it == before.end() || it->second + 1 < kAttemptsMax) store.add_attempt(note.file());
}

// After a worker that died: what the books say, and who is to blame. Throws Error(locked).
void report_death(Report& report, const config::PipelineConfig& config, const queue::StateDir& dirs, const Lease& lease,
                  int status) {
  const auto& note = CrashNote::shared();
  report.finish();
  report.blame(note.stage(), death_of(status, note), Exit::internal, true);
  log::error("run", report.error);
  try {
    queue::Queue queue(dirs);
    report.look_at(queue);
    const auto store = store::Store::open(config.state, false);
    lease.guard(*store);
    report.epoch = lease.epoch();
    report.look_at(store->totals(), store->head());
    if (const auto before = note.totals()) report.counts = report.totals - *before;
    report.outbox = store->outbox_size();
    store->begin();
    count_crash(*store, note);
    store->put_run({report.run_id, report.status, report.json().dump()});
    store->commit();
  } catch (const Error& e) {
    if (e.code() == Exit::locked) throw;
    log::error("run", e.what());
  }
}

// Throws Error(locked) when the lease is lost before or after the worker; nothing is written then.
Outcome run_once(const config::PipelineConfig& config, const RunOptions& options, const queue::StateDir& dirs,
                 const Lease& lease, bool first_run) {
  Outcome out{{}, new_report(config, &dirs)};
  Report& report = out.report;
  report.epoch = lease.epoch();
  lease.check();
  write_heartbeat(dirs, report, false);
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) throw io_error(errno, "cannot make a pipe");
  CrashNote::shared().begin();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    const int why = errno;
    for (const int fd : pipe_fds) ::close(fd);
    throw io_error(why, "cannot start the worker");
  }
  if (child == 0) {
    ::close(pipe_fds[0]);
    if (::getppid() != parent) ::_exit(static_cast<int>(Exit::internal));
    work(config, options, dirs, lease, report, first_run, pipe_fds[1]);
  }
  worker = child;
  if (stop.load()) ::kill(child, SIGTERM);
  ::close(pipe_fds[1]);
  const std::string text = read_all(pipe_fds[0]);
  ::close(pipe_fds[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  worker = 0;
  out.json = OrderedJson::parse(text, nullptr, false);
  if (CrashNote::shared().finished() && out.json.is_object()) {
    report.status = out.json.value("status", "failed");
    report.exit = static_cast<Exit>(WEXITSTATUS(status));
    const bool said = report.status == "ok" || report.status == "degraded" || report.exit == Exit::locked;
    if (!said) leave_heartbeat(dirs, out.json);
    return out;
  }
  report_death(report, config, dirs, lease, status);
  out.json = report.json();
  leave_heartbeat(dirs, out.json);
  keep_history(dirs, report);
  return out;
}

// Instead of a run: there was a ledger, and now there is none.
Outcome without_ledger(const config::PipelineConfig& config, const queue::StateDir& dirs) {
  Outcome out{{}, new_report(config, &dirs)};
  out.report.finish();
  out.report.blame(
      "",
      "state.db is missing from " + config.state + ", but alerts were recorded there before. " + store::kHowToGetItBack,
      Exit::io, true);
  out.json = out.report.json();
  log::error("run", out.report.error);
  leave_heartbeat(dirs, out.json);
  return out;
}

// Instead of a run: another one is under way. The heartbeat is that one's.
Exit step_aside(const config::PipelineConfig& config, const queue::StateDir& dirs, const Show& show) {
  Report report = new_report(config, &dirs);
  report.status = "skipped_locked";
  report.finish();
  report.error = fmt::format("another run holds the lock of {} ({}). Wait for it, or start with --standby.",
                             printable(config.state), Lease::holder(dirs));
  report.exit = Exit::locked;
  append_history(dirs, report);
  log::error("run", report.error);
  show(report, report.json());
  return Exit::locked;
}

// One run; where its lease is lost, what it says of that and nothing on disk. At a cadence a run that could not even be
// begun, as on a full disk, is one that failed: the next one is tried. Throws Error otherwise.
Outcome run_or_lose(const config::PipelineConfig& config, const RunOptions& options, const queue::StateDir& dirs,
                    const Lease& lease) {
  try {
    lease.check();
    const bool first_run = !has_ledger(dirs);
    return first_run && dirs.has_history() ? without_ledger(config, dirs)
                                           : run_once(config, options, dirs, lease, first_run);
  } catch (const Error& e) {
    if (e.code() != Exit::locked && options.every_ms == 0) throw;
    log::error("run", e.what());
    Outcome out{{}, new_report(config, &dirs)};
    out.report.finish();
    out.report.epoch = lease.epoch();
    out.report.blame("", e.what(), e.code(), true);
    out.json = out.report.json();
    if (e.code() != Exit::locked) {
      leave_heartbeat(dirs, out.json);
      keep_history(dirs, out.report);
    }
    return out;
  }
}

// Once, or at the cadence until a signal comes or the lease is lost; gives the exit code of the last run.
Exit run_as_holder(const config::PipelineConfig& config, const RunOptions& options, const queue::StateDir& dirs,
                   const Lease& lease, const Show& show) {
  Exit exit = Exit::ok;
  RunOptions now = options;
  do {
    const auto started = monotonic_ms();
    const auto outcome = run_or_lose(config, now, dirs, lease);
    now.try_refused = false;
    exit = outcome.report.exit;
    show(outcome.report, outcome.json);
    while (options.every_ms > 0 && exit != Exit::locked && !stop.load()) {
      const auto left = started + options.every_ms - monotonic_ms();
      if (left <= 0) break;
      ::poll(nullptr, 0, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    }
  } while (options.every_ms > 0 && exit != Exit::locked && !stop.load());
  return exit;
}

}  // namespace

Exit supervise(const config::PipelineConfig& config, const RunOptions& options, const Show& show) {
  catch_signals();
  const auto dirs = queue::StateDir::open(config.state);
  Exit exit = Exit::ok;
  do {
    const Report first = new_report(config, nullptr);
    const auto lease = options.standby ? Lease::wait(dirs, first.run_id, stop) : Lease::try_take(dirs, first.run_id);
    if (!lease && options.standby) return Exit::ok;  // told to stop while it waited
    if (!lease) return step_aside(config, dirs, show);
    exit = run_as_holder(config, options, dirs, *lease, show);
  } while (exit == Exit::locked && options.standby && !stop.load());
  return options.every_ms > 0 && stop.load() ? Exit::ok : exit;
}

Report refuse(const config::PipelineConfig& config, const std::string& stage, const std::string& sentence) {
  Report report = new_report(config, nullptr);
  report.finish();
  report.blame(stage, sentence, Exit::config, true);
  for (const auto& known : config.stages)
    if (known.name == stage) report.stage(stage).plugin = known.plugin;
  if (config.state.empty() || !fs::Dir::open(config.state)) return report;
  const auto dirs = queue::StateDir::open(config.state);
  report.carry(books::last_heartbeat(dirs));
  queue::Queue queue(dirs);
  report.look_at(queue);
  if (const auto lease = Lease::try_take(dirs, report.run_id)) write_heartbeat(dirs, report, true);
  return report;
}

}  // namespace signalfoundry::pipeline
