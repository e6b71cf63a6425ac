// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cursor.hpp"

namespace source_splunk {

using ::search::Question;

// GET authentication/current-context: "Get the authenticated session owner username"; any authenticated user may.
std::optional<std::int64_t> Client::clock_ms() {
  Question question;
  question.method = "GET";
  question.path = "/services/authentication/current-context?output_mode=json";
  if (settings_.token) question.bearer_secret = "token";
  const auto read = [this](const Reply& reply) { return refused(reply, settings_); };
  exchange_.persist([&] { return exchange_.ask(question, read); }, [](const Problem&) { return false; });
  return exchange_.date_ms();
}

Answer Client::search(Slice& slice) {
  Answer answer;
  const auto read = [&](Reply reply) {
    std::vector<std::string> warnings;
    auto problem = read_answer(std::move(reply), settings_, slice, answer, warnings);
    for (const auto& warning : warnings) host_.warn("Splunk at " + settings_.where + " says: " + warning);
    return problem;
  };
  const auto attempt = [&] {
    Question question;
    question.path = "/services/search/v2/jobs/export";
    question.body = form_of(slice, settings_);
    question.type = "application/x-www-form-urlencoded";
    if (settings_.token) question.bearer_secret = "token";
    return exchange_.ask(question, read);
  };
  const auto smaller = [&](const Problem& problem) {
    const auto next = half(slice);
    if (next.to_ms == slice.to_ms) return false;
    slice = next;
    longest_ms_ = slice.to_ms - slice.from_ms;
    host_.info("asking for " + std::to_string(longest_ms_ / 1000) + " s at a time now: " + problem.what);
    return true;
  };
  exchange_.persist(attempt, smaller, {.afresh = true});
  return answer;
}

}  // namespace source_splunk
