// SPDX-License-Identifier: Apache-2.0
//
// curl_failure.hpp - what went wrong in an exchange, as a status of the ABI and one sentence. [any-thread]
#pragma once
#include <curl/curl.h>
#include <signalfoundry/abi/base.h>

#include <cstdint>
#include <string>

namespace signalfoundry::http {

// What is known when libcurl gave up. Text may be hostile; it is made printable here.
struct Attempt {
  std::string where;   // "indexer.example:9200", printable
  std::string detail;  // libcurl's error buffer
  std::string ca_file;
  std::string client_cert;
  std::string client_key;
  long verify_result = 0;  // X509_V_ERR_*
  bool connected = false;  // TCP, and TLS where asked for, were up
  bool tls = true;
  bool stopped = false;
  bool too_large = false;
  bool stacked = false;  // its headers name several codings, one around the other
  std::uint64_t max_bytes = 0;
  std::uint32_t timeout_ms = 0;
  std::uint32_t connect_timeout_ms = 0;
};

struct Failure {
  sf_status status;
  std::string sentence;
};
Failure explain(CURLcode code, const Attempt& attempt);

}  // namespace signalfoundry::http
