// SPDX-License-Identifier: Apache-2.0
#include "policy.hpp"

#include "policy_text.hpp"

#include <algorithm>
#include <utility>

namespace triage_policy {

const char* word(Layer layer) {
  static constexpr const char* kWords[kLayers] = {"always_escalate_rules",
                                                  "always_escalate_groups",
                                                  "escalate_level",
                                                  "known_fp",
                                                  "overrides",
                                                  "sysmon_suppressions",
                                                  "sysmon_tiering",
                                                  "sysmon_escalate_events",
                                                  "review_rules",
                                                  "protected_hosts",
                                                  "benign_rules",
                                                  "benign_level",
                                                  "default"};
  return kWords[static_cast<std::size_t>(layer)];
}

const char* word(Disposition disposition) {
  switch (disposition) {
    case Disposition::benign:
      return "benign";
    case Disposition::known_fp:
      return "known_fp";
    case Disposition::review:
      return "review";
    case Disposition::escalated:
      return "escalated";
  }
  return "";
}

std::vector<Name> PolicySpec::shipped_dangerous_groups() {
  std::vector<Name> out;
  for (const char* group : {"credential_dumping", "data_exfiltration", "exploit_attempt", "lateral_movement",
                            "logs_cleared", "malware", "ransomware", "rootkit", "sql_injection", "sqlinjection"})
    out.push_back({group, {}});
  return out;
}

Policy::Policy(const PolicySpec& spec) : thresholds_(spec.thresholds), otherwise_(spec.otherwise) {
  for (const char* field : {"rule.id", "rule.groups", "host.name", "location", "event.provider", "event.code"})
    vocabulary_.fields.add(field);
  std::string name;
  for (const auto& [host, others] : spec.aliases) {
    host_into(host, name);
    const Symbol symbol = vocabulary_.hosts.add(name);
    for (const auto& other : others) {
      host_into(other, name);
      vocabulary_.hosts.alias(name, symbol);
    }
  }
  add_entries(spec.known_fps, EntryKind::known_fp, known_fps_);
  add_entries(spec.overrides, EntryKind::override_, overrides_);
  add_entries(spec.sysmon_suppressions, EntryKind::suppression, suppressions_);
  add_entries(spec.sysmon_tiers, EntryKind::tier, tiers_);
  for (const auto& host : spec.protected_hosts) {
    host_into(host.text, name);
    const Symbol symbol = vocabulary_.hosts.add(name);
    protected_.resize(std::max<std::size_t>(protected_.size(), symbol + 1));
    protected_[symbol] = true;
  }
  for (const auto& event : spec.sysmon_escalate_events) {
    const Symbol symbol = vocabulary_.events.add(trim(event.text));
    event_escalates_.resize(std::max<std::size_t>(event_escalates_.size(), symbol + 1));
    event_escalates_[symbol] = any_sysmon_event_escalates_ = true;
  }
  for (const auto& provider : spec.sysmon_providers) {
    const Symbol symbol = vocabulary_.providers.add(fold(trim(provider)));
    vocabulary_.sysmon.resize(std::max<std::size_t>(vocabulary_.sysmon.size(), symbol + 1));
    vocabulary_.sysmon[symbol] = true;
  }
  add_rules_and_groups(spec);
  add_benign(spec);
  rules_.resize(vocabulary_.rules.size());
  groups_.resize(vocabulary_.groups.size());
  protected_.resize(vocabulary_.hosts.size());
  event_escalates_.resize(vocabulary_.events.size());
  vocabulary_.sysmon.resize(vocabulary_.providers.size());
}

void Policy::add_entries(const std::vector<Entry>& entries, EntryKind kind, EntryIndex& index) {
  for (const auto& entry : entries) {
    CompiledEntry compiled = compile_entry(entry, kind, vocabulary_);
    if (compiled.allow_dangerous) exempt_.add(compiled);
    index.add(std::move(compiled));
  }
}

Policy::RuleInfo& Policy::rule_info(std::string_view rule) {
  const Symbol symbol = vocabulary_.rules.add(trim(rule));
  rules_.resize(std::max<std::size_t>(rules_.size(), symbol + 1));
  return rules_[symbol];
}

Policy::GroupInfo& Policy::group_info(std::string_view group) {
  std::string name;
  group_into(group, name);
  const Symbol symbol = vocabulary_.groups.add(name);
  groups_.resize(std::max<std::size_t>(groups_.size(), symbol + 1));
  return groups_[symbol];
}

void Policy::add_rules_and_groups(const PolicySpec& spec) {
  for (const auto& rule : spec.always_rules) rule_info(rule.text).always = true;
  for (const auto& rule : spec.review_rules) rule_info(rule.text).review = true;
  for (const auto& group : spec.always_groups) group_info(group.text).always = true;
  for (const auto& group : spec.neutral_groups) group_info(group.text).neutral = true;
}

void Policy::add_benign(const PolicySpec& spec) {
  benign_any_group_ = spec.benign_any_group;
  std::string name;
  for (const auto& rule : spec.benign_rules) {
    BenignRuleInfo info{rule.reason, {}, rule.max_level.value_or(spec.thresholds.benign_max_level)};
    for (const auto& group : rule.groups) {
      group_into(group, name);
      info.groups.push_back(vocabulary_.groups.add(name));
    }
    rule_info(rule.rule_id).benign = static_cast<int>(benign_rules_.size());
    benign_rules_.push_back(std::move(info));
  }
  for (const auto& group : spec.benign_groups) {
    group_info(group.group).noise = static_cast<int>(benign_groups_.size());
    benign_groups_.push_back(group.reason);
  }
}

}  // namespace triage_policy
