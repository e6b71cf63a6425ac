// SPDX-License-Identifier: Apache-2.0
#include "matcher.hpp"

#include <algorithm>

namespace coverage {

namespace {

std::vector<std::string> texts(const nlohmann::json& settings, const char* key) {
  return settings.value(key, std::vector<std::string>());
}

bool holds(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// A scalar as text: numbers as they are written in JSON.
std::string scalar(const sf_value& value) {
  if (value.type == SF_I64) return std::to_string(value.as.i64);
  if (value.type == SF_BOOL) return value.as.boolean != 0 ? "true" : "false";
  return {};
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

Matcher::Matcher(const sf::Host& host, const nlohmann::json& settings, const std::string& what)
    : source_(settings.value("source", "")),
      rule_ids_(texts(settings, "rule_ids")),
      rule_groups_(texts(settings, "rule_groups")),
      has_field_(settings.contains("field")),
      values_(texts(settings, "values")) {
  for (auto& group : rule_groups_) group = lower(group);
  if (has_field_ != !values_.empty()) throw sf::Error(SF_INVALID, what + " needs both field and values, or neither");
  if (has_field_) field_ = sf::Path(host, settings.at("field").get<std::string>());
  if (source_.empty() && rule_ids_.empty() && rule_groups_.empty() && !has_field_)
    throw sf::Error(SF_INVALID, what +
                                    " says nothing of how its alerts are recognised. Give rule_ids, rule_groups, or "
                                    "field and values");
}

bool Matcher::matches(const sf::Record& alert, const RulePaths& paths) const {
  if (!source_.empty() && alert.text(paths.source) != source_) return false;
  if (!rule_ids_.empty() && !holds(rule_ids_, alert.text(paths.rule_id).value_or(""))) return false;
  return (rule_groups_.empty() || in_groups(alert, paths)) && (!has_field_ || has_value(alert));
}

bool Matcher::in_groups(const sf::Record& alert, const RulePaths& paths) const {
  bool found = false;
  alert.each_text(paths.rule_groups, [&](std::string_view group) {
    found = holds(rule_groups_, lower(group.substr(0, 256)));
    return !found;
  });
  return found;
}

bool Matcher::has_value(const sf::Record& alert) const {
  bool found = false;
  alert.each_text(field_, [&](std::string_view text) { return found = holds(values_, text), !found; });
  if (found) return true;
  const auto value = alert.value(field_);
  return value && value->type < SF_STR && holds(values_, scalar(*value));
}

}  // namespace coverage
