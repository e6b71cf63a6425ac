// SPDX-License-Identifier: Apache-2.0
//
// joined.hpp - texts put one after the other by the compiler: settings that several plugins share. [any-thread]
#pragma once
#include <array>
#include <cstddef>
#include <string_view>

namespace shared {

// Joined<a, b, c>::text: a zero-terminated string of static storage, as a plugin's descriptor wants it.
template <const std::string_view&... parts>
struct Joined {
  static constexpr auto bytes = [] {
    std::array<char, (parts.size() + ... + 1)> out{};
    std::size_t at = 0;
    const auto append = [&](std::string_view part) {
      for (const char c : part) out.at(at++) = c;
    };
    (append(parts), ...);
    return out;
  }();
  static constexpr const char* text = bytes.data();
};

}  // namespace shared
