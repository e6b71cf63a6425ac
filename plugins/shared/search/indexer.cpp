// SPDX-License-Identifier: Apache-2.0
#include "indexer.hpp"

#include <signalfoundry/abi/service/http.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "query.hpp"

namespace search {

struct Indexer::Exchange {
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
  if (cut == std::string::npos) return {act, status, sentence, "see the server's log"};
  return {act, status, sentence.substr(0, cut), sentence.substr(cut + 2)};
}

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

std::string seconds(std::int64_t ms) {
  return std::to_string((ms + 500) / 1000) + " s";
}

}  // namespace

void Indexer::check_stop() const {
  if (stop_.load(std::memory_order_relaxed)) throw sf::Stop{};
}

std::optional<Problem> Indexer::ask(const std::string& body, Page& page, std::optional<std::uint32_t>& retry_after_ms) {
  const std::string type = "application/json";
  std::vector<sf_http_header> headers = {{sf::to_c("Content-Type"), sf::to_c(type)},
                                         {sf::to_c("Accept"), sf::to_c(type)}};
  std::optional<ApiKey> api_key;
  if (settings_.api_key) headers.push_back({sf::to_c("Authorization"), sf::to_c(api_key.emplace(host_).value())});
  const auto url = settings_.url + path_of(settings_);
  sf_http_request q{};
  q.struct_size = sizeof q;
  q.timeout_ms = settings_.timeout_ms;
  q.connect_timeout_ms = std::min(settings_.timeout_ms, 10'000U);
  q.method = sf::to_c("POST");
  q.url = sf::to_c(url);
  q.headers = headers.data();
  q.header_count = headers.size();
  q.body = sf::to_c(body);
  q.max_bytes = settings_.page_bytes;
  q.ca_file = sf::to_c(settings_.ca_file);
  q.client_cert = sf::to_c(settings_.client_cert);
  q.client_key = sf::to_c(settings_.client_key);
  q.user = sf::to_c(settings_.user);
  if (settings_.password) q.password_secret = sf::to_c("password");
  Exchange x;
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
  return read(x, page, retry_after_ms);
}

std::optional<Problem> Indexer::read(Exchange& x, Page& page, std::optional<std::uint32_t>& retry_after_ms) {
  if (x.status == SF_CANCELLED) throw sf::Stop{};
  if (x.status == SF_TOO_LARGE)
    return Problem{
        Problem::Act::retry_smaller, SF_TOO_LARGE,
        "the answer of " + settings_.who() + " is larger than " + std::to_string(settings_.page_bytes) + " bytes",
        "raise page_bytes, and see what the " + std::string(settings_.dialect->server) + " holds", true};
  if (x.status != SF_OK) return transport_problem(x.status, x.error.message);
  date_ms_ = parse_http_date(x.date);
  retry_after_ms = parse_retry_after(x.retry_after, date_ms_.value_or(host_.now_ms()));
  return read_answer(std::move(x.reply), settings_, page);
}

bool Indexer::shrink(const Problem& problem) {
  if (problem.act != Problem::Act::retry_smaller || size_ == 1) return false;
  size_ = std::max(1U, size_ / 2);
  host_.info("asking for pages of " + std::to_string(size_) + " alerts now: " + problem.what);
  return true;
}

void Indexer::give_up(const Problem& problem, const std::string& sentence, std::uint32_t retry_after_ms) {
  const auto status = problem.status < 0 ? problem.status : SF_FAILED;
  if (problem.of_search) throw SearchFailed(status, sentence, retry_after_ms);
  throw sf::Error(status, sentence, retry_after_ms);
}

Page Indexer::search(const std::function<std::string(std::uint32_t size)>& body) {
  const auto began = host_.monotonic_ms();
  Backoff backoff(began, settings_.retry_for_ms, static_cast<std::uint32_t>(host_.now_ms()));
  for (;;) {
    check_stop();
    Page page;
    std::optional<std::uint32_t> retry_after;
    const auto problem = ask(body(size_), page, retry_after);
    if (!problem) return page;
    const auto shrunk = shrink(*problem);
    const auto sentence = [&] {
      if (backoff.tries() < 2) return problem->what + "; " + problem->remedy;
      return problem->what + ", " + std::to_string(backoff.tries()) + " tries in " +
             seconds(host_.monotonic_ms() - began) + "; " + problem->remedy;
    };
    if (problem->status == SF_TOO_LARGE && shrunk) continue;
    if (problem->status == SF_TOO_LARGE || problem->act == Problem::Act::stop)
      give_up(*problem, problem->what + "; " + problem->remedy, 0);
    const auto wait = backoff.next(host_.monotonic_ms(), retry_after);
    if (!wait) give_up(*problem, sentence(), retry_after.value_or(0));
    host_.count("source_retries");
    host_.info(problem->what + "; asking again in " + std::to_string(*wait) + " ms");
    if (!host_.wait(*wait)) throw sf::Stop{};
  }
}

}  // namespace search
