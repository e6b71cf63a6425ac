// SPDX-License-Identifier: Apache-2.0
//
// Goal: the marks of [disk] are compared with what the file system says, the worse one counts, 0 is no mark.
#include "pipeline/disk.hpp"

#include "support/catch.h"
#include "support/temp_dir.hpp"

using namespace signalfoundry;
using pipeline::look_at_disk;
using pipeline::Pressure;

TEST_CASE("disk: the worst mark that is not reached says why") {
  const TempDir temp;
  const auto state = fs::Dir::create(temp / "state");
  constexpr std::uint64_t huge = 1U << 30U;  // MiB: a pebibyte
  const auto look = [&](std::uint64_t low, std::uint64_t critical) {
    return look_at_disk(state, {low, 0, critical, 0});
  };
  CHECK(look(0, 0).pressure == Pressure::none);
  CHECK(look(0, 0).why.empty());
  CHECK(look(0, 0).bytes_free > 0);
  CHECK(look(huge, 0).pressure == Pressure::low);
  CHECK_THAT(look(huge, 0).why,
             ContainsSubstring("MiB of space are free") && ContainsSubstring("low_mib is 1073741824"));
  CHECK(look(huge, huge).pressure == Pressure::critical);
  CHECK_THAT(look(huge, huge).why, ContainsSubstring("critical_mib"));
  const auto inodes = look_at_disk(state, {0, UINT64_MAX, 0, 0});
  const bool limited = inodes.inodes_free != UINT64_MAX;
  CHECK(inodes.pressure == (limited ? Pressure::low : Pressure::none));
}
