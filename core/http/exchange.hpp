// SPDX-License-Identifier: Apache-2.0
//
// exchange.hpp - one HTTP exchange over libcurl: what is asked, checked and written into a handle, and what has come.
// For client.cpp and reach.cpp. [any-thread], one exchange at a time
#pragma once
#include <curl/curl.h>
#include <signalfoundry/abi/service/http.h>
#include <strings.h>

#include <atomic>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/wipe.hpp"
#include "http/client.hpp"
#include "http/curl_failure.hpp"

namespace signalfoundry::http {

// Thrown for a request that cannot be made at all.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Header lines for libcurl; wiped, because one of them may hold a password.
class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() {
    for (auto* at = list_; at != nullptr; at = at->next) ::explicit_bzero(at->data, std::strlen(at->data));
    curl_slist_free_all(list_);
  }
  void add(const std::string& line) {
    auto* longer = curl_slist_append(list_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

struct Place {
  bool tls = true;
  bool loopback = false;
  std::string where = "the server";  // "host:port", printable
};

// One exchange: what is asked, and what has come so far.
struct Exchange {
  sf_http_request q{};
  Place place;
  std::string url;
  HeaderList lines;
  std::string method;
  std::string ca_file;
  std::string client_cert;
  std::string client_key;
  const std::atomic<bool>* stop = nullptr;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::size_t header_bytes = 0;
  std::size_t codings = 0;  // that the body is wrapped in, by all headers that came
  bool too_large = false;
  bool stopped = false;
  char detail[CURL_ERROR_SIZE] = {};
  // What was sent, so that an answer that repeats it is never shown: the password or token, and the header's value.
  Secret secret;
  Secret sent;
};

// Checks where it goes to and fills in deadlines and files; no credentials. Throws Refused.
void prepare_connection(Exchange& x);
// Checks what is asked and fills `x` from x.q, the credentials too. Throws Refused.
void prepare(Exchange& x, const SecretOf& secret);
// What connects: address, TLS, deadlines. `x` must outlive the handle's use. Throws Refused.
void set_up_connection(CURL* handle, Exchange& x);
// As set_up_connection(), and what is sent and taken. Throws Refused.
void set_up(CURL* handle, Exchange& x);
Failure failure_of(CURL* handle, CURLcode code, const Exchange& x);
// Takes what was sent as credentials out of the answer: the value of the Authorization header from every answer, the
// secret itself from those that are no 2xx (in alerts a short password may be any word).
void hide_credentials(Exchange& x, long status);
// `status` and one sentence in `error` (may be null); gives `status`.
sf_status fail(sf_error* error, sf_status status, const std::string& sentence);

}  // namespace signalfoundry::http
