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
  bool unauthorised = false;
  const auto read = [&](Reply reply) {
    unauthorised = reply.status == 401;
    return read_answer(std::move(reply), settings_, page);
  };
  const auto attempt = [&] {
    ApiKey key;
    Question question;
    question.path = path_of(settings_);
    question.body = body(size_);
    if (settings_.api_key) question.authorization = key.read(host_);
    unauthorised = false;
    auto problem = exchange_.ask(question, read);
    // A key that was rotated while it was under way. The host sees to that for passwords and tokens.
    if (settings_.api_key && unauthorised && key.replaced(host_)) {
      question.authorization = key.read(host_);
      problem = exchange_.ask(question, read);
    }
    return problem;
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
