// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <signalfoundry/abi/service/http.h>

#include <algorithm>
#include <vector>

#include "../shared/search/retry.hpp"
#include "cursor.hpp"

namespace source_splunk {

struct Client::Exchange {
  sf_status status = SF_OK;
  sf_error error{};
  Reply reply;
  std::string date;
  std::string retry_after;
};

namespace {

// "what; remedy" of the host, taken apart so that the number of tries can stand between.
Problem transport_problem(sf_status status, const std::string& sentence) {
  const auto cut = sentence.rfind("; ");
  const auto act = status == SF_RETRY ? Problem::Act::retry : Problem::Act::stop;
  if (cut == std::string::npos) return {act, status, sentence, "see Splunk's splunkd.log"};
  return {act, status, sentence.substr(0, cut), sentence.substr(cut + 2)};
}

std::string seconds(std::int64_t ms) {
  return std::to_string((ms + 500) / 1000) + " s";
}

}  // namespace

void Client::send(const Question& question, Exchange& x) const {
  const std::string form = "application/x-www-form-urlencoded";
  const std::string json = "application/json";
  const std::vector<sf_http_header> headers = {{sf::to_c("Accept"), sf::to_c(json)},
                                               {sf::to_c("Content-Type"), sf::to_c(form)}};
  const auto url = settings_.url + question.path;
  sf_http_request q{};
  q.struct_size = sizeof q;
  q.timeout_ms = settings_.timeout_ms;
  q.connect_timeout_ms = std::min(settings_.timeout_ms, 10'000U);
  q.method = sf::to_c(question.method);
  q.url = sf::to_c(url);
  q.headers = headers.data();
  q.header_count = question.body.empty() ? 1 : headers.size();
  q.body = sf::to_c(question.body);
  q.max_bytes = settings_.page_bytes;
  q.ca_file = sf::to_c(settings_.ca_file);
  q.client_cert = sf::to_c(settings_.client_cert);
  q.client_key = sf::to_c(settings_.client_key);
  q.user = sf::to_c(settings_.user);
  if (settings_.password) q.password_secret = sf::to_c("password");
  if (settings_.token) q.bearer_secret = sf::to_c("token");
  const sf_response_sink sink{sizeof(sf_response_sink), 0, &x,
                              [](const sf_response_sink* s, const sf_http_response* a) {
                                auto& to = *static_cast<Exchange*>(s->impl);
                                to.reply.status = a->status;
                                to.reply.body.assign(sf::from_c(a->body));
                                for (std::uint64_t i = 0; i < a->header_count; ++i) {
                                  const auto name = sf::from_c(a->headers[i].name);
                                  if (name == "date") to.date.assign(sf::from_c(a->headers[i].value));
                                  if (name == "retry-after") to.retry_after.assign(sf::from_c(a->headers[i].value));
                                }
                              }};
  x.status = host_.service<sf_http_api>(SF_SERVICE_HTTP).request(host_.raw(), &q, &sink, &x.error);
  host_.count("source_requests");
}

std::optional<Problem> Client::ask(const Question& question, const Read& read,
                                   std::optional<std::uint32_t>& retry_after_ms) {
  Exchange x;
  send(question, x);
  if (x.status == SF_CANCELLED) throw sf::Stop{};
  if (x.status == SF_TOO_LARGE)
    return Problem{Problem::Act::retry_smaller, SF_TOO_LARGE,
                   "the answer of Splunk at " + settings_.where + " is larger than " +
                       std::to_string(settings_.page_bytes) + " bytes",
                   "raise page_bytes, and see what the search finds"};
  if (x.status != SF_OK) return transport_problem(x.status, x.error.message);
  date_ms_ = ::search::parse_http_date(x.date);
  retry_after_ms = ::search::parse_retry_after(x.retry_after, date_ms_.value_or(host_.now_ms()));
  return read(std::move(x.reply));
}

void Client::persist(const std::function<Question()>& question, const Read& read, const Smaller& smaller) {
  const auto began = host_.monotonic_ms();
  ::search::Backoff backoff(began, settings_.retry_for_ms, static_cast<std::uint32_t>(host_.now_ms()));
  for (;;) {
    if (stop_.load(std::memory_order_relaxed)) throw sf::Stop{};
    std::optional<std::uint32_t> retry_after;
    const auto problem = ask(question(), read, retry_after);
    if (!problem) return;
    const bool shrunk = problem->act == Problem::Act::retry_smaller && smaller(*problem);
    if (problem->status == SF_TOO_LARGE && shrunk) continue;
    if (problem->status == SF_TOO_LARGE || problem->act == Problem::Act::stop)
      throw sf::Error(problem->status < 0 ? problem->status : SF_FAILED, problem->what + "; " + problem->remedy);
    const auto wait = backoff.next(host_.monotonic_ms(), retry_after);
    if (!wait) {
      const auto tries = backoff.tries() < 2 ? std::string()
                                             : ", " + std::to_string(backoff.tries()) + " tries in " +
                                                   seconds(host_.monotonic_ms() - began);
      throw sf::Error(problem->status, problem->what + tries + "; " + problem->remedy, retry_after.value_or(0));
    }
    host_.count("source_retries");
    host_.info(problem->what + "; asking again in " + std::to_string(*wait) + " ms");
    if (!host_.wait(*wait)) throw sf::Stop{};
  }
}

// GET authentication/current-context: "Get the authenticated session owner username"; any authenticated user may.
std::optional<std::int64_t> Client::clock_ms() {
  persist(
      [] {
        return Question{"GET", "/services/authentication/current-context?output_mode=json", ""};
      },
      [this](const Reply& reply) { return refused(reply, settings_); }, [](const Problem&) { return false; });
  return date_ms_;
}

Answer Client::search(Slice& slice) {
  Answer answer;
  const auto read = [&](Reply reply) {
    std::vector<std::string> warnings;
    auto problem = read_answer(std::move(reply), settings_, slice, answer, warnings);
    for (const auto& warning : warnings) host_.warn("Splunk at " + settings_.where + " says: " + warning);
    return problem;
  };
  const auto smaller = [&](const Problem& problem) {
    const auto next = half(slice);
    if (next.to_ms == slice.to_ms) return false;
    slice = next;
    longest_ms_ = slice.to_ms - slice.from_ms;
    host_.info("asking for " + std::to_string(longest_ms_ / 1000) + " s at a time now: " + problem.what);
    return true;
  };
  persist(
      [&] {
        return Question{"POST", "/services/search/v2/jobs/export", form_of(slice, settings_)};
      },
      read, smaller);
  return answer;
}

}  // namespace source_splunk
