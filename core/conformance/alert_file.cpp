// SPDX-License-Identifier: Apache-2.0
#include "conformance/alert_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"

namespace signalfoundry::conformance {

void AlertFile::write(const std::string& bytes) const {
  const int fd = ::openat(dir_.fd(), name_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) throw io_error(errno, "cannot write " + path());
  const auto written = ::write(fd, bytes.data(), bytes.size());
  const int error = errno;
  ::close(fd);
  if (written != static_cast<ssize_t>(bytes.size())) throw io_error(error, "cannot write " + path());
}

void AlertFile::cut() const {
  const int fd = ::openat(dir_.fd(), name_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) throw io_error(errno, "cannot cut " + path());
  ::close(fd);
}

void AlertFile::rename_other(const std::string& from, const std::string& to) const {
  dir_.move(from, dir_, to).match([](bool done) { return done; }, [](fs::Gone) { return false; });
}

void AlertFile::rotate(const std::string& to) const {
  rename_other(name_, to);
}

std::uint64_t AlertFile::inode() const {
  return dir_.stat(name_).match([](const fs::Info& info) { return info.ino; },
                                [](fs::Gone) { return std::uint64_t{0}; });
}

}  // namespace signalfoundry::conformance
