// SPDX-License-Identifier: Apache-2.0
//
// library_file.hpp - a plugin's file before its code runs: whose it is, what it is, and its bytes. [any-thread]
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace signalfoundry::plugin {

constexpr std::string_view kSuffix = ".sfplugin.so";

// The gate's way to say no: "/dir/x.sfplugin.so: reason. Advice." with exit 78.
Error refusal(const std::string& path, const std::string& reason, const std::string& advice);

// What was read, and how the file would be known again.
struct LibraryFile {
  std::string bytes;
  dev_t dev = 0;
  ino_t ino = 0;
  std::int64_t mtime_ns = 0;
};
// Reads the file once; what was read is what is hashed and checked. Throws a refusal when it is missing, not named
// *.sfplugin.so, no regular file, unreadable, larger than 512 MiB, or when it or its directory is not to be trusted.
LibraryFile read_library(const std::string& path);

// Why a plugin in the directory that is open as `dir_fd` is not even looked at, as a sentence; "" when there is no
// reason. Never opens a fifo or device.
std::string why_left_out(int dir_fd, const std::string& path);

// A whole shared library for this machine, by its own headers; throws a refusal otherwise. dlopen is not asked: it dies
// of SIGBUS on a file that is cut short.
void check_elf(const std::string& path, std::string_view bytes);

}  // namespace signalfoundry::plugin
