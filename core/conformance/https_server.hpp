// SPDX-License-Identifier: Apache-2.0
//
// https_server.hpp - a real HTTPS server on 127.0.0.1 that answers what it is told, or spoils the answer on purpose, so
// that what is tried is the host's own libcurl path.
//
// HTTP/1.1 over TLS 1.2 or later; a thread per connection. Boost.Asio and Boost.Beast stay inside this .cpp. Its
// destructor ends every connection. Thread: the handler is called by one connection at a time, on its thread;
// everything else from any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conformance/certificates.hpp"

namespace signalfoundry::conformance {

struct Request {
  std::string method;
  std::string target;  // "/index/_search?q=1"
  std::string body;
  std::string path() const { return target.substr(0, target.find('?')); }
};

// What becomes of an answer on its way.
enum class Fault : std::uint8_t {
  none,
  hang,        // the connection stays open and nothing is sent
  close,       // it is closed without an answer
  truncate,    // Content-Length is right, half of the body is sent, the connection ends
  short_body,  // as truncate, and only the last byte is missing
  long_body,   // Content-Length is half of what is sent
  gzip_bomb,   // a small gzip body that decodes to 256 MiB of white space
  gzip_twice,  // the same, gzipped once more
};

struct Reply {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // beside Content-Length and Content-Type
  std::string type = "application/json";
  std::string body;
  Fault fault = Fault::none;
};

class HttpsServer {
 public:
  using Handler = std::function<Reply(const Request&)>;
  // Spoils the answer to the `nth` request since spoil() was called, from 1.
  using Spoiler = std::function<void(std::size_t nth, const Request&, Reply&)>;

  // Listens on a free port of 127.0.0.1. Throws Error(internal) when it cannot.
  HttpsServer(const Certificate& certificate, Handler handler);
  ~HttpsServer();
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  std::string url() const;  // "https://127.0.0.1:40123"
  void spoil(Spoiler spoiler);
  void heal() { spoil({}); }
  std::size_t requests() const;     // since the last spoil() or heal()
  std::size_t connections() const;  // in all, those that never came to a request included
  void wait_for_request() const;    // returns once there was a request since the last spoil() or heal()
  void stop_waiting();              // ends wait_for_request() for good

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A gzip stream (RFC 1952, its trailer missing) of at least `bytes` spaces, a 150th of that long.
std::string gzip_bomb(std::size_t bytes);

}  // namespace signalfoundry::conformance
