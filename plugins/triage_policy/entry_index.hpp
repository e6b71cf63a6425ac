// SPDX-License-Identifier: Apache-2.0
//
// entry_index.hpp - compiled entries, found through what they select on, so that ten thousand cost what ten cost.
//
// An entry is filed under its rule ids (with its hosts, where it names some), else its groups, else its hosts, else its
// event ids; one that names none of them is looked at for every alert. Immutable after build(). [any-thread]
#pragma once
#include "alert_facts.hpp"
#include "policy_spec.hpp"
#include "policy_text.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace triage_policy {

// The layer that an entry belongs to, in the words of its file.
enum class EntryKind : std::uint8_t { known_fp, override_, suppression, tier };
const char* word(EntryKind kind);

struct CompiledCondition {
  Symbol field = kUnknown;
  Condition::Op op = Condition::Op::any;
  std::vector<std::string> texts;
  std::vector<Pattern> patterns;
  std::vector<Network> networks;
};

struct CompiledEntry {
  EntryKind kind = EntryKind::known_fp;
  std::string id;
  std::string reason;
  Disposition disposition = Disposition::review;
  std::int64_t expires_ms = kNever;
  bool monitor = false;
  bool allow_dangerous = false;
  std::vector<Symbol> rules;  // ascending, like all of these
  std::vector<Symbol> groups;
  std::vector<Symbol> hosts;
  std::vector<Pattern> host_patterns;
  std::vector<Pattern> locations;
  std::vector<Symbol> providers;
  std::vector<Symbol> events;
  std::optional<int> min_level;
  std::optional<int> max_level;
  std::vector<CompiledCondition> where;
};

// Adds the entry's names to `vocabulary`. The entry must have passed the loader's checks.
CompiledEntry compile_entry(const Entry& entry, EntryKind kind, Vocabulary& vocabulary);
// Do all of the entry's selectors hold? A suppression or tier also wants a Sysmon event. Expiry is not looked at.
bool matches(const CompiledEntry& entry, AlertFacts& alert);

class EntryIndex {
 public:
  // Entries are visited in the order in which they are added.
  void add(CompiledEntry entry);
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  // What is left of one list that may hold entries for the alert; never empty.
  struct Cursor {
    const std::uint32_t* at;
    const std::uint32_t* end;
  };
  // Calls visit(const CompiledEntry&) -> bool, in order, for each entry that may match; true stops. `cursors` is
  // scratch.
  template <class Visit>
  void visit(AlertFacts& alert, std::vector<Cursor>& cursors, Visit&& visit) const {
    if (entries_.empty()) return;
    collect(alert, cursors);
    for (std::uint32_t next = 0; take_lowest(cursors, next);)
      if (visit(entries_[next])) return;
  }

 private:
  using List = std::vector<std::uint32_t>;
  void collect(AlertFacts& alert, std::vector<Cursor>& cursors) const;
  static bool take_lowest(std::vector<Cursor>& cursors, std::uint32_t& out);
  void open(std::uint64_t key, std::vector<Cursor>& cursors) const;

  std::vector<CompiledEntry> entries_;
  std::unordered_map<std::uint64_t, List> lists_;
  List scan_;
  bool by_event_ = false;
};

}  // namespace triage_policy
