// SPDX-License-Identifier: Apache-2.0
//
// Goal: a policy's patterns, networks and dates mean what a slow and simple reading of them says.
// Input: a pattern, network or date in the first line, a text in the others.
#include "policy_text.hpp"

#include <nlohmann/json.hpp>

#include <vector>

#include "fuzz.hpp"

using namespace triage_policy;
using fuzz::hold;

namespace {

// Does `pattern` match `text`? By the definition: a row of the table per character of the pattern.
bool matches(std::string_view pattern, std::string_view text) {
  std::vector<char> row(text.size() + 1, 0);
  row[0] = 1;
  for (const char c : pattern) {
    std::vector<char> next(text.size() + 1, 0);
    if (c == '*') next[0] = row[0];
    for (std::size_t i = 1; i <= text.size(); ++i)
      next[i] = c == '*' ? static_cast<char>(row[i] | next[i - 1])
                         : static_cast<char>(row[i - 1] != 0 && text[i - 1] == c ? 1 : 0);
    row = std::move(next);
  }
  return row.back() != 0;
}

void check_pattern(std::string_view pattern, std::string_view text) {
  const std::string folded = fold(text);
  hold(fold(folded) == folded && folded.size() <= text.size());
  if (pattern.size() > 64 || text.size() > 256) return;
  const std::string folded_pattern = fold(pattern);
  hold(Pattern(folded_pattern).matches(folded) == matches(folded_pattern, folded));
  hold(contains(folded, folded_pattern) == (folded.find(folded_pattern) != std::string::npos));
}

void check_network(std::string_view text, std::string_view address) {
  std::string why;
  const auto network = Network::parse(text, why);
  if (!network) return hold(fuzz::sentence(why, 500) || !signalfoundry::valid_utf8(text));
  const auto first = fuzz::cut(text, "/").first;
  hold(network->holds(first));
  const auto other = Network::parse(address, why);
  const bool hosts = text.find('/') == std::string_view::npos && address.find('/') == std::string_view::npos;
  if (other && hosts) hold(network->holds(address) == other->holds(first));
}

void check_instant(std::string_view text) {
  const auto time = parse_instant(text);
  if (!time) return;
  const std::string written = instant_text(*time);
  if (*time < -62'167'219'200'000 || *time > 253'402'300'799'999) return;  // its zone leads out of 0000-9999
  const auto again = parse_instant(written);
  hold(again && *again <= *time && *time - *again < 1000);
}

void check_names(std::string_view text) {
  std::string name;
  host_into(text, name);
  hold(name.find('\\') == std::string::npos || text.find('\\') != std::string_view::npos);
  group_into(text, name);
  const std::string group = name;
  group_into(group, name);
  hold(name == group && name.find_first_of(" -") == std::string::npos);
  hold(trim(trim(text)) == trim(text));
}

void check_quotes(std::string_view text) {
  if (!signalfoundry::valid_utf8(text)) return;
  hold(fuzz::sentence(in_quotes(text), 500));
  std::string json = "\"";
  json_into(text, json);
  hold(nlohmann::json::parse(json + "\"") == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [head, text] = fuzz::cut(fuzz::text_of(data, size), "\n");
  check_pattern(head, text);
  check_network(head, text);
  check_instant(head);
  check_names(head);
  check_quotes(head);
  return 0;
}
