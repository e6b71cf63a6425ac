// SPDX-License-Identifier: Apache-2.0
//
// matcher.hpp - which alerts belong to a class of signals or are a canary. [any-thread] once made.
#pragma once
#include <signalfoundry/record.hpp>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace coverage {

// The paths that every matcher reads; made in configure().
struct RulePaths {
  explicit RulePaths(const sf::Host& host)
      : rule_id(host, "rule.id"), rule_groups(host, "rule.groups"), source(host, "alert.source") {}
  sf::Path rule_id, rule_groups, source;
};

// ASCII letters in lower case, the rest as it is.
std::string lower(std::string_view text);

class Matcher {
 public:
  // `settings`: rule_ids, rule_groups, field and values, source, as the schema has them. Throws sf::Error(SF_INVALID)
  // that begins with `what` when there is no selector, or field without values or the reverse.
  Matcher(const sf::Host& host, const nlohmann::json& settings, const std::string& what);
  bool matches(const sf::Record& alert, const RulePaths& paths) const;
  const std::string& source() const { return source_; }  // "": any

 private:
  bool in_groups(const sf::Record& alert, const RulePaths& paths) const;
  bool has_value(const sf::Record& alert) const;

  std::string source_;
  std::vector<std::string> rule_ids_;
  std::vector<std::string> rule_groups_;
  bool has_field_ = false;
  sf::Path field_;
  std::vector<std::string> values_;
};

}  // namespace coverage
