// SPDX-License-Identifier: Apache-2.0
//
// read_path.hpp - files that an operator names in a configuration, by absolute path. [any-thread]
//
// Unlike dir.hpp this follows symbolic links: the operator chose the path. Never for names that come from alerts.
#pragma once
#include <cstdint>
#include <string>

namespace signalfoundry::fs {

// What stat(2) says, links followed.
struct PathInfo {
  int error_number = 0;  // 0: it is there
  bool regular = false;
  bool directory = false;
  unsigned mode = 0;  // permission bits
  // Which file it is, and which version of it.
  std::uint64_t dev = 0;
  std::uint64_t ino = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
};
PathInfo path_info(const std::string& path);

// False also where the path cannot be looked at; path_info() tells which.
bool exists(const std::string& path);

// A whole regular file. Never waits on a fifo or device. Throws Error(config) when it is missing, unreadable, no
// regular file, larger than `limit` bytes, or has one of the permission bits `refused_mode`.
std::string read_path(const std::string& path, std::uint64_t limit, unsigned refused_mode = 0);

}  // namespace signalfoundry::fs
