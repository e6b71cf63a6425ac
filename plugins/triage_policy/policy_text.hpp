// SPDX-License-Identifier: Apache-2.0
//
// policy_text.hpp - how the policy compares text: folding, host and group names, `*` patterns, networks, instants.
//
// Pure functions and immutable values. [any-thread]. Nothing here takes more than linear time in the alert's text.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace triage_policy {

// Without leading and trailing ASCII white space.
std::string_view trim(std::string_view text);
// Appends `text` with A-Z made a-z and a run of backslashes made one (Wazuh doubles them in Windows paths).
void fold_into(std::string_view text, std::string& out);
std::string fold(std::string_view text);
// A group's name as it is compared: trimmed, lower case, '-' and ' ' as '_'. Replaces `out`.
void group_into(std::string_view text, std::string& out);
// A host's name as it is compared: trimmed, lower case, cut at the first '.'; an IP address stays whole. Replaces
// `out`.
void host_into(std::string_view text, std::string& out);

// Is `part` somewhere in `text`? Both folded.
bool contains(std::string_view text, std::string_view part);

// A folded text in which '*' stands for any run of characters, the empty one included. No '*': equality.
class Pattern {
 public:
  explicit Pattern(std::string_view folded);
  bool matches(std::string_view folded) const;

 private:
  std::vector<std::string> pieces_;
};

// "10.0.0.0/8", "2001:db8::/32" or a single address. An IPv4 address and its IPv6-mapped form are the same.
class Network {
 public:
  // Nothing when it is no network; `why` then says what is wrong and what to write.
  static std::optional<Network> parse(std::string_view text, std::string& why);
  bool holds(std::string_view address) const;

 private:
  using Bytes = std::array<unsigned char, 16>;
  static std::optional<Bytes> address_bytes(std::string_view text, bool& v4);
  Bytes bytes_{};
  unsigned bits_ = 0;
};

// "2026-07-01" (00:00 UTC) or RFC 3339 ("2026-07-01T12:00:00Z", "…+02:00") as Unix milliseconds; nothing for anything
// else.
std::optional<std::int64_t> parse_instant(std::string_view text);
// Days since 1970-01-01 of a date; nothing when there is no such day.
std::optional<std::int64_t> day_number(int year, int month, int day);
// "2026-07-01" where the time is midnight UTC, else "2026-07-01T12:00:00Z".
std::string instant_text(std::int64_t unix_ms);

// In double quotes, printable, cut at about 80 bytes: for a message.
std::string in_quotes(std::string_view text);
// Appends `text` escaped as the inside of a JSON string.
void json_into(std::string_view text, std::string& out);
// The candidate nearest to `word` (edit distance at most a third of its length, at least 1), or "".
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace triage_policy
