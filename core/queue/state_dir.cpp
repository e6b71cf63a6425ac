// SPDX-License-Identifier: Apache-2.0
#include "queue/state_dir.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"

namespace signalfoundry::queue {

namespace {

dev_t file_system_of(const fs::Dir& dir) {
  struct stat info {};
  if (::fstat(dir.fd(), &info) != 0) throw io_error(errno, "cannot look at " + printable(dir.path()));
  return info.st_dev;
}

}  // namespace

StateDir StateDir::open(const std::string& path) {
  StateDir out;
  out.root = fs::Dir::create(path);
  const dev_t file_system = file_system_of(out.root);
  const std::pair<fs::Dir*, const char*> folders[] = {{&out.queue, "queue"},         {&out.active, "active"},
                                                      {&out.accept, ".accept"},      {&out.staging, ".staging"},
                                                      {&out.processed, "processed"}, {&out.quarantine, "quarantine"},
                                                      {&out.cases, "cases"},         {&out.packs, "packs"}};
  for (const auto& [dir, name] : folders) {
    *dir = out.root.sub(name);
    if (file_system_of(*dir) != file_system)
      throw Error(Exit::config, printable(dir->path()) + " is on another file system than " + printable(path) +
                                    ". Put the whole state directory on one: a move between two is not atomic.");
  }
  for (const auto* own : {&out.active, &out.accept, &out.staging})
    // EPERM: another user's, who decides who may enter it.
    if (::fchmod(own->fd(), 0700) != 0 && errno != EPERM)
      throw io_error(errno, "cannot close " + printable(own->path()) + " to others");
  return out;
}

bool StateDir::has_history() const {
  for (const auto* dir : {&cases, &processed, &packs, &quarantine, &active})
    if (!dir->empty()) return true;
  return root.has("heartbeat-history.jsonl");
}

}  // namespace signalfoundry::queue
