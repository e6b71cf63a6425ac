// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <signalfoundry/error.hpp>

#include <nlohmann/json.hpp>

#include "search_text.hpp"

namespace source_splunk {

namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw sf::Error(SF_INVALID, sentence);
}

void check(const Settings& s) {
  if (s.token && (s.password || !s.user.empty()))
    refuse("there is a token and a user or password; set token alone, or user and password");
  ::search::check_server(s);
  if (!s.token && !s.password)
    refuse("there are no credentials; set token = { file = \"…\" }, or user and password (docs/sources/splunk.md)");
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
  static_cast<::search::Server&>(s) = ::search::read_server(
      j, {"Splunk address", "https://host:8089", "use token, or user and password, of the stage"}, 120'000, 300'000);
  s.search = checked_search(j.at("search").get<std::string>());
  s.content = j.value("content", std::string("wazuh")) == "notable" ? Content::notable : Content::wazuh;
  s.token = j.contains("token");
  s.overlap_ms = j.value("overlap", std::int64_t{300'000});
  s.visibility_delay_ms = j.value("visibility_delay", std::int64_t{30'000});
  s.start_ms = j.value("start", std::int64_t{86'400'000});
  s.window_ms = j.value("window", std::int64_t{3'600'000}) / 1000 * 1000;
  s.event_age_ms = j.value("event_age", std::int64_t{0});
  check(s);
  return s;
}

}  // namespace source_splunk
