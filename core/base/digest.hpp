// SPDX-License-Identifier: Apache-2.0
//
// digest.hpp - SHA-256 (FIPS 180-4) and hexadecimal text. [any-thread]
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signalfoundry {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
std::string to_hex(const std::uint8_t* bytes, std::size_t size);  // lower case
inline std::string to_hex(const Sha256& digest) {
  return to_hex(digest.data(), digest.size());
}
inline std::string sha256_hex(std::string_view bytes) {
  return to_hex(sha256(bytes));
}
// Fills `size` bytes from 2 * size hex digits; false when `text` is not that.
bool from_hex(std::string_view text, std::uint8_t* out, std::size_t size);

}  // namespace signalfoundry
