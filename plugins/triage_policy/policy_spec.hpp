// SPDX-License-Identifier: Apache-2.0
//
// policy_spec.hpp - what a policy file says, as plain data: the loader fills it, Policy compiles it.
//
// Values; no thread rules. The defaults here are the documented ones, and pipelines/policies/default.toml repeats them.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace triage_policy {

enum class Disposition : std::uint8_t { benign, known_fp, review, escalated };
// "benign", "known_fp", "review", "escalated"
const char* word(Disposition disposition);
inline bool closes(Disposition d) {
  return d == Disposition::benign || d == Disposition::known_fp;
}

// Where something stands in its file; 0: the file as a whole.
struct Place {
  unsigned line = 0;
  unsigned column = 0;
};
struct Name {
  std::string text;
  Place place;
};

// One condition on one field. It holds when some value of the field satisfies it; an absent field satisfies none.
struct Condition {
  enum class Op : std::uint8_t {
    any,     // contains one of the texts
    all,     // contains all of the texts
    equals,  // is one of the texts
    glob,    // matches one of the patterns
    cidr,    // is an address in one of the networks
  };
  std::string field;  // a canonical field or a JSON pointer
  Op op = Op::any;
  std::vector<std::string> texts;
};

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// A known false positive, an override, a Sysmon suppression or a Sysmon tier. All selectors that are given must hold;
// inside one selector, one of its values.
struct Entry {
  std::string id;
  std::string owner;
  std::string reason;
  Disposition disposition = Disposition::review;
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = kNever;  // the first moment at which it does not match any more
  bool monitor = false;              // only noted in the trail
  bool allow_dangerous = false;      // may set the dangerous layers and the level cap aside
  std::vector<std::string> rule_ids;
  std::vector<std::string> groups;
  std::vector<std::string> hosts;      // '*' allowed
  std::vector<std::string> locations;  // '*' allowed
  std::vector<std::string> provider_names;
  std::vector<std::string> event_ids;
  std::optional<int> min_level;
  std::optional<int> max_level;
  std::vector<Condition> where;
  Place place;
};

struct BenignRule {
  std::string rule_id;
  std::string reason;
  std::vector<std::string> groups;  // the alert must have one of them; empty: any
  std::optional<int> max_level;     // instead of Thresholds::benign_max_level
  Place place;
};
struct BenignGroup {
  std::string group;
  std::string reason;
  Place place;
};

struct Thresholds {
  int escalate_min_level = 12;
  int known_fp_max_level = 11;
  int protected_host_min_level = 7;
  int benign_max_level = 3;
};

struct PolicySpec {
  Thresholds thresholds;
  std::vector<Name> always_rules;
  std::vector<Name> always_groups = shipped_dangerous_groups();
  std::vector<Entry> known_fps;
  std::vector<Entry> overrides;
  std::vector<std::string> sysmon_providers = {"Microsoft-Windows-Sysmon"};
  std::vector<Entry> sysmon_suppressions;
  std::vector<Entry> sysmon_tiers;
  std::vector<Name> sysmon_escalate_events;
  std::vector<Name> review_rules;
  std::vector<Name> protected_hosts;
  std::vector<BenignRule> benign_rules;
  std::vector<BenignGroup> benign_groups;
  std::vector<Name> neutral_groups;  // say where an alert came from, not what it is
  bool benign_any_group = false;     // close by level alone
  std::vector<std::pair<std::string, std::vector<std::string>>> aliases;  // host, its other names
  Disposition otherwise = Disposition::review;

  static std::vector<Name> shipped_dangerous_groups();
};

}  // namespace triage_policy
