// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever a neighbour with write access does between any two system calls of a helper, the helper gives an
// observation or an Error, nothing outside the directory is read or changed, and no descriptor or file is left over.
//
// A point is (helper, N-th call, what is done, to which name). All points are done, each in a directory of its own.
// SF_COUNTERS: a file that gets a line for each sweep. SF_POINT="HELPER/N": only these.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "hostile.hpp"
#include "scene.hpp"
#include "support/catch.h"

namespace {

constexpr unsigned kHangS = 20;
char under_way[256];  // for the handler

// The sandboxes lie in memory where there is room: what is tried here is neighbours, not power.
const bool in_memory = [] {
  return std::getenv("TMPDIR") == nullptr && ::access("/dev/shm", W_OK) == 0 && ::setenv("TMPDIR", "/dev/shm", 0) == 0;
}();

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

// What came of a call: its outcome, "NN: sentence" of an Error, "not an Error: …".
std::string outcome_of(const Case& one, Scene& scene) {
  try {
    return one.call(scene);
  } catch (const signalfoundry::Error& e) {
    return fmt::format("{}: {}", static_cast<int>(e.code()), e.what());
  } catch (const std::exception& e) {
    return std::string("not an Error: ") + e.what();
  } catch (...) {
    return "not an Error: no std::exception";
  }
}

struct Point {
  unsigned calls = 0;  // that the helper made
  bool struck = false;
  std::string what;  // the point and its outcome
  std::vector<std::string> wrong;
};

Point run_point(const Case& one, unsigned at, Action action, Victim victim) {
  Point out;
  const auto before = open_descriptors();
  {
    Scene scene;
    one.prepare(scene);
    std::string outcome;
    std::string struck;
    {
      const Turn turn({at, action, victim, scene.root(), scene.outside(), scene.away(), scene.in(one.subject)});
      outcome = outcome_of(one, scene);
      out.calls = turn.calls();
      struck = turn.struck();
      out.what = fmt::format("{}/{} before {}: {} {} -> {}", one.name, at, turn.call(), action_name(action), struck,
                             outcome.substr(0, 300));
    }
    out.struck = !struck.empty();
    out.wrong = scene.wrong(outcome, struck, one.follows);
  }
  if (const auto after = open_descriptors(); after != before)
    out.wrong.push_back(fmt::format("{} descriptors before, {} after", before, after));
  return out;
}

bool wanted(const Case& one, unsigned at) {
  if (at < one.from) return false;
  const char* only = std::getenv("SF_POINT");
  return only == nullptr || fmt::format("{}/{}", one.name, at) == only;
}

struct Sum {
  std::uint64_t points = 0;
  std::uint64_t failures = 0;
};

// All points of one helper: the N-th call, until a run makes no N-th call any more. Gives `found` what is wrong.
Sum sweep_case(const Case& one, std::vector<std::string>& found) {
  Sum sum;
  const Point plain = run_point(one, 0, Action::unlink, Victim::first);
  INFO(plain.what);
  CHECK(plain.calls > 0);
  CHECK(plain.wrong.empty());
  unsigned most = plain.calls;
  for (unsigned at = 1; at <= most; ++at)
    for (const Action action : all_actions())
      for (const Victim victim : {Victim::first, Victim::second, Victim::subject}) {
        if (!wanted(one, at)) continue;
        fmt::format_to_n(under_way, sizeof under_way - 1, "{}/{} {} hangs\n", one.name, at, action_name(action));
        ::alarm(kHangS);
        const Point point = run_point(one, at, action, victim);
        ::alarm(0);
        most = std::max(most, std::min(point.calls, 2 * plain.calls));
        if (!point.struck) continue;
        ++sum.points;
        if (point.wrong.empty()) continue;
        ++sum.failures;
        for (const auto& sentence : point.wrong) found.push_back(point.what + "\n  " + sentence);
      }
  return sum;
}

void sweep(const std::string& name, const std::vector<Case>& cases) {
  struct sigaction hang {};
  hang.sa_handler = [](int) {
    [[maybe_unused]] const auto n = ::write(STDERR_FILENO, under_way, std::char_traits<char>::length(under_way));
    ::_exit(1);
  };
  ::sigaction(SIGALRM, &hang, nullptr);
  const auto started = std::chrono::steady_clock::now();
  Sum all;
  for (const auto& one : cases) {
    std::vector<std::string> found;
    const Sum sum = sweep_case(one, found);
    for (const auto& sentence : found) UNSCOPED_INFO(sentence);
    CHECK(sum.failures == 0);
    all.points += sum.points;
    all.failures += sum.failures;
  }
  CHECK(all.points > (std::getenv("SF_POINT") == nullptr ? 20 * cases.size() : 0));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const std::string line =
      fmt::format(R"({{"sweep":"mover {}","points":{},"lost":0,"doubled":0,"failures":{},"seconds":{:.1f}}})", name,
                  all.points, all.failures, seconds);
  fmt::print("{}\n", line);
  if (const char* counters = std::getenv("SF_COUNTERS")) std::ofstream(counters, std::ios::app) << line << '\n';
}

}  // namespace

