// SPDX-License-Identifier: Apache-2.0
//
// alert_facts.hpp - what has been read of one alert: its names as symbols, its fields folded, each once and on demand.
//
// Reused from alert to alert, so that a verdict does not allocate for it. One thread at a time.
#pragma once
#include "alert_view.hpp"
#include "vocabulary.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace triage_policy {

// `vocabulary` must outlive it. The view given to read() must live until the next read().
class AlertFacts {
 public:
  explicit AlertFacts(const Vocabulary& vocabulary);

  void read(const AlertView& alert);

  Symbol rule() const { return rule_; }
  // 0 to any height; nothing when it is unknown or below 0.
  std::optional<std::int64_t> level() const { return level_; }
  // The alert's groups that the policy knows, ascending, each once.
  const std::vector<Symbol>& groups() const { return groups_; }
  bool has_group(Symbol group) const { return std::binary_search(groups_.begin(), groups_.end(), group); }
  // Has it groups that the policy does not speak of?
  bool strange_groups() const { return strange_groups_; }
  Symbol host() const { return host_; }
  const std::string& host_name() const { return host_name_; }  // after aliases; "" when it has none
  Symbol provider();
  Symbol event();
  bool sysmon();

  // Calls test(std::string_view) -> bool for each folded value of a field; true when one of them was.
  template <class Test>
  bool some_value(Symbol field, Test&& test) {
    const Values& values = values_of(field);
    for (const auto& [start, size] : values.spans)
      if (test(std::string_view(values.text).substr(start, size))) return true;
    return false;
  }

 private:
  struct Values final : TextSink {
    void take(std::string_view piece) override;
    bool ready = false;
    std::string text;
    std::vector<std::pair<std::size_t, std::size_t>> spans;
  };
  struct GroupSink;
  struct FirstText;

  const Values& values_of(Symbol field);
  void read_host();
  Symbol first_symbol(Symbol field, const Symbols& symbols, bool folded);

  const Vocabulary& vocabulary_;
  const AlertView* alert_ = nullptr;
  Symbol rule_ = kUnknown;
  std::optional<std::int64_t> level_;
  std::vector<Symbol> groups_;
  bool strange_groups_ = false;
  Symbol host_ = kUnknown;
  std::string host_name_;
  std::optional<Symbol> provider_;
  std::optional<Symbol> event_;
  std::vector<Values> values_;   // by field
  std::vector<Symbol> touched_;  // the fields whose values are ready
  std::string scratch_;
};

}  // namespace triage_policy
