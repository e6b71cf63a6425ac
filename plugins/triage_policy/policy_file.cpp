// SPDX-License-Identifier: Apache-2.0
#include "policy_file.hpp"

#include "alias_reader.hpp"
#include "entry_reader.hpp"
#include "policy_check.hpp"
#include "policy_text.hpp"

#include <iterator>
#include <utility>

namespace triage_policy {
namespace {

// A table of the file's root.
const Node* section_node(TableReader& root, std::string_view key) {
  const Node* node = root.take(key);
  if (node == nullptr || node->kind == Node::Kind::table) return node;
  const std::string name(key);
  root.problem(node->place, "must have " + name + " as a table, not as " + kind_word(node->kind) + ". Write [" + name +
                                "] in a line of its own, and its keys below.");
  return nullptr;
}

template <class Read>
void section(TableReader& root, std::string_view key, Read&& read) {
  const Node* node = section_node(root, key);
  if (node == nullptr) return;
  TableReader table(*node, "[" + std::string(key) + "]", root.problems());
  read(table);
  table.finish();
}

void read_thresholds(TableReader& table, PolicySpec& spec, ThresholdPlaces& places) {
  Thresholds& out = spec.thresholds;
  out.escalate_min_level = table.level("escalate_min_level").value_or(out.escalate_min_level);
  out.known_fp_max_level = table.level("known_fp_max_level").value_or(out.known_fp_max_level);
  out.protected_host_min_level = table.level("protected_host_min_level").value_or(out.protected_host_min_level);
  out.benign_max_level = table.level("benign_max_level").value_or(out.benign_max_level);
  if (out.escalate_min_level == 0) {
    table.problem(table.take("escalate_min_level")->place,
                  "escalate_min_level 0 would escalate every alert. Write 1 to 15.");
    out.escalate_min_level = Thresholds{}.escalate_min_level;
  }
  if (const Node* node = table.take("known_fp_max_level")) places.known_fp_max_level = node->place;
  if (const Node* node = table.take("benign_max_level")) places.benign_max_level = node->place;
}

void read_always(TableReader& table, PolicySpec& spec) {
  if (auto rules = table.names("rule_ids", NameOf::rule, true)) spec.always_rules = std::move(*rules);
  if (auto groups = table.names("groups", NameOf::group, true)) spec.always_groups = std::move(*groups);
}

void read_benign_rule(const Node& node, Problems& problems, PolicySpec& spec) {
  TableReader table(node, "benign.rules:", problems);
  BenignRule out;
  out.place = node.place;
  const auto rule = table.name("rule_id", NameOf::rule);
  if (rule) {
    out.rule_id = rule->text;
    table.relabel("benign.rules: rule " + in_quotes(out.rule_id));
  } else if (table.take("rule_id") == nullptr) {
    table.missing("rule_id", "5502");
  }
  out.reason = table.text("reason", "\"why it is noise\"").value_or("");
  if (table.take("reason") == nullptr) table.missing("reason", "\"why it is noise\"");
  if (auto groups = table.names("groups", NameOf::group))
    for (auto& group : *groups) out.groups.push_back(std::move(group.text));
  out.max_level = table.level("max_level");
  table.finish();
  if (rule) spec.benign_rules.push_back(std::move(out));
}

void read_benign_group(const Node& node, Problems& problems, PolicySpec& spec) {
  TableReader table(node, "benign.groups:", problems);
  BenignGroup out;
  out.place = node.place;
  const auto group = table.name("group", NameOf::group);
  if (group) {
    out.group = group->text;
    table.relabel("benign.groups: group " + in_quotes(out.group));
  } else if (table.take("group") == nullptr) {
    table.missing("group", "\"sca\"");
  }
  out.reason = table.text("reason", "\"why it is noise\"").value_or("");
  if (table.take("reason") == nullptr) table.missing("reason", "\"why it is noise\"");
  table.finish();
  if (group) spec.benign_groups.push_back(std::move(out));
}

void read_benign(TableReader& table, PolicySpec& spec) {
  for (const Node* node : table.tables("rules")) read_benign_rule(*node, table.problems(), spec);
  for (const Node* node : table.tables("groups")) read_benign_group(*node, table.problems(), spec);
  if (auto neutral = table.names("neutral_groups", NameOf::group, true)) spec.neutral_groups = std::move(*neutral);
  spec.benign_any_group = table.flag("any_group").value_or(false);
}

void read_sysmon(TableReader& table, EntryReader& entries, PolicySpec& spec) {
  if (const auto providers = table.names("providers", NameOf::provider)) {
    spec.sysmon_providers.clear();
    for (const auto& provider : *providers) spec.sysmon_providers.push_back(provider.text);
  }
  spec.sysmon_suppressions = entries.read(table, "suppression", "[[sysmon.suppression]]", EntryKind::suppression);
  spec.sysmon_tiers = entries.read(table, "tier", "[[sysmon.tier]]", EntryKind::tier);
  if (auto events = table.names("escalate_event_ids", NameOf::event, true))
    spec.sysmon_escalate_events = std::move(*events);
}

void read_default(TableReader& table, PolicySpec& spec) {
  if (const auto given = table.disposition("disposition", {Disposition::review, Disposition::escalated}))
    spec.otherwise = *given;
}

void read_root(const Node& node, Problems& problems, AliasReader& aliases, PolicySpec& spec) {
  TableReader root(node, "the policy", problems);
  EntryReader entries(problems);
  ThresholdPlaces places;
  section(root, "thresholds", [&](TableReader& table) { read_thresholds(table, spec, places); });
  section(root, "always_escalate", [&](TableReader& table) { read_always(table, spec); });
  spec.known_fps = entries.read(root, "known_fp", "[[known_fp]]", EntryKind::known_fp);
  spec.overrides = entries.read(root, "override", "[[override]]", EntryKind::override_);
  section(root, "sysmon", [&](TableReader& table) { read_sysmon(table, entries, spec); });
  section(root, "review", [&](TableReader& table) {
    if (auto rules = table.names("rule_ids", NameOf::rule, true)) spec.review_rules = std::move(*rules);
  });
  section(root, "protected", [&](TableReader& table) {
    if (auto hosts = table.names("hosts", NameOf::host, true)) spec.protected_hosts = std::move(*hosts);
  });
  section(root, "benign", [&](TableReader& table) { read_benign(table, spec); });
  section(root, "default", [&](TableReader& table) { read_default(table, spec); });
  if (const Node* table = section_node(root, "aliases")) aliases.read(*table, problems);
  root.finish();
  check_thresholds(spec.thresholds, places, problems);
  check_overlaps(spec, problems);
}

void read_aliases(const Node& node, Problems& problems, AliasReader& aliases) {
  TableReader root(node, "the aliases file", problems);
  const Node* table = section_node(root, "aliases");
  if (table != nullptr) {
    aliases.read(*table, problems);
  } else if (root.take("aliases") == nullptr) {
    problems.add({}, "the aliases file has no [aliases] table. Add one, with lines like web-01 = [\"www\"].");
  }
  root.finish();
}

template <class Read>
void parse(const SourceText& source, std::vector<Problem>& out, Read&& read) {
  Problems problems(source.file);
  const TomlText toml = parse_toml(source.bytes);
  if (toml.error_place) {
    problems.add(*toml.error_place,
                 "this is not TOML: " + toml.error + ". Correct the line; what follows it was not read.");
  } else {
    read(toml.root, problems);
  }
  auto found = problems.take();
  out.insert(out.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
}

}  // namespace

LoadedPolicy load_policy(const SourceText& policy, const std::optional<SourceText>& aliases) {
  LoadedPolicy out;
  AliasReader reader;
  parse(policy, out.problems,
        [&](const Node& root, Problems& problems) { read_root(root, problems, reader, out.spec); });
  if (aliases)
    parse(*aliases, out.problems, [&](const Node& root, Problems& problems) { read_aliases(root, problems, reader); });
  out.spec.aliases = reader.take();
  return out;
}

}  // namespace triage_policy