TEST_CASE("mover: nothing that happens to a name between two calls of core/fs gets out of the directory") {
  sweep("between the calls of core/fs", dir_cases());
}

TEST_CASE("mover: nor between two calls of the queue") {
  sweep("between the calls of the queue", queue_cases());
}

TEST_CASE("mover: nor between two calls of what plugins get") {
  sweep("between the calls of sf.fs/1", service_cases());
}

TEST_CASE("mover: a copy is of one file, whichever takes its name while it is under way") {
  const std::string old(3U << 20U, 'l');
  std::string copied;
  const Case copy{
      "copy", "d/x", [&](Scene& s) { s.put("d/x", old); },
      [&](Scene& s) {
        const bool done =
            s.d.copy("x", s.to, "y").match([](bool d) { return d; }, [](signalfoundry::fs::Gone) { return false; });
        const auto look = [](signalfoundry::fs::Content&& c) { return std::move(c.bytes); };
        const auto gone = [](signalfoundry::fs::Gone) { return std::string("gone"); };
        copied = done ? s.to.read("y", old.size()).match(look, gone) : "not done";
        return std::string();
      }};
  for (unsigned at = 1; at <= run_point(copy, 0, Action::unlink, Victim::first).calls; ++at) {
    CAPTURE(at);
    const Point point = run_point(copy, at, Action::replace, Victim::subject);
    if (!point.struck) continue;
    const bool one_file = copied == old || copied == "a foreign file\n" || copied == "not done";
    CHECK(one_file);
  }
}

TEST_CASE("mover: a helper that follows a link, leaks, or leaves a file behind is found out") {
  const auto found = [](std::function<std::string(Scene&)> naive) {
    std::vector<std::string> sentences;
    sweep_case({"naive", "d/x", [](Scene& s) { s.put("d/x", "old"); }, std::move(naive)}, sentences);
    std::string all;
    for (const auto& one : sentences) all += one + "\n";
    return all;
  };
  const auto opened = [](Scene& s, int flags) { return ::openat(s.d.fd(), "x", flags | O_CLOEXEC); };
  CHECK_THAT(found([&](Scene& s) {
               char buffer[100];
               const int fd = opened(s, O_RDONLY | O_NONBLOCK);
               const auto n = ::read(fd, buffer, sizeof buffer);
               ::close(fd);
               return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : "";
             }),
             ContainsSubstring("the secret from outside was read"));
  CHECK_THAT(found([&](Scene& s) {
               const int fd = opened(s, O_WRONLY | O_NONBLOCK | O_TRUNC);
               ::close(fd);
               return "";
             }),
             ContainsSubstring("something outside changed"));
  CHECK_THAT(found([&](Scene& s) {
               const int fd = opened(s, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
               struct stat info {};
               if (::fstatat(s.d.fd(), "x", &info, AT_SYMLINK_NOFOLLOW) == 0) ::close(fd);
               return "";
             }),
             ContainsSubstring("descriptors before"));
  CHECK_THAT(found([&](Scene& s) {
               s.d.create_file(".tmp-1", "new");
               const bool there =
                   s.d.stat("x").match([](const auto&) { return true; }, [](signalfoundry::fs::Gone) { return false; });
               if (there) s.d.remove(".tmp-1");
               return "";
             }),
             ContainsSubstring("left over"));
}
