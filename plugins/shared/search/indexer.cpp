// SPDX-License-Identifier: Apache-2.0
#include "indexer.hpp"

#include <algorithm>

#include "api_key.hpp"
#include "query.hpp"

namespace search {
bool Indexer::shrink() {
  if (size_ == 1) return false;
  size_ = std::max(1U, size_ / 2);
  return true;
}

Page Indexer::search(const std::function<std::string(std::uint32_t size)>& body, std::int64_t most_ms) {
  Page page;
  const auto read = [&](Reply reply) { return read_answer(std::move(reply), settings_, page); };
  const auto attempt = [&] {
    ApiKey key;
    Question question;
    question.path = path_of(settings_);
    question.body = body(size_);
    if (settings_.api_key) question.authorization = key.read(host_);
    return exchange_.ask(question, read);
  };
  const auto smaller = [&](const Problem& problem) {
    if (!shrink()) return false;
    host_.info("asking for pages of " + std::to_string(size_) + " alerts now: " + problem.what);
    return true;
  };
  exchange_.persist(attempt, smaller, {.most_ms = most_ms});
  return page;
}

}  // namespace search
