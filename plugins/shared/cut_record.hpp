// SPDX-License-Identifier: Apache-2.0
//
// cut_record.hpp - what quarantine keeps of a record that is too long: its beginning, and a last line that tells it
// from every other with the same beginning. What is kept is the record's identity, so it must be the same whenever and
// under whatever name it is read again. [any-thread]
#pragma once
#include <string>
#include <string_view>

namespace shared {

inline constexpr std::size_t kRejectedKept = std::size_t{64} << 10U;

// `whole` says which record it is: "2000000 bytes, SHA-256 …".
inline std::string cut_record(std::string_view text, std::string_view whole) {
  std::string out(text.substr(0, kRejectedKept));
  return out.append("\n[cut here; the whole is ").append(whole).append("]");
}

}  // namespace shared
