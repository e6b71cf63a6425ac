// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace signalfoundry {

namespace {
const char* advice(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "Free space or inodes on that file system.";
    case EACCES:
    case EPERM:
      return "Check owner and mode; a run has to write there, and who looks has to read it.";
    case ENOTDIR:
      return "It, or a part of its path, is no directory; name one (--state DIR, or state in the pipeline).";
    case EROFS:
      return "The file system is mounted read-only.";
    case EMFILE:
    case ENFILE:
      return "Raise the limit of open files (ulimit -n).";
    case EIO:
      return "The device reports an error; look at the kernel's log.";
    default:
      return "Nothing was lost; the next run tries again.";
  }
}
}  // namespace

Error io_error(int error_number, const std::string& what) {
  const bool create = error_number == EACCES || error_number == EROFS || error_number == ENOSPC ||
                      error_number == EDQUOT || error_number == EPERM;
  return {create ? Exit::cant_create : Exit::io,
          fmt::format("{}: {}. {}", what, std::generic_category().message(error_number), advice(error_number))};
}

}  // namespace signalfoundry
