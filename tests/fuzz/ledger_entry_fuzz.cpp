// SPDX-License-Identifier: Apache-2.0
//
// Goal: no bytes confuse the check of a ledger entry; what passes is an entry whose hash fits, and no other text of it
// does.
#include <cstdlib>

#include "base/digest.hpp"
#include "store/ledger.hpp"

using namespace signalfoundry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto link = store::check_entry(line)) {
    const std::string body = std::string(line.substr(0, line.size() - 75)) + "}";
    if (sha256_hex(body) != link->hash || link->prev.size() != 64) std::abort();
  }
  // Whatever a plugin's fields hold, an entry that is made passes, and one changed byte is seen.
  std::string hash;
  const std::string prev(64, 'a');
  const auto seq = static_cast<std::int64_t>(size);
  std::string made = store::make_entry({seq, 1'726'653'704'788, "run", "pack", "", line, prev}, hash);
  const auto link = store::check_entry(made);
  if (!link || link->seq != seq || link->prev != prev || link->hash != hash) std::abort();
  char& byte = made[size == 0 ? 0 : data[0] % made.size()];
  byte = static_cast<char>(byte ^ (size < 2 || data[1] == 0 ? 1 : data[1]));
  if (store::check_entry(made)) std::abort();
  return 0;
}
