// SPDX-License-Identifier: Apache-2.0
//
// mock_http.hpp - sf.http/1 with scripted answers; every request is kept for the test to look at.
#pragma once
#include <signalfoundry/testing/lend.hpp>

#include <deque>
#include <functional>
#include <utility>

namespace sf __attribute__((visibility("hidden"))) {
  namespace testing {

  using MockHeaders = std::vector<std::pair<std::string, std::string>>;

  struct MockRequest {
    std::string method;
    std::string url;
    MockHeaders headers;
    std::string body;
    uint32_t timeout_ms = 0;
    uint32_t connect_timeout_ms = 0;
    uint64_t max_bytes = 0;
    std::string ca_file;
    std::string client_cert;
    std::string client_key;
    std::string user;
    std::string password_secret;  // names of settings, never values
    std::string bearer_secret;
    // The value of a header, names compared as they were given; "" where it is missing.
    std::string header(std::string_view name) const {
      for (const auto& [key, value] : headers)
        if (key == name) return value;
      return {};
    }
  };

  struct MockAnswer {
    uint32_t status = 200;
    std::string body;
    MockHeaders headers;      // names in lower case
    sf_status error = SF_OK;  // not SF_OK: no answer came, with this status and message
    std::string message;
    uint32_t retry_after_ms = 0;
  };

  // Answers come from the queue, in order; when it is empty from `respond`; without either the request is a misuse.
  class MockHttp {
   public:
    std::vector<MockRequest> requests;
    std::function<MockAnswer(const MockRequest&)> respond;

    void answer(uint32_t status, std::string body, MockHeaders headers = {}) {
      MockAnswer a;
      a.status = status;
      a.body = std::move(body);
      a.headers = std::move(headers);
      script_.push_back(std::move(a));
    }
    // No answer comes: SF_RETRY unreachable or timed out, SF_INVALID TLS refused, SF_TOO_LARGE, SF_CANCELLED.
    void fail(sf_status status, std::string message, uint32_t retry_after_ms = 0) {
      MockAnswer a;
      a.error = status;
      a.message = std::move(message);
      a.retry_after_ms = retry_after_ms;
      script_.push_back(std::move(a));
    }
    std::size_t unused() const noexcept { return script_.size(); }

    sf_status request(detail::Parts& host, const sf_http_request* q, const sf_response_sink* sink, sf_error* error) {
      MockAnswer a;
      std::function<MockAnswer(const MockRequest&)> ask;
      MockRequest copy = copy_of(*q);
      {
        const std::lock_guard lock(host.mutex);
        requests.push_back(copy);
        if (!script_.empty()) {
          a = std::move(script_.front());
          script_.pop_front();
        } else if (respond) {
          ask = respond;
        } else {
          host.misuse("sf.http/1 request: no answer was scripted for " + copy.method + " " + copy.url);
          return detail::refuse(error, SF_RETRY, "http", "no answer was scripted for " + copy.url);
        }
      }
      if (ask) a = ask(copy);
      if (a.error != SF_OK) return detail::refuse(error, a.error, "http", a.message, a.retry_after_ms);
      if (q->max_bytes != 0 && a.body.size() > q->max_bytes)
        return detail::refuse(error, SF_TOO_LARGE, "http",
                              copy.url + ": the answer is larger than " + std::to_string(q->max_bytes) + " bytes");
      deliver(a, sink);
      return SF_OK;
    }

   private:
    static MockRequest copy_of(const sf_http_request& q) {
      MockRequest out;
      out.method = from_c(q.method);
      out.url = from_c(q.url);
      for (uint64_t i = 0; i < q.header_count; ++i)
        out.headers.emplace_back(from_c(q.headers[i].name), from_c(q.headers[i].value));
      out.body = from_c(q.body);
      out.timeout_ms = q.timeout_ms;
      out.connect_timeout_ms = q.connect_timeout_ms;
      out.max_bytes = q.max_bytes;
      out.ca_file = from_c(q.ca_file);
      out.client_cert = from_c(q.client_cert);
      out.client_key = from_c(q.client_key);
      out.user = from_c(q.user);
      out.password_secret = from_c(q.password_secret);
      out.bearer_secret = from_c(q.bearer_secret);
      return out;
    }
    static void deliver(const MockAnswer& a, const sf_response_sink* sink) {
      detail::Arena arena;
      std::vector<sf_http_header> headers;
      for (const auto& [name, value] : a.headers) headers.push_back({arena.lend(name), arena.lend(value)});
      sf_http_response response{};
      response.struct_size = sizeof response;
      response.status = a.status;
      response.headers = headers.data();
      response.header_count = headers.size();
      response.body = arena.lend(a.body);
      sink->on_response(sink, &response);
      arena.poison();
    }
    std::deque<MockAnswer> script_;
  };

  namespace detail {
  inline sf_status http_request(const sf_host* host, const sf_http_request* q, const sf_response_sink* sink,
                                sf_error* e) {
    return parts(host).http->request(parts(host), q, sink, e);
  }
  }  // namespace detail
  }  // namespace testing
}  // namespace )
