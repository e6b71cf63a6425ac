// SPDX-License-Identifier: Apache-2.0
//
// api_key.hpp - the secret "api_key" as the value of an Authorization header; wiped at its end. [stage-thread]
#pragma once
#include <strings.h>
#include <signalfoundry/host.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace search {

class ApiKey {
 public:
  ApiKey() = default;
  ApiKey(const ApiKey&) = delete;
  ApiKey& operator=(const ApiKey&) = delete;
  ~ApiKey() { wipe(value_); }

  // "ApiKey …", borrowed from this object. Throws sf::Error(SF_INVALID) for what cannot be one; its text is not shown.
  std::string_view read(const sf::Host& host) {
    auto key = host.secret("api_key").value_or("");
    const bool encoded = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("+/=_-").find(c) != std::string_view::npos;
    });
    wipe(value_);
    value_.reserve(key.size() + 8);
    value_.append("ApiKey ").append(key);
    wipe(key);
    if (!encoded)
      throw sf::Error(SF_INVALID,
                      "api_key is not the encoded form of an API key; write what its creation gave as \"encoded\", "
                      "one line of Base64, not the id and the key");
    return value_;
  }
  // Whether it is another one by now than the one that was read. False where that cannot be one.
  bool replaced(const sf::Host& host) const {
    try {
      ApiKey now;
      return now.read(host) != value_;
    } catch (const sf::Error&) {
      return false;
    }
  }

 private:
  static void wipe(std::string& text) {
    ::explicit_bzero(text.data(), text.size());
    text.clear();
  }

  std::string value_;
};

}  // namespace search
