// SPDX-License-Identifier: Apache-2.0
//
// certificates.hpp - a certificate authority made on the spot, and server certificates of it, right ones and wrong
// ones. OpenSSL stays inside this .cpp and https_server.cpp. [any-thread]
#pragma once
#include <memory>
#include <string>

namespace signalfoundry::conformance {

struct Certificate {
  std::string pem;
  std::string key_pem;
};

class Authority {
 public:
  // Makes a key (P-256) and a self-signed CA certificate, valid for a day. Throws Error(internal) when OpenSSL cannot.
  explicit Authority(const std::string& name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& pem() const { return pem_; }
  // A server certificate for `names`, as in X.509's subjectAltName: "IP:127.0.0.1,DNS:localhost". `expired`: it was
  // valid until an hour ago.
  Certificate issue(const std::string& names, bool expired = false) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  std::string pem_;
};

}  // namespace signalfoundry::conformance
