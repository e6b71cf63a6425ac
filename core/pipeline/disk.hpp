// SPDX-License-Identifier: Apache-2.0
//
// disk.hpp - how full the file system of the state directory is, against the marks of [disk].
//
// Nothing of ours may fill the disk silently: below the low mark no source is asked for more, below the critical one no
// batch is begun. [any-thread]
#pragma once
#include <cstdint>
#include <string>

#include "config/pipeline_config.hpp"
#include "fs/dir.hpp"

namespace signalfoundry::pipeline {

enum class Pressure : std::uint8_t { none, low, critical };
const char* pressure_name(Pressure pressure);  // "none", "low", "critical"

struct Disk {
  std::uint64_t bytes_free = 0;
  std::uint64_t inodes_free = 0;  // UINT64_MAX: this file system has no limit
  Pressure pressure = Pressure::none;
  std::string why;  // "12 MiB are free on the file system of /var/lib/sf, and [disk] low_mib is 128"; "" for none
};

// Throws Error(io) when the file system cannot be asked.
Disk look_at_disk(const fs::Dir& state, const config::DiskMarks& marks);

}  // namespace signalfoundry::pipeline
