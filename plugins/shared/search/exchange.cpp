// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include <signalfoundry/abi/service/http.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "retry.hpp"

namespace search {

struct Exchange::Answer {
  sf_status status = SF_OK;
  sf_error error{};
  Reply reply;
  std::string date;
  std::string retry_after;
};

namespace {

// "what; remedy" of the host, taken apart so that the number of tries can stand between.
Problem transport_problem(sf_status status, const std::string& sentence, bool late) {
  const auto cut = sentence.rfind("; ");
  const auto act = status != SF_RETRY ? Problem::Act::stop : late ? Problem::Act::retry_smaller : Problem::Act::retry;
  if (cut == std::string::npos) return {act, status, sentence, "see the server's log"};
  return {act, status, sentence.substr(0, cut), sentence.substr(cut + 2)};
}

std::string tries(unsigned count, std::int64_t ms) {
  if (count < 2) return "";
  return ", " + std::to_string(count) + " tries in " + std::to_string((ms + 500) / 1000) + " s";
}

[[noreturn]] void give_up(const Problem& problem, const std::string& after, std::uint32_t retry_after_ms) {
  const auto status = problem.status < 0 ? problem.status : SF_FAILED;
  const auto sentence = problem.what + after + "; " + problem.remedy;
  if (problem.of_search) throw SearchFailed(status, sentence, retry_after_ms);
  throw sf::Error(status, sentence, retry_after_ms);
}

}  // namespace

// To `url`, which is borrowed, with nothing in it yet.
sf_http_request Exchange::request_to(const std::string& url) const {
  sf_http_request q{};
  q.struct_size = sizeof q;
  q.timeout_ms = server_.timeout_ms;
  q.connect_timeout_ms = std::min(server_.timeout_ms, 10'000U);
  q.url = sf::to_c(url);
  q.max_bytes = server_.page_bytes;
  q.ca_file = sf::to_c(server_.ca_file);
  q.client_cert = sf::to_c(server_.client_cert);
  q.client_key = sf::to_c(server_.client_key);
  q.user = sf::to_c(server_.user);
  if (server_.password) q.password_secret = sf::to_c("password");
  return q;
}

bool Exchange::reach(const sf::Checks& out) const {
  const auto url = server_.url + "/";
  const auto q = request_to(url);
  sf_error error{};
  const auto status = host_.service<sf_http_api>(SF_SERVICE_HTTP).reach(host_.raw(), &q, out.raw(), &error);
  if (status == SF_CANCELLED) throw sf::Stop{};
  return status == SF_OK;
}

void Exchange::send(const Question& question, Answer& answer) const {
  const std::string json = "application/json";
  std::vector<sf_http_header> headers = {{sf::to_c("Accept"), sf::to_c(json)}};
  if (!question.body.empty()) headers.push_back({sf::to_c("Content-Type"), sf::to_c(question.type)});
  if (!question.authorization.empty()) headers.push_back({sf::to_c("Authorization"), sf::to_c(question.authorization)});
  const auto url = server_.url + question.path;
  auto q = request_to(url);
  q.method = sf::to_c(question.method);
  q.headers = headers.data();
  q.header_count = headers.size();
  q.body = sf::to_c(question.body);
  if (question.bearer_secret[0] != '\0') q.bearer_secret = sf::to_c(question.bearer_secret);
  const sf_response_sink sink{sizeof(sf_response_sink), 0, &answer,
                              [](const sf_response_sink* s, const sf_http_response* a) {
                                auto& to = *static_cast<Answer*>(s->impl);
                                to.reply.status = a->status;
                                to.reply.body.assign(sf::from_c(a->body));
                                for (std::uint64_t i = 0; i < a->header_count; ++i) {
                                  const auto name = sf::from_c(a->headers[i].name);
                                  if (name == "date") to.date.assign(sf::from_c(a->headers[i].value));
                                  if (name == "retry-after") to.retry_after.assign(sf::from_c(a->headers[i].value));
                                }
                              }};
  answer.status = host_.service<sf_http_api>(SF_SERVICE_HTTP).request(host_.raw(), &q, &sink, &answer.error);
  host_.count("source_requests");
}

std::optional<Problem> Exchange::ask(const Question& question, const Read& read) {
  retry_after_ms_.reset();
  Answer answer;
  const auto began = host_.monotonic_ms();
  send(question, answer);
  // The host's SF_RETRY does not say why no answer came. Only its deadline takes that long.
  const bool late = host_.monotonic_ms() - began >= server_.timeout_ms;
  if (answer.status == SF_CANCELLED) throw sf::Stop{};
  if (answer.status == SF_TOO_LARGE)
    return Problem{Problem::Act::retry_smaller, SF_TOO_LARGE,
                   "the answer of " + who_ + " is larger than " + std::to_string(server_.page_bytes) + " bytes",
                   "raise page_bytes, and see which alerts are so large", true};
  if (answer.status != SF_OK) return transport_problem(answer.status, answer.error.message, late);
  date_ms_ = parse_http_date(answer.date);
  retry_after_ms_ = parse_retry_after(answer.retry_after, date_ms_.value_or(host_.now_ms()));
  return read(std::move(answer.reply));
}

void Exchange::persist(const std::function<std::optional<Problem>()>& attempt,
                       const std::function<bool(const Problem&)>& smaller, Patience patience) {
  auto began = host_.monotonic_ms();
  const auto budget = std::min<std::int64_t>(server_.retry_for_ms, patience.most_ms);
  const auto seed = static_cast<std::uint32_t>(host_.now_ms());
  Backoff backoff(began, budget, seed);
  for (;;) {
    if (stop_.load(std::memory_order_relaxed)) throw sf::Stop{};
    const auto problem = attempt();
    if (!problem) return;
    const bool shrunk = problem->act == Problem::Act::retry_smaller && smaller(*problem);
    if (problem->status == SF_TOO_LARGE && shrunk) continue;
    if (problem->status == SF_TOO_LARGE || problem->act == Problem::Act::stop) give_up(*problem, "", 0);
    if (shrunk && patience.afresh) {
      began = host_.monotonic_ms();
      backoff = Backoff(began, budget, seed);
    }
    const auto wait = backoff.next(host_.monotonic_ms(), retry_after_ms_);
    if (!wait) give_up(*problem, tries(backoff.tries(), host_.monotonic_ms() - began), retry_after_ms_.value_or(0));
    host_.count("source_retries");
    host_.info(problem->what + "; asking again in " + std::to_string(*wait) + " ms");
    if (!host_.wait(*wait)) throw sf::Stop{};
  }
}

}  // namespace search
