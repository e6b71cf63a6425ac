// SPDX-License-Identifier: Apache-2.0
#include "hostile.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace {

namespace stdfs = std::filesystem;

struct State {
  Turn::Plan plan;
  unsigned calls = 0;
  std::string struck;
  std::string call;
  bool counts = false;  // false also while the neighbour itself is at work
};
State state;

// The path of a name below a descriptor, or of the descriptor itself; "" where there is none any more.
std::string path_of(int fd, const char* name) {
  if (name != nullptr && name[0] == '/') return name;
  if (fd < 0) return "";
  std::array<char, 4096> link{};
  const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), link.data(), link.size());
  std::string path(link.data(), n < 0 ? 0 : static_cast<std::size_t>(n));
  if (path.empty() || path[0] != '/' || path.ends_with(" (deleted)")) return "";
  return name == nullptr || std::string(name) == "." ? path : path + "/" + name;
}

bool inside(const std::string& path) {
  return path.starts_with(state.plan.root + "/");
}

void put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void need(int result) {
  if (result != 0) throw std::runtime_error("the hostile neighbour itself failed at " + state.struck);
}

void act(const std::string& path) {
  std::error_code ignored;
  const bool folder = stdfs::is_directory(stdfs::symlink_status(path, ignored));
  const auto clear = [&] { stdfs::remove_all(path, ignored); };
  switch (state.plan.action) {
    case Action::unlink:
      return clear();
    case Action::replace:
      clear();
      return put(path, "a foreign file\n");
    case Action::truncate:
      if (!folder && ::truncate(path.c_str(), 0) != 0) put(path, "");
      return;
    case Action::grow:
      if (folder) return put(path + "/grown", "more");
      std::ofstream(path, std::ios::binary | std::ios::app) << std::string(3U << 20U, 'g');
      return;
    case Action::link_to_file:
      clear();
      return need(::symlink((state.plan.outside + "/secret").c_str(), path.c_str()));
    case Action::link_to_dir:
      clear();
      return need(::symlink((state.plan.outside + "/folder").c_str(), path.c_str()));
    case Action::fifo:
      clear();
      return need(::mkfifo(path.c_str(), 0600));
    case Action::directory:
      clear();
      need(::mkdir(path.c_str(), 0700));
      return put(path + "/in-it", "foreign");
    case Action::swap_parent: {
      const std::string parent = path.substr(0, path.find_last_of('/'));
      need(::rename(parent.c_str(), state.plan.away.c_str()));
      return need(::symlink((state.plan.outside + "/folder").c_str(), parent.c_str()));
    }
  }
}

void strike(const char* call, const std::string& first, const std::string& second) {
  const std::string& path = state.plan.victim == Victim::first    ? first
                            : state.plan.victim == Victim::second ? second
                                                                  : state.plan.subject;
  const bool again = state.plan.victim == Victim::subject && (path == first || path == second);
  if (!inside(path) || again) return;
  const std::string parent = path.substr(0, path.find_last_of('/'));
  std::error_code ignored;
  if (!stdfs::is_directory(parent, ignored)) return;  // what held it is gone
  state.struck = path;
  state.call = call;
  act(path);
}

}  // namespace

extern "C" void meet_call(const char* call, int fd, const char* name, int to_fd, const char* to_name);
extern "C" void meet_call(const char* call, int fd, const char* name, int to_fd, const char* to_name) {
  if (!state.counts) return;
  const int before = errno;
  state.counts = false;
  if (++state.calls == state.plan.at) strike(call, path_of(fd, name), path_of(to_fd, to_name));
  state.counts = true;
  errno = before;
}

const std::vector<Action>& all_actions() {
  static const std::vector<Action> all = {Action::unlink, Action::replace,      Action::truncate,
                                          Action::grow,   Action::link_to_file, Action::link_to_dir,
                                          Action::fifo,   Action::directory,    Action::swap_parent};
  return all;
}

const char* action_name(Action action) {
  static const char* const names[] = {"unlink",      "replace", "truncate",  "grow",       "link_to_file",
                                      "link_to_dir", "fifo",    "directory", "swap_parent"};
  return names[static_cast<int>(action)];
}

Turn::Turn(Plan plan) {
  state = State{};
  state.plan = std::move(plan);
  state.counts = true;
}
Turn::~Turn() {
  state.counts = false;
}
unsigned Turn::calls() const {
  return state.calls;
}
const std::string& Turn::struck() const {
  return state.struck;
}
const std::string& Turn::call() const {
  return state.call;
}
