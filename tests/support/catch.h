// SPDX-License-Identifier: Apache-2.0
//
// catch.h - Catch2 by one name, whether version 2 (Debian 12) or 3 is installed. The program's main is main.cpp.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
namespace Catch::Matchers {
inline auto ContainsSubstring(const std::string& text) {
  return Catch::Matchers::Contains(text);
}
}  // namespace Catch::Matchers
using Catch::Matchers::ContainsSubstring;
#endif
