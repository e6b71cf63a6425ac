// SPDX-License-Identifier: Apache-2.0
//
// client.hpp - the host's side of sf.http/1: one HTTP exchange at a time over libcurl, connections kept for the next.
//
// Thread: request() may be called from any thread at any time. Make one Client per process, after a fork; it outlives
// every call. libcurl stays inside core/http/*.cpp.
#pragma once
#include <signalfoundry/abi/service/http.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

namespace signalfoundry::http {

// Gives the value of the setting that a secret's name stands for. May throw; what() must not hold the value.
using SecretOf = std::function<std::string(std::string_view key)>;

struct Exchange;

class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Does what abi/service/http.h says of sf_http_api::request, under these rules: TLS 1.2 at least; certificate and
  // host name always verified, against ca_file alone where one is given; http:// for loopback hosts only; redirects are
  // answers, not followed; no proxy for loopback hosts; timeout_ms bounds the whole exchange.
  // The secret, the certificate, its key and the CA are read as they are now: a replaced file counts from the next
  // exchange on, over a new connection. After a 401 the secret is read once more, and sent where it has changed.
  // What an answer repeats of the credentials that were sent is taken out of it.
  // `stop` may be null; when it becomes true the exchange ends within a second as SF_CANCELLED. For every status but
  // SF_OK, `error` (may be null) holds that status and one sentence with host and port, never a secret.
  sf_status request(const sf_http_request& request, const SecretOf& secret, const std::atomic<bool>* stop,
                    const sf_response_sink* sink, sf_error* error);
  // Does what abi/service/http.h says of sf_http_api::reach, under the same rules, over a connection of its own.
  // Whatever keeps it from looking is a step that failed, too; SF_CANCELLED where the sink wants no more.
  static sf_status reach(const sf_http_request& request, const std::atomic<bool>* stop, const sf_check_sink* sink,
                         sf_error* error);

 private:
  class Pool;
  using FileVersion = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t, std::int64_t>;
  bool files_changed(const Exchange& x);

  std::unique_ptr<Pool> pool_;
  std::mutex files_mutex_;
  std::map<std::string, FileVersion> files_;  // by path, as they were when they were used last
};

}  // namespace signalfoundry::http
