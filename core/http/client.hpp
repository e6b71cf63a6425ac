// SPDX-License-Identifier: Apache-2.0
//
// client.hpp - the host's side of sf.http/1: one HTTP exchange at a time over libcurl, connections kept for the next.
//
// Thread: request() may be called from any thread at any time. Make one Client per process, after a fork; it outlives
// every call. libcurl stays inside core/http/*.cpp.
#pragma once
#include <signalfoundry/abi/service/http.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace signalfoundry::http {

// Gives the value of the setting that a secret's name stands for. May throw; what() must not hold the value.
using SecretOf = std::function<std::string(std::string_view key)>;

class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Does what abi/service/http.h says of sf_http_api::request, under these rules: TLS 1.2 at least; certificate and
  // host name always verified, against ca_file alone where one is given; http:// for loopback hosts only; redirects are
  // answers, not followed; no proxy for loopback hosts; timeout_ms bounds the whole exchange.
  // `stop` may be null; when it becomes true the exchange ends within a second as SF_CANCELLED. For every status but
  // SF_OK, `error` (may be null) holds that status and one sentence with host and port, never a secret.
  sf_status request(const sf_http_request& request, const SecretOf& secret, const std::atomic<bool>* stop,
                    const sf_response_sink* sink, sf_error* error);
  // Does what abi/service/http.h says of sf_http_api::reach, under the same rules, over a connection of its own.
  static sf_status reach(const sf_http_request& request, const std::atomic<bool>* stop, const sf_check_sink* sink,
                         sf_error* error);

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace signalfoundry::http
