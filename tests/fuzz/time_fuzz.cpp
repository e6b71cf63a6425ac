// SPDX-License-Identifier: Apache-2.0
//
// Goal: any text is a time or none; a time that is read is written and read back as itself, and durations stay in
// range.
#include <cstdlib>
#include <cstring>

#include "base/time.hpp"

using namespace signalfoundry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = parse_time(text)) {
    const std::string written = rfc3339(*time);
    const auto again = parse_time(written);
    const bool within =
        *time >= -62'135'596'800'000 && *time <= 253'402'300'799'999;  // else its zone leads out of 0001-9999
    if (!again || (within && *again != *time) || date_path(*time).size() != 10) std::abort();
  }
  if (const auto duration = parse_duration(text); duration && (*duration < 0 || *duration > 3'650LL * 86'400'000))
    std::abort();
  std::int64_t any = 0;
  std::memcpy(&any, data, size < sizeof any ? size : sizeof any);
  if (rfc3339(any).size() != 24 || date_path(any).size() != 10 || !parse_time(rfc3339(any))) std::abort();
  return 0;
}
