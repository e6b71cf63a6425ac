// SPDX-License-Identifier: Apache-2.0
#include "search_text.hpp"

#include <signalfoundry/error.hpp>

#include <algorithm>
#include <array>

#include "settings.hpp"

namespace source_splunk {
namespace {

// Commands that pass each event on or leave it out, one by one, and keep _raw and the fields that are read.
constexpr std::array<std::string_view, 8> kFilters = {"search", "where", "regex",  "rex",
                                                      "eval",   "spath", "lookup", "fillnull"};

// Time modifiers in SPL win over the form's (Search Reference, "Time modifiers": "that time overrides").
constexpr std::array<std::string_view, 7> kTimeModifiers = {
    "earliest", "latest", "_index_earliest", "_index_latest", "index_earliest", "index_latest", "timeformat"};
// The older ones, by how they begin: startdaysago, endtimeu, searchtimespanhours, and so on.
constexpr std::array<std::string_view, 15> kOldTimeModifiers = {
    "starttime",      "startdaysago", "starthoursago", "startminutesago", "startmonthsago",
    "endtime",        "enddaysago",   "endhoursago",   "endminutesago",   "endmonthsago",
    "searchtimespan", "daysago",      "hoursago",      "minutesago",      "monthsago"};

bool sets_time(std::string_view name) {
  return std::find(kTimeModifiers.begin(), kTimeModifiers.end(), name) != kTimeModifiers.end() ||
         std::any_of(kOldTimeModifiers.begin(), kOldTimeModifiers.end(),
                     [&](std::string_view begin) { return name.substr(0, begin.size()) == begin; });
}

[[noreturn]] void refuse(const std::string& sentence) {
  throw sf::Error(SF_INVALID, "search " + sentence);
}

bool space(char c) {
  return c == ' ' || c == '\t';
}
bool word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// What SPL holds outside of quotes, macros and subsearches: these become spaces, so that places stay. Refuses what has
// no other half, because it would swallow what is put behind.
std::string bare(std::string_view text) {
  if (text.find("```") != std::string_view::npos) refuse("holds a comment (```); take it out");
  std::string out;
  std::size_t depth = 0;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool inside = quote != '\0' || depth != 0;
    if (quote == '"' && c == '\\' && i + 1 < text.size()) {
      out += "  ";
      ++i;
      continue;
    }
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '`') {
      quote = c;
    } else if (c == '[') {
      ++depth;
    } else if (c == ']') {
      if (depth == 0) refuse("holds a ] without its [; correct it");
      --depth;
    }
    out += inside || quote != '\0' || c == '[' || c == ']' ? ' ' : c;
  }
  if (quote == '`') refuse("holds a ` without its other half; a macro stands between two");
  if (quote != '\0') refuse("holds a \" without its other half; correct it");
  if (depth != 0) refuse("holds a [ without its ]; correct it");
  return out;
}

std::string word_at(std::string_view text, std::size_t at) {
  while (at < text.size() && space(text[at])) ++at;
  const auto from = at;
  while (at < text.size() && word(text[at])) ++at;
  return lower(text.substr(from, at - from));
}

void check_pipes(std::string_view text) {
  for (auto at = text.find('|'); at != std::string_view::npos; at = text.find('|', at + 1)) {
    const auto command = word_at(text, at + 1);
    if (std::find(kFilters.begin(), kFilters.end(), command) != kFilters.end()) continue;
    refuse((command.empty() ? std::string("holds a pipe that no command follows")
                            : "pipes into \"" + printable(command, 40) + "\", which may leave out or change events") +
           "; only search, where, regex, rex, eval, spath, lookup and fillnull may follow a pipe");
  }
}

void check_time(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!word(text[at]) || (at != 0 && word(text[at - 1]))) continue;
    const auto name = word_at(text, at);
    auto end = at + name.size();
    while (end < text.size() && space(text[end])) ++end;
    const bool compared = end < text.size() && (text[end] == '=' || text[end] == '!');
    if (compared && sets_time(name))
      refuse("holds " + name + "=, which would win over the stretch that is asked for; take it out (start, event_age)");
  }
}

void add_field(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form.append(name).append("=");
  for (const char c : value) {
    if (word(c) || c == '-' || c == '~') {
      form += c;
    } else {
      form += '%';
      shared::append_hex(form, static_cast<unsigned char>(c), 2);
    }
  }
}

// Named fields, because internal ones (_cd) are shown or not as the server likes, and its _time comes with the name of
// a zone ("2026-10-08 13:48:34.000 GMT") that nobody can resolve.
std::string spl_of(const Settings& s) {
  return "search " + s.search +
         " | eval sf_indextime=_indextime, sf_cd=_cd, sf_bkt=_bkt, sf_time=strftime(_time, "
         "\"%Y-%m-%dT%H:%M:%S.%3Q%z\")" +
         (s.content == Content::wazuh ? " | fields _raw, index, sf_indextime, sf_cd, sf_bkt" : " | fields *");
}

}  // namespace

std::string checked_search(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; }))
    refuse("holds a line break or another control character; write it in one line");
  text = trimmed(text);
  if (lower(text.substr(0, 6)) == "search" && text.size() > 6 && space(text[6])) text = trimmed(text.substr(6));
  if (text.empty() || lower(text) == "search")
    refuse("is empty; write what finds the alerts, such as index=wazuh sourcetype=wazuh");
  if (text.front() == '|')
    refuse("begins with a pipe; write what finds the alerts, such as index=wazuh sourcetype=wazuh");
  const auto outside = bare(text);
  check_pipes(outside);
  check_time(outside);
  return std::string(text);
}

// Names and meanings: REST API Reference, POST search/jobs, which search/v2/jobs/export takes too
// (https://docs.splunk.com/Documentation/Splunk/9.4.0/RESTREF/RESTsearch).
std::string form_of(const Slice& slice, const Settings& s) {
  // "To be certain of retrieving every event based on index-time, you must run your search using All Time" (Search
  // Reference, "Time modifiers"). An event may lie ahead too: props.conf's MAX_DAYS_HENCE lets two days pass, or more.
  constexpr std::int64_t kAheadS = std::int64_t{30} * 365 * 86'400;
  const auto from_s = slice.from_ms / 1000;
  const auto to_s = slice.to_ms / 1000;
  const auto earliest = s.event_age_ms == 0 ? 0 : std::max<std::int64_t>(0, from_s - s.event_age_ms / 1000);
  std::string form;
  add_field(form, "search", spl_of(s));
  add_field(form, "earliest_time", std::to_string(earliest));
  add_field(form, "latest_time", std::to_string(to_s + kAheadS));
  add_field(form, "index_earliest", std::to_string(from_s));  // inclusive
  // Exclusive by POST search/jobs, inclusive by GET search/jobs/export of the same page: what comes twice is known.
  add_field(form, "index_latest", std::to_string(to_s));
  add_field(form, "output_mode", "json");
  add_field(form, "preview", "false");
  // "When set to false, the search job fails if a search peer providing results … fails"; else it would just be short.
  add_field(form, "allow_partial_results", "false");
  // Fast mode gives only the fields that the SPL names.
  add_field(form, "adhoc_search_level", s.content == Content::wazuh ? "fast" : "verbose");
  return form;
}

}  // namespace source_splunk
