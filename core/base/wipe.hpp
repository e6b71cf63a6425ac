// SPDX-License-Identifier: Apache-2.0
//
// wipe.hpp - secrets in memory: zeroed as soon as they are no longer needed (docs/adr/0012-secrets.md). [any-thread]
#pragma once
#include <strings.h>

#include <string>

namespace signalfoundry {

// Zeroes every byte that the string has room for, and empties it. No optimiser takes it away.
inline void wipe(std::string& secret) noexcept {
  secret.resize(secret.capacity());
  ::explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

// A string that is zeroed when it goes. What it held before it had to grow is the caller's to wipe: reserve first.
struct Secret {
  std::string text;
  Secret() = default;
  explicit Secret(std::string&& from) : text(std::move(from)) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(text); }
};

}  // namespace signalfoundry
