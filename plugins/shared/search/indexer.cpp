// SPDX-License-Identifier: Apache-2.0
#include "indexer.hpp"

#include <algorithm>
#include <string_view>

#include "query.hpp"

namespace search {
namespace {

void wipe(std::string& text) {
  volatile char* at = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) at[i] = 0;
}

// The value of an Authorization header; wiped at its end.
class ApiKey {
 public:
  // Reads the secret "api_key". Throws sf::Error(SF_INVALID) for what cannot be one; its text is not shown.
  explicit ApiKey(const sf::Host& host) {
    auto key = host.secret("api_key").value_or("");
    const bool encoded = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("+/=_-").find(c) != std::string_view::npos;
    });
    value_.reserve(key.size() + 8);
    value_.append("ApiKey ").append(key);
    wipe(key);
    if (!encoded)
      throw sf::Error(SF_INVALID,
                      "api_key is not the encoded form of an API key; write what its creation gave as \"encoded\", "
                      "one line of Base64, not the id and the key");
  }
  ApiKey(const ApiKey&) = delete;
  ApiKey& operator=(const ApiKey&) = delete;
  ~ApiKey() { wipe(value_); }
  const std::string& value() const { return value_; }

 private:
  std::string value_;
};

}  // namespace

bool Indexer::shrink() {
  if (size_ == 1) return false;
  size_ = std::max(1U, size_ / 2);
  return true;
}

Page Indexer::search(const std::function<std::string(std::uint32_t size)>& body, std::int64_t most_ms) {
  Page page;
  const auto read = [&](Reply reply) { return read_answer(std::move(reply), settings_, page); };
  const auto attempt = [&] {
    std::optional<ApiKey> key;
    Question question;
    question.path = path_of(settings_);
    question.body = body(size_);
    if (settings_.api_key) question.authorization = key.emplace(host_).value();
    return exchange_.ask(question, read);
  };
  const auto smaller = [&](const Problem& problem) {
    if (!shrink()) return false;
    host_.info("asking for pages of " + std::to_string(size_) + " alerts now: " + problem.what);
    return true;
  };
  exchange_.persist(attempt, smaller, most_ms);
  return page;
}

}  // namespace search
