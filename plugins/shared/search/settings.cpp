// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <signalfoundry/error.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../server_url.hpp"

namespace search {

namespace {

constexpr std::int64_t kLongestSweepMs = 96 * 3'600'000LL;

[[noreturn]] void refuse(const std::string& sentence) {
  throw sf::Error(SF_INVALID, sentence);
}

bool index_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("*,._-:").find(c) != std::string_view::npos;
}

void check(const Settings& s) {
  if (!std::all_of(s.index.begin(), s.index.end(), index_character))
    refuse("index = \"" + printable(s.index) +
           "\" holds a character that no index name has; write names and patterns with commas between");
  if (s.client_cert.empty() != s.client_key.empty())
    refuse("client_cert and client_key belong together; set both or neither");
  if (s.password && s.user.empty()) refuse("there is a password but no user; set user");
  if (!s.user.empty() && !s.password)
    refuse("there is a user but no password; set password = { file = \"…\" } or { env = \"…\" }");
  if (s.api_key && !s.user.empty()) refuse("api_key and user are two ways to log in; set one of them");
  if (s.min_level > 0 && s.dialect->level[0] == '\0')
    refuse("min_level compares the numbers of Wazuh 4, and here levels are words; leave it out");
  if (s.timeout_ms == 0 || s.window_ms <= 0 || s.start_ms <= 0)
    refuse("timeout, window and start must be longer than 0s");
  if (s.sweep_back_ms > kLongestSweepMs)
    refuse("sweep_back is longer than 96h, and the counts of more minutes are not kept; make it 96h or less");
}

}  // namespace

Settings read_settings(std::string_view json, const Dialect& dialect) {
  const auto j = nlohmann::json::parse(json);
  Settings s;
  s.dialect = &dialect;
  s.url = j.at("url").get<std::string>();
  while (!s.url.empty() && s.url.back() == '/') s.url.pop_back();
  s.where = shared::where_of(
      s.url, {dialect.server + std::string(" address"), "https://host:9200", "use user and password of the stage"});
  s.index = j.value("index", std::string(dialect.index));
  s.user = j.value("user", std::string());
  s.password = j.contains("password");
  s.api_key = j.contains("api_key");
  s.ca_file = j.value("ca_file", std::string());
  s.client_cert = j.value("client_cert", std::string());
  s.client_key = j.value("client_key", std::string());
  s.page_size = j.value("page_size", 1000U);
  s.page_bytes = j.value("page_bytes", std::uint64_t{67'108'864});
  s.overlap_ms = j.value("overlap", std::int64_t{600'000});
  s.visibility_delay_ms = j.value("visibility_delay", std::int64_t{20'000});
  s.start_ms = j.value("start", std::int64_t{86'400'000});
  s.window_ms = j.value("window", std::int64_t{3'600'000});
  s.retry_for_ms = j.value("retry_for", std::int64_t{60'000});
  s.timeout_ms =
      static_cast<std::uint32_t>(std::min<std::int64_t>(j.value("timeout", std::int64_t{30'000}), 3'600'000));
  s.backfill_max = j.value("backfill_max", std::uint64_t{20'000});
  s.sweep_every_ms = j.value("sweep_every", std::int64_t{1'800'000});
  s.sweep_back_ms = j.value("sweep_back", std::int64_t{172'800'000});
  s.min_level = j.value("min_level", 0);
  check(s);
  return s;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) out.push_back(c >= ' ' && c <= '~' ? c : '?');
  if (text.size() > limit) out += "...";
  return out;
}

}  // namespace search
