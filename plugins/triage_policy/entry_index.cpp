// SPDX-License-Identifier: Apache-2.0
#include "entry_index.hpp"

#include <algorithm>

namespace triage_policy {
namespace {

enum class Under : std::uint64_t { rule = 1, rule_host, group, host, event };

// Symbols stay below 2^28: a policy file is at most 64 MiB.
std::uint64_t key(Under under, Symbol a, Symbol b = 0) {
  return static_cast<std::uint64_t>(under) << 56U | static_cast<std::uint64_t>(a) << 28U | b;
}

bool later(const EntryIndex::Cursor& a, const EntryIndex::Cursor& b) {
  return *a.at > *b.at;
}

bool has(const std::vector<Symbol>& sorted, Symbol symbol) {
  return symbol != kUnknown && std::binary_search(sorted.begin(), sorted.end(), symbol);
}

void tidy(std::vector<Symbol>& symbols) {
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
}

CompiledCondition compile_condition(const Condition& condition, Vocabulary& vocabulary) {
  CompiledCondition out;
  out.field = vocabulary.fields.add(condition.field);
  out.op = condition.op;
  for (const auto& text : condition.texts) {
    if (condition.op == Condition::Op::cidr) {
      std::string why;
      if (auto network = Network::parse(text, why)) out.networks.push_back(*network);
    } else if (condition.op == Condition::Op::glob) {
      out.patterns.emplace_back(fold(text));
    } else {
      out.texts.push_back(fold(text));
    }
  }
  return out;
}

bool value_holds(const CompiledCondition& condition, std::string_view value) {
  const auto in_value = [&](const std::string& text) { return contains(value, text); };
  switch (condition.op) {
    case Condition::Op::any:
      return std::any_of(condition.texts.begin(), condition.texts.end(), in_value);
    case Condition::Op::all:
      return std::all_of(condition.texts.begin(), condition.texts.end(), in_value);
    case Condition::Op::equals:
      return std::find(condition.texts.begin(), condition.texts.end(), value) != condition.texts.end();
    case Condition::Op::glob:
      return std::any_of(condition.patterns.begin(), condition.patterns.end(),
                         [&](const Pattern& pattern) { return pattern.matches(value); });
    case Condition::Op::cidr:
      return std::any_of(condition.networks.begin(), condition.networks.end(),
                         [&](const Network& network) { return network.holds(value); });
  }
  return false;
}

bool level_holds(const CompiledEntry& entry, const AlertFacts& alert) {
  if (!entry.min_level && !entry.max_level) return true;
  const auto level = alert.level();
  return level && *level >= entry.min_level.value_or(0) && (!entry.max_level || *level <= *entry.max_level);
}

bool host_holds(const CompiledEntry& entry, const AlertFacts& alert) {
  if (entry.hosts.empty() && entry.host_patterns.empty()) return true;
  if (has(entry.hosts, alert.host())) return true;
  return !alert.host_name().empty() &&
         std::any_of(entry.host_patterns.begin(), entry.host_patterns.end(),
                     [&](const Pattern& pattern) { return pattern.matches(alert.host_name()); });
}

bool location_holds(const CompiledEntry& entry, AlertFacts& alert) {
  if (entry.locations.empty()) return true;
  return alert.some_value(kLocation, [&](std::string_view value) {
    return std::any_of(entry.locations.begin(), entry.locations.end(),
                       [&](const Pattern& pattern) { return pattern.matches(value); });
  });
}

}  // namespace

const char* word(EntryKind kind) {
  switch (kind) {
    case EntryKind::known_fp:
      return "known_fp";
    case EntryKind::override_:
      return "override";
    case EntryKind::suppression:
      return "sysmon.suppression";
    case EntryKind::tier:
      return "sysmon.tier";
  }
  return "";
}

CompiledEntry compile_entry(const Entry& entry, EntryKind kind, Vocabulary& vocabulary) {
  CompiledEntry out;
  out.kind = kind;
  out.id = entry.id;
  out.reason = entry.reason;
  out.disposition = entry.disposition;
  out.expires_ms = entry.expires_ms;
  out.monitor = entry.monitor;
  out.allow_dangerous = entry.allow_dangerous;
  out.min_level = entry.min_level;
  out.max_level = entry.max_level;
  std::string name;
  for (const auto& id : entry.rule_ids) out.rules.push_back(vocabulary.rules.add(trim(id)));
  for (const auto& group : entry.groups) {
    group_into(group, name);
    out.groups.push_back(vocabulary.groups.add(name));
  }
  for (const auto& host : entry.hosts) {
    host_into(host, name);
    if (name.find('*') == std::string::npos) {
      out.hosts.push_back(vocabulary.hosts.add(name));
    } else {
      out.host_patterns.emplace_back(name);
    }
  }
  for (const auto& location : entry.locations) out.locations.emplace_back(fold(trim(location)));
  for (const auto& provider : entry.provider_names)
    out.providers.push_back(vocabulary.providers.add(fold(trim(provider))));
  for (const auto& event : entry.event_ids) out.events.push_back(vocabulary.events.add(trim(event)));
  for (const auto& condition : entry.where) out.where.push_back(compile_condition(condition, vocabulary));
  for (auto* symbols : {&out.rules, &out.groups, &out.hosts, &out.providers, &out.events}) tidy(*symbols);
  return out;
}

bool matches(const CompiledEntry& entry, AlertFacts& alert) {
  if (!level_holds(entry, alert)) return false;
  if (!entry.rules.empty() && !has(entry.rules, alert.rule())) return false;
  const auto in_alert = [&](Symbol group) { return alert.has_group(group); };
  if (!entry.groups.empty() && std::none_of(entry.groups.begin(), entry.groups.end(), in_alert)) return false;
  if (!host_holds(entry, alert)) return false;
  const bool sysmon_only = entry.kind == EntryKind::suppression || entry.kind == EntryKind::tier;
  if (sysmon_only && !alert.sysmon()) return false;
  if (!entry.providers.empty() && !has(entry.providers, alert.provider())) return false;
  if (!entry.events.empty() && !has(entry.events, alert.event())) return false;
  if (!location_holds(entry, alert)) return false;
  return std::all_of(entry.where.begin(), entry.where.end(), [&](const CompiledCondition& condition) {
    return alert.some_value(condition.field, [&](std::string_view value) { return value_holds(condition, value); });
  });
}

void EntryIndex::add(CompiledEntry entry) {
  const auto number = static_cast<std::uint32_t>(entries_.size());
  const bool exact_hosts = !entry.hosts.empty() && entry.host_patterns.empty();
  const auto file = [&](std::uint64_t under) { lists_[under].push_back(number); };
  // An entry that names many rules and many hosts would be filed under each pair; the rules alone are good enough then.
  constexpr std::size_t kMaxPairs = 64;
  if (!entry.rules.empty() && exact_hosts && entry.rules.size() * entry.hosts.size() <= kMaxPairs) {
    for (const Symbol rule : entry.rules)
      for (const Symbol host : entry.hosts) file(key(Under::rule_host, rule, host));
  } else if (!entry.rules.empty()) {
    for (const Symbol rule : entry.rules) file(key(Under::rule, rule));
  } else if (!entry.groups.empty()) {
    for (const Symbol group : entry.groups) file(key(Under::group, group));
  } else if (exact_hosts) {
    for (const Symbol host : entry.hosts) file(key(Under::host, host));
  } else if (!entry.events.empty()) {
    for (const Symbol event : entry.events) file(key(Under::event, event));
    by_event_ = true;
  } else {
    scan_.push_back(number);
  }
  entries_.push_back(std::move(entry));
}

void EntryIndex::open(std::uint64_t under, std::vector<Cursor>& cursors) const {
  const auto at = lists_.find(under);
  if (at != lists_.end()) cursors.push_back({at->second.data(), at->second.data() + at->second.size()});
}

void EntryIndex::collect(AlertFacts& alert, std::vector<Cursor>& cursors) const {
  cursors.clear();
  if (!scan_.empty()) cursors.push_back({scan_.data(), scan_.data() + scan_.size()});
  if (alert.rule() != kUnknown) {
    open(key(Under::rule, alert.rule()), cursors);
    if (alert.host() != kUnknown) open(key(Under::rule_host, alert.rule(), alert.host()), cursors);
  }
  for (const Symbol group : alert.groups()) open(key(Under::group, group), cursors);
  if (alert.host() != kUnknown) open(key(Under::host, alert.host()), cursors);
  if (by_event_ && alert.event() != kUnknown) open(key(Under::event, alert.event()), cursors);
  std::make_heap(cursors.begin(), cursors.end(), later);
}

// The lowest number among the lists, taken off each that has it: an entry is met once however many groups lead to it.
bool EntryIndex::take_lowest(std::vector<Cursor>& cursors, std::uint32_t& out) {
  if (cursors.empty()) return false;
  out = *cursors.front().at;
  while (!cursors.empty() && *cursors.front().at == out) {
    std::pop_heap(cursors.begin(), cursors.end(), later);
    if (++cursors.back().at == cursors.back().end) {
      cursors.pop_back();
    } else {
      std::push_heap(cursors.begin(), cursors.end(), later);
    }
  }
  return true;
}

}  // namespace triage_policy
