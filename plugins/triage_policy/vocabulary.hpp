// SPDX-License-Identifier: Apache-2.0
//
// vocabulary.hpp - the names that a policy speaks of, each with a small number, so that an alert's names are looked up
// once and compared as numbers ever after.
//
// Filled while a Policy is compiled, read-only afterwards. [any-thread] once compiled.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace triage_policy {

using Symbol = std::uint32_t;
inline constexpr Symbol kUnknown = 0xffff'ffff;

class Symbols {
 public:
  // The number of `text`, given out when it is new.
  Symbol add(std::string_view text) {
    const auto [at, fresh] = numbers_.try_emplace(std::string(text), static_cast<Symbol>(names_.size()));
    if (fresh) names_.emplace_back(text);
    if (text.size() > longest_) longest_ = text.size();
    return at->second;
  }
  // Makes `text` another name of `symbol`.
  void alias(std::string_view text, Symbol symbol) {
    numbers_.insert_or_assign(std::string(text), symbol);
    if (text.size() > longest_) longest_ = text.size();
  }
  Symbol find(std::string_view text) const {
    if (text.size() > longest_) return kUnknown;
    const auto at = numbers_.find(text);
    return at == numbers_.end() ? kUnknown : at->second;
  }
  const std::string& name(Symbol symbol) const { return names_[symbol]; }
  std::size_t size() const { return names_.size(); }
  const std::vector<std::string>& names() const { return names_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, Symbol, Hash, std::equal_to<>> numbers_;
  std::vector<std::string> names_;
  std::size_t longest_ = 0;
};

// The fields that the policy always reads, in this order at the head of Vocabulary::fields.
enum StandardField : Symbol { kRuleId, kRuleGroups, kHostName, kLocation, kProvider, kEventCode, kStandardFields };

struct Vocabulary {
  Symbols fields;            // as written
  Symbols rules;             // trimmed
  Symbols groups;            // group_into()
  Symbols hosts;             // host_into(), aliases lead to their host
  Symbols providers;         // trimmed, folded
  Symbols events;            // trimmed
  std::vector<bool> sysmon;  // by provider
};

}  // namespace triage_policy
