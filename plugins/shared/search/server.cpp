// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <signalfoundry/error.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace search {
namespace {

constexpr std::int64_t kLongestTimeoutMs = 86'400'000;

}  // namespace

Server read_server(const nlohmann::json& settings, const shared::UrlWords& words, std::int64_t timeout_ms,
                   std::int64_t retry_for_ms) {
  Server s;
  s.url = settings.at("url").get<std::string>();
  while (!s.url.empty() && s.url.back() == '/') s.url.pop_back();
  s.where = shared::where_of(s.url, words);
  s.user = settings.value("user", std::string());
  s.password = settings.contains("password");
  s.ca_file = settings.value("ca_file", std::string());
  s.client_cert = settings.value("client_cert", std::string());
  s.client_key = settings.value("client_key", std::string());
  s.page_bytes = settings.value("page_bytes", std::uint64_t{67'108'864});
  s.retry_for_ms = settings.value("retry_for", retry_for_ms);
  s.timeout_ms = static_cast<std::uint32_t>(std::min(settings.value("timeout", timeout_ms), kLongestTimeoutMs));
  return s;
}

void check_server(const Server& s) {
  const auto refuse = [](const char* sentence) { throw sf::Error(SF_INVALID, sentence); };
  if (s.client_cert.empty() != s.client_key.empty())
    refuse("client_cert and client_key belong together; set both or neither");
  if (s.password && s.user.empty()) refuse("there is a password but no user; set user");
  if (!s.user.empty() && !s.password)
    refuse("there is a user but no password; set password = { file = \"…\" } or { env = \"…\" }");
  if (s.timeout_ms == 0) refuse("timeout must be longer than 0s");
}

}  // namespace search
