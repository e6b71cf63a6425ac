// SPDX-License-Identifier: Apache-2.0
#include "pipeline/disk.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace signalfoundry::pipeline {

const char* pressure_name(Pressure pressure) {
  switch (pressure) {
    case Pressure::low:
      return "low";
    case Pressure::critical:
      return "critical";
    default:
      return "none";
  }
}

Disk look_at_disk(const fs::Dir& state, const config::DiskMarks& marks) {
  const auto space = state.space();
  Disk out{space.bytes_free, space.inodes_free, Pressure::none, {}};
  const auto check = [&](Pressure pressure, const char* key, std::uint64_t free, std::uint64_t mark, const char* unit) {
    if (free >= mark || pressure <= out.pressure) return;
    out.pressure = pressure;
    out.why = fmt::format("only {} {} of space are free on the file system of {}, and [disk] {} is {}", free, unit,
                          printable(state.path()), key, mark);
  };
  check(Pressure::critical, "critical_mib", space.bytes_free >> 20U, marks.critical_mib, "MiB");
  check(Pressure::critical, "critical_inodes", space.inodes_free, marks.critical_inodes, "inodes");
  check(Pressure::low, "low_mib", space.bytes_free >> 20U, marks.low_mib, "MiB");
  check(Pressure::low, "low_inodes", space.inodes_free, marks.low_inodes, "inodes");
  return out;
}

}  // namespace signalfoundry::pipeline
