// SPDX-License-Identifier: Apache-2.0
#include "fs/read_path.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include "base/error.hpp"
#include "base/text.hpp"

namespace signalfoundry::fs {

namespace {

struct Descriptor {
  int fd;
  ~Descriptor() { ::close(fd); }
};

std::string quoted(const std::string& path) {
  return fmt::format("\"{}\"", printable(path));
}

Error unreadable(const std::string& path, int error_number) {
  const char* advice = "Look at the disk and the kernel's log.";
  if (error_number == ENOENT || error_number == ENOTDIR) advice = "Create it or correct the path.";
  if (error_number == EACCES || error_number == EPERM) advice = "The user that runs this needs permission to read it.";
  return {Exit::config,
          fmt::format("cannot read {}: {}. {}", quoted(path), std::generic_category().message(error_number), advice)};
}

PathInfo info_of(const struct stat& st) {
  const auto ns = [](const timespec& t) { return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec; };
  return {0,
          S_ISREG(st.st_mode),
          S_ISDIR(st.st_mode),
          static_cast<unsigned>(st.st_mode) & 07777U,
          st.st_dev,
          st.st_ino,
          static_cast<std::uint64_t>(st.st_size),
          ns(st.st_mtim),
          ns(st.st_ctim)};
}

std::string read_all(int fd, const std::string& path, std::uint64_t limit, std::uint64_t expected) {
  std::string bytes;
  bytes.resize(static_cast<std::size_t>(std::min(expected, limit)) + 1);
  std::size_t used = 0;
  for (;;) {
    if (used == bytes.size()) bytes.resize(bytes.size() * 2);
    const ssize_t got = ::read(fd, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw unreadable(path, errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > limit)
      throw Error(Exit::config, fmt::format("{} is larger than {} bytes. Make it smaller, or correct the path.",
                                            quoted(path), limit));
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace

PathInfo path_info(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0) return info_of(st);
  PathInfo info;
  info.error_number = errno;
  return info;
}

bool exists(const std::string& path) {
  return path_info(path).error_number == 0;
}

std::string read_path(const std::string& path, std::uint64_t limit, unsigned refused_mode) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) throw unreadable(path, errno);
  const Descriptor file{fd};
  struct stat st {};
  if (::fstat(fd, &st) != 0) throw unreadable(path, errno);
  const PathInfo info = info_of(st);
  if (!info.regular)
    throw Error(Exit::config, fmt::format("{} is {}. Name a regular file.", quoted(path),
                                          info.directory ? "a directory" : "a fifo, socket or device"));
  if ((info.mode & refused_mode) != 0)
    throw Error(Exit::config, fmt::format("{} may be used by others than its owner and group (mode {:04o}). "
                                          "Take that away with chmod o-rwx.",
                                          quoted(path), info.mode));
  return read_all(fd, path, limit, static_cast<std::uint64_t>(st.st_size));
}

}  // namespace signalfoundry::fs
