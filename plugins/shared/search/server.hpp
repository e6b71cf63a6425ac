// SPDX-License-Identifier: Apache-2.0
//
// server.hpp - of a source's settings, those that say where its server is and how it lets in. [any-thread]
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "../server_url.hpp"

namespace search {

struct Server {
  std::string url;        // without a slash at its end
  std::string where;      // "127.0.0.1:9200", printable: where messages say the server is
  std::string user;       // with password: Basic authentication
  bool password = false;  // there is one; its value is the host's
  std::string ca_file;
  std::string client_cert;
  std::string client_key;
  std::uint64_t page_bytes = 64U << 20U;  // of an answer, decoded
  std::int64_t retry_for_ms = 0;
  std::uint32_t timeout_ms = 0;
};

// `settings` were checked against the schema; `timeout_ms` and `retry_for_ms` are the defaults. Throws
// sf::Error(SF_INVALID) for a URL that is none.
Server read_server(const nlohmann::json& settings, const shared::UrlWords& words, std::int64_t timeout_ms,
                   std::int64_t retry_for_ms = 60'000);
// Throws sf::Error(SF_INVALID) for what a schema cannot say: a certificate without its key, a password without a user.
void check_server(const Server& server);

}  // namespace search
