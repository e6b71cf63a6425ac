// SPDX-License-Identifier: Apache-2.0
//
// alert_file.hpp - a SIEM's log of alerts, written and rotated as SIEMs and logrotate do. One thread.
//
// It stands for another program: it writes files in ways that core/fs does not, which never leaves half a line.
#pragma once
#include <string>

#include "fs/dir.hpp"

namespace signalfoundry::conformance {

class AlertFile {
 public:
  AlertFile(fs::Dir dir, std::string name) : dir_(std::move(dir)), name_(std::move(name)) {}

  std::string path() const { return dir_.path() + "/" + name_; }
  // Appends bytes, making the file where it is missing. Throws Error(io).
  void write(const std::string& bytes) const;
  // Cuts it to nothing, as copytruncate does.
  void cut() const;
  // Renames it to `to` beside it; the next write() makes a new one.
  void rotate(const std::string& to) const;
  void rename_other(const std::string& from, const std::string& to) const;
  void remove(const std::string& name) const { dir_.remove(name); }
  void remove() const { dir_.remove(name_); }
  const fs::Dir& dir() const { return dir_; }
  const std::string& name() const { return name_; }
  std::uint64_t inode() const;  // 0: it is not there

 private:
  fs::Dir dir_;
  std::string name_;
};

}  // namespace signalfoundry::conformance
