// SPDX-License-Identifier: Apache-2.0
//
// policy.hpp - a compiled policy, and the verdict that it gives for one alert (docs/reference/policy.md).
//
// Knows nothing of the host: the plugin, `policy explain` and the fuzzers bring an AlertView. A Policy is immutable and
// may be shared by threads [any-thread]; an Evaluator belongs to one thread at a time, and its Policy must outlive it.
#pragma once
#include "alert_facts.hpp"
#include "alert_view.hpp"
#include "entry_index.hpp"
#include "policy_spec.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace triage_policy {

// The layers in the order in which they are asked; the first that decides is the last that is asked.
enum class Layer : std::uint8_t {
  always_escalate_rules,
  always_escalate_groups,
  escalate_level,
  known_fp,
  overrides,
  sysmon_suppressions,
  sysmon_tiering,
  sysmon_escalate_events,
  review_rules,
  protected_hosts,
  benign_rules,
  benign_level,
  otherwise,  // "default"
};
inline constexpr std::size_t kLayers = 13;
// The layer's name in trails and documents: "always_escalate_rules" … "default".
const char* word(Layer layer);

struct Decision {
  Disposition disposition = Disposition::review;
  Layer layer = Layer::otherwise;
  std::string entry;       // the id of the entry that decided, or ""
  std::string reason;      // one sentence
  std::string trail_json;  // ["always_escalate_rules: no","known_fp: yes kfp-001"]
};

class Policy {
 public:
  // `spec` must have passed the loader's checks.
  explicit Policy(const PolicySpec& spec);

  // What AlertView::each_text() is asked for, by number: canonical fields and JSON pointers.
  const std::vector<std::string>& fields() const { return vocabulary_.fields.names(); }

 private:
  friend class Evaluator;
  static constexpr int kNone = -1;
  struct RuleInfo {
    bool always = false;
    bool review = false;
    int benign = kNone;  // into benign_rules_
  };
  struct GroupInfo {
    bool always = false;
    bool neutral = false;
    int noise = kNone;  // into benign_groups_
  };
  struct BenignRuleInfo {
    std::string reason;
    std::vector<Symbol> groups;
    int max_level = 0;
  };

  void add_entries(const std::vector<Entry>& entries, EntryKind kind, EntryIndex& index);
  void add_rules_and_groups(const PolicySpec& spec);
  void add_benign(const PolicySpec& spec);
  RuleInfo& rule_info(std::string_view rule);
  GroupInfo& group_info(std::string_view group);

  Vocabulary vocabulary_;
  Thresholds thresholds_;
  std::vector<RuleInfo> rules_;        // by symbol
  std::vector<GroupInfo> groups_;      // by symbol
  std::vector<bool> protected_;        // by host symbol
  std::vector<bool> event_escalates_;  // by event symbol
  bool any_sysmon_event_escalates_ = false;
  std::vector<BenignRuleInfo> benign_rules_;
  std::vector<std::string> benign_groups_;  // their reasons
  bool benign_any_group_ = false;
  EntryIndex known_fps_;
  EntryIndex overrides_;
  EntryIndex suppressions_;
  EntryIndex tiers_;
  EntryIndex exempt_;  // every entry with allow_dangerous, in layer order
  Disposition otherwise_ = Disposition::review;
};

class Evaluator {
 public:
  explicit Evaluator(const Policy& policy);

  // `time_ms`: the logical time (Unix milliseconds) that expiry is judged against. No clock, no state, nothing but the
  // alert, the policy and the time enters the result.
  Decision decide(const AlertView& alert, std::int64_t time_ms);
  // How many entries the last decide() compared with its alert.
  std::size_t entries_examined() const { return examined_; }

 private:
  bool ask(Layer layer);
  bool ask_always_rules();
  bool ask_always_groups();
  bool ask_escalate_level();
  bool ask_entries(Layer layer, const EntryIndex& index);
  bool ask_escalate_events();
  bool ask_review_rules();
  bool ask_protected_hosts();
  bool ask_benign_rules();
  bool ask_benign_level();
  bool ask_otherwise();

  bool dangerous(Layer layer, const std::string& what, std::string reason);
  const CompiledEntry* first_match(const EntryIndex& index);
  void note(const CompiledEntry& entry, std::string_view what);
  std::string level_text(const char* relation, int bound) const;
  bool no(Layer layer, std::string_view why = {});
  bool yes(Layer layer, Disposition disposition, std::string_view why, std::string reason);
  void trail(Layer layer, std::string_view answer, std::string_view why);

  const Policy& policy_;
  AlertFacts alert_;
  std::int64_t time_ms_ = 0;
  std::size_t examined_ = 0;
  std::vector<EntryIndex::Cursor> cursors_;
  std::string notes_;
  std::size_t note_count_ = 0;
  Decision decision_;
};

}  // namespace triage_policy
