// SPDX-License-Identifier: Apache-2.0
//
// http.hpp - one HTTP exchange through the host's libcurl.
#pragma once
#include <signalfoundry/host.hpp>

#include <utility>
#include <vector>

namespace sf __attribute__((visibility("hidden"))) {
  namespace http {

  struct Request {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    uint32_t timeout_ms = 30'000;
    uint32_t connect_timeout_ms = 10'000;
    uint64_t max_bytes = 64U << 20U;
    std::string ca_file;
    std::string client_cert;
    std::string client_key;
    std::string user;
    std::string password_secret;  // the name of the setting, not the password
    std::string bearer_secret;
  };

  struct Response {
    uint32_t status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;
    std::string_view header(std::string_view name) const noexcept {
      for (const auto& [key, value] : headers)
        if (key == name) return value;
      return {};
    }
  };

  // Throws sf::Error: SF_RETRY unreachable, timed out or cut short; SF_INVALID TLS refused or a bad file; SF_FAILED too
  // large.
  inline Response request(const Host& host, const Request& r) {
    std::vector<sf_http_header> headers;
    for (const auto& [name, value] : r.headers) headers.push_back({to_c(name), to_c(value)});
    sf_http_request q{};
    q.struct_size = sizeof q;
    q.timeout_ms = r.timeout_ms;
    q.connect_timeout_ms = r.connect_timeout_ms;
    q.method = to_c(r.method);
    q.url = to_c(r.url);
    q.headers = headers.data();
    q.header_count = headers.size();
    q.body = to_c(r.body);
    q.max_bytes = r.max_bytes;
    q.ca_file = to_c(r.ca_file);
    q.client_cert = to_c(r.client_cert);
    q.client_key = to_c(r.client_key);
    q.user = to_c(r.user);
    q.password_secret = to_c(r.password_secret);
    q.bearer_secret = to_c(r.bearer_secret);
    Response out;
    const sf_response_sink sink{
        sizeof(sf_response_sink), 0, &out, [](const sf_response_sink* s, const sf_http_response* a) {
          auto& response = *static_cast<Response*>(s->impl);
          response.status = a->status;
          for (uint64_t i = 0; i < a->header_count; ++i)
            response.headers.emplace_back(from_c(a->headers[i].name), from_c(a->headers[i].value));
          response.body.assign(from_c(a->body));
        }};
    sf_error error{};
    if (check(host.service<sf_http_api>(SF_SERVICE_HTTP).request(host.raw(), &q, &sink, &error), error) != SF_OK)
      throw Error(error.code < 0 ? error.code : SF_FAILED,
                  error.message[0] != '\0' ? error.message : "the exchange was stopped");
    return out;
  }

  }  // namespace http
}  // namespace )
