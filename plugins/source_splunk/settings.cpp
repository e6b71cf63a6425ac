// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <signalfoundry/error.hpp>

#include <nlohmann/json.hpp>

#include "../shared/server_url.hpp"
#include "search_text.hpp"

namespace source_splunk {

namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw sf::Error(SF_INVALID, sentence);
}

void check(const Settings& s) {
  if (s.token && (s.password || !s.user.empty()))
    refuse("there is a token and a user or password; set token alone, or user and password");
  if (s.password && s.user.empty()) refuse("there is a password but no user; set user");
  if (!s.user.empty() && !s.password)
    refuse("there is a user but no password; set password = { file = \"…\" } or { env = \"…\" }");
  if (!s.token && !s.password)
    refuse("there are no credentials; set token = { file = \"…\" }, or user and password (docs/sources/splunk.md)");
  if (s.client_cert.empty() != s.client_key.empty())
    refuse("client_cert and client_key belong together; set both or neither");
  if (s.timeout_ms == 0) refuse("timeout must be longer than 0s");
  if (s.window_ms < 1000 || s.start_ms < 1000)
    refuse("window and start must be 1s at least, since Splunk keeps the time of indexing in whole seconds");
}

}  // namespace

std::string Settings::who() const {
  return token ? std::string("the token") : "user \"" + printable(user, 60) + "\"";
}

Settings read_settings(std::string_view json) {
  const auto j = nlohmann::json::parse(json);
  Settings s;
  s.url = j.at("url").get<std::string>();
  while (!s.url.empty() && s.url.back() == '/') s.url.pop_back();
  s.where = shared::where_of(
      s.url, {"Splunk address", "https://host:8089", "use token, or user and password, of the stage"});
  s.search = checked_search(j.at("search").get<std::string>());
  s.content = j.value("content", std::string("wazuh")) == "notable" ? Content::notable : Content::wazuh;
  s.token = j.contains("token");
  s.user = j.value("user", std::string());
  s.password = j.contains("password");
  s.ca_file = j.value("ca_file", std::string());
  s.client_cert = j.value("client_cert", std::string());
  s.client_key = j.value("client_key", std::string());
  s.page_bytes = j.value("page_bytes", std::uint64_t{67'108'864});
  s.overlap_ms = j.value("overlap", std::int64_t{300'000});
  s.visibility_delay_ms = j.value("visibility_delay", std::int64_t{30'000});
  s.start_ms = j.value("start", std::int64_t{86'400'000});
  s.window_ms = j.value("window", std::int64_t{3'600'000}) / 1000 * 1000;
  s.event_age_ms = j.value("event_age", std::int64_t{0});
  s.retry_for_ms = j.value("retry_for", std::int64_t{60'000});
  s.timeout_ms = j.value("timeout", 120'000U);
  check(s);
  return s;
}

}  // namespace source_splunk
