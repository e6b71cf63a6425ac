// SPDX-License-Identifier: Apache-2.0
//
// Goal: a name that is taken for ours is exactly the one that we would have written; a safe name is safe.
#include <cstdlib>

#include "queue/queue.hpp"

using namespace signalfoundry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto name = queue::parse_name(text)) {
    Alert alert;
    alert.level = name->severity;
    alert.time_ms = name->time_ms;
    alert.group = name->group;
    alert.key = name->key;
    if (name->severity < 0 || name->severity > 15 || queue::make_name(alert) != text) std::abort();
  }
  const std::string safe = queue::safe_name(text);
  if (!fs::valid_name(safe) || safe.size() > 80 || safe.front() == '.' || queue::safe_name(safe) != safe) std::abort();
  return 0;
}
