// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <signalfoundry/error.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace search {

namespace {

constexpr std::int64_t kShortestWindowMs = 60'000;

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
  check_server(s);
  if (s.api_key && !s.user.empty()) refuse("api_key and user are two ways to log in; set one of them");
  if (s.min_level > 0 && s.dialect->level[0] == '\0')
    refuse("min_level compares the numbers of Wazuh 4, and here levels are words; leave it out");
  if (s.start_ms <= 0) refuse("start must be longer than 0s");
  // A run reads 500 windows behind the live ones at most (timeline.hpp): with tiny ones it would never catch up.
  if (s.window_ms < kShortestWindowMs) refuse("window is shorter than 1m, and a run would fall behind; make it longer");
  if (s.sweep_back_ms > kMostSweepMs)
    refuse("sweep_back is longer than 96h, and the counts of more minutes are not kept; make it 96h or less");
}

}  // namespace

Settings read_settings(std::string_view json, const Dialect& dialect) {
  const auto j = nlohmann::json::parse(json);
  Settings s;
  static_cast<Server&>(s) = read_server(
      j, {dialect.server + std::string(" address"), "https://host:9200", "use user and password of the stage"}, 30'000);
  s.dialect = &dialect;
  s.index = j.value("index", std::string(dialect.index));
  s.api_key = j.contains("api_key");
  s.page_size = j.value("page_size", 1000U);
  s.overlap_ms = j.value("overlap", std::int64_t{600'000});
  s.visibility_delay_ms = j.value("visibility_delay", std::int64_t{20'000});
  s.start_ms = j.value("start", std::int64_t{86'400'000});
  s.window_ms = j.value("window", std::int64_t{3'600'000});
  s.backfill_max = j.value("backfill_max", std::uint64_t{20'000});
  s.backfill_for_ms = j.value("backfill_for", std::int64_t{15'000});
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
