// SPDX-License-Identifier: Apache-2.0
//
// entry_reader.hpp - reads known false positives, overrides, Sysmon suppressions and tiers out of a policy's tables.
//
// Used while a policy is loaded; one thread.
#pragma once
#include "entry_index.hpp"
#include "table_reader.hpp"

#include <map>
#include <string>
#include <vector>

namespace triage_policy {

class EntryReader {
 public:
  explicit EntryReader(Problems& problems) : problems_(problems) {}
  // Every table of the list `key` in `parent`, which stands in the file as `label` ("[[known_fp]]").
  std::vector<Entry> read(TableReader& parent, std::string_view key, const std::string& label, EntryKind kind);

 private:
  Entry read_one(const Node& node, const std::string& label, EntryKind kind);
  void read_id(TableReader& table, const std::string& label, Entry& out);
  void read_disposition(TableReader& table, EntryKind kind, Entry& out);
  void read_custody(TableReader& table, Entry& out);
  void read_selectors(TableReader& table, EntryKind kind, Entry& out);
  void read_where(TableReader& table, Entry& out);
  Condition read_condition(const Node& node, const std::string& label);
  void read_texts(TableReader& table, std::string_view key, Condition& out);
  void check_width(TableReader& table, const Entry& entry, bool named, bool any);

  Problems& problems_;
  std::map<std::string, Place> ids_;
};

}  // namespace triage_policy
