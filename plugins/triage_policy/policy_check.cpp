// SPDX-License-Identifier: Apache-2.0
#include "policy_check.hpp"

#include "policy_text.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace triage_policy {
namespace {

std::string group_key(std::string_view text) {
  std::string out;
  group_into(text, out);
  return out;
}

// Which list a name is in, first come; a second one is a problem.
class Claims {
 public:
  Claims(const char* noun, Problems& problems) : noun_(noun), problems_(problems) {}
  void claim(const std::string& key, Place place, const char* list) {
    const auto [at, fresh] = lists_.try_emplace(key, list);
    if (fresh) return;
    const std::string say = std::string(noun_) + " " + in_quotes(key) + " is in " + list;
    if (std::string_view(at->second) == list) {
      problems_.add(place, say + " twice. Take one out.");
    } else {
      problems_.add(place, say + ", but " + at->second + " has it too and is asked first. Take it out of one of them.");
    }
  }

 private:
  const char* noun_;
  Problems& problems_;
  std::map<std::string, const char*> lists_;
};

bool all_in(const std::vector<std::string>& names, const std::set<std::string>& set, bool groups) {
  return !names.empty() && std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return set.contains(groups ? group_key(name) : name);
  });
}

// Says why no alert ever reaches the entry; "" when one may.
std::string never_reached(const PolicySpec& spec, const Entry& entry, const std::set<std::string>& always_rules,
                          const std::set<std::string>& always_groups) {
  if (entry.allow_dangerous || entry.disposition == Disposition::escalated) return {};
  if (all_in(entry.rule_ids, always_rules, false)) return "all its rule_ids are in always_escalate.rule_ids";
  if (all_in(entry.groups, always_groups, true)) return "all its groups are in always_escalate.groups";
  if (!entry.min_level) return {};
  const Thresholds& at = spec.thresholds;
  if (*entry.min_level >= at.escalate_min_level)
    return "escalate_min_level " + std::to_string(at.escalate_min_level) + " takes every alert from its min_level on";
  if (closes(entry.disposition) && *entry.min_level > at.known_fp_max_level)
    return "its min_level is above known_fp_max_level " + std::to_string(at.known_fp_max_level);
  return {};
}

void check_entries(const PolicySpec& spec, Problems& problems) {
  std::set<std::string> rules;
  std::set<std::string> groups;
  for (const auto& rule : spec.always_rules) rules.insert(rule.text);
  for (const auto& group : spec.always_groups) groups.insert(group_key(group.text));
  for (const auto* entries : {&spec.known_fps, &spec.overrides, &spec.sysmon_suppressions, &spec.sysmon_tiers}) {
    const bool tiers = entries == &spec.sysmon_tiers;
    for (const Entry& entry : *entries) {
      const std::string why = never_reached(spec, entry, rules, groups);
      if (why.empty()) continue;
      problems.add(entry.place, "entry " + in_quotes(entry.id) + " can never match: " + why +
                                    (tiers ? ". Take it out." : ". Take it out, or say allow_dangerous = true."));
    }
  }
}

}  // namespace

void check_thresholds(Thresholds& thresholds, const ThresholdPlaces& given, Problems& problems) {
  const int highest = thresholds.escalate_min_level - 1;
  const auto check = [&](int& value, const std::optional<Place>& place, const char* name) {
    if (value <= highest) return;
    if (place)
      problems.add(*place, std::string("[thresholds] ") + name + " is " + std::to_string(value) +
                               ", but escalate_min_level " + std::to_string(thresholds.escalate_min_level) +
                               " is decided first. Write at most " + std::to_string(highest) + ".");
    value = highest;
  };
  check(thresholds.known_fp_max_level, given.known_fp_max_level, "known_fp_max_level");
  check(thresholds.benign_max_level, given.benign_max_level, "benign_max_level");
}

void check_overlaps(const PolicySpec& spec, Problems& problems) {
  Claims rules("rule", problems);
  for (const auto& rule : spec.always_rules) rules.claim(rule.text, rule.place, "always_escalate.rule_ids");
  for (const auto& rule : spec.review_rules) rules.claim(rule.text, rule.place, "review.rule_ids");
  for (const auto& rule : spec.benign_rules) rules.claim(rule.rule_id, rule.place, "benign.rules");
  Claims groups("group", problems);
  for (const auto& group : spec.always_groups)
    groups.claim(group_key(group.text), group.place, "always_escalate.groups");
  for (const auto& group : spec.benign_groups) groups.claim(group_key(group.group), group.place, "benign.groups");
  for (const auto& group : spec.neutral_groups)
    groups.claim(group_key(group.text), group.place, "benign.neutral_groups");
  for (const auto& rule : spec.benign_rules)
    if (rule.max_level && *rule.max_level >= spec.thresholds.escalate_min_level)
      problems.add(rule.place,
                   "benign.rules: rule " + in_quotes(rule.rule_id) + " has a max_level at which escalate_min_level " +
                       std::to_string(spec.thresholds.escalate_min_level) + " decides first. Write at most " +
                       std::to_string(spec.thresholds.escalate_min_level - 1) + ".");
  check_entries(spec, problems);
}

}  // namespace triage_policy
