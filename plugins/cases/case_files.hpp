// SPDX-License-Identifier: Apache-2.0
//
// case_files.hpp - the texts of a case directory (docs/formats/case.md). [stage-thread]
#pragma once
#include "../shared/alert_prose.hpp"

namespace cases {

using shared::AlertView;
using shared::Field;

inline void write_verdict(shared::JsonText& json, const AlertView& alert) {
  json.key("verdict").begin('{');
  json.key("stage").maybe(alert.text(Field::stage));
  json.key("plugin").maybe(alert.text(Field::plugin));
  json.key("inputs").maybe(alert.text(Field::inputs));
  json.key("time").maybe(alert.text(Field::verdict_time));
  json.end('}');
}

inline std::string case_json(const AlertView& alert) {
  shared::JsonText json(shared::JsonText::Layout::lines);
  json.begin('{');
  json.key("schema").number(1);
  json.key("case_id").maybe(alert.text(Field::case_id));
  json.key("key").maybe(alert.text(Field::key));
  json.key("alert_id").maybe(alert.text(Field::id));
  json.key("disposition").maybe(alert.text(Field::disposition));
  json.key("reason").maybe(alert.text(Field::reason));
  json.key("seq").maybe(alert.integer(Field::seq));
  json.key("severity").maybe(alert.text(Field::severity));
  json.key("time").maybe(alert.text(Field::time));
  json.key("received").maybe(alert.text(Field::received));
  json.key("source").maybe(alert.text(Field::source));
  json.key("alert_sha256").maybe(alert.text(Field::sha256));
  shared::write_rule(json, alert);
  shared::write_host(json, alert);
  write_verdict(json, alert);
  shared::write_trail(json, alert);
  json.end('}');
  return json.take() + "\n";
}

// Only what a person will look at has a summary.
inline bool has_summary(const AlertView& alert) {
  const auto disposition = alert.text_or(Field::disposition, "");
  return disposition == "review" || disposition == "escalated";
}

inline std::string summary_md(const AlertView& alert) {
  std::string out = "# Case " + shared::code(alert.text_or(Field::case_id, "")) + "\n\n";
  out += "- Disposition: " + shared::code(alert.text_or(Field::disposition, "")) + "\n";
  out += "- Reason: " + shared::code(alert.text_or(Field::reason, ""), 500) + "\n";
  out += "- Severity: " + shared::shown_severity(alert) + "\n";
  out += "- Rule: " + shared::shown(alert, Field::rule_id) + ": " + shared::shown(alert, Field::rule_name) + "\n";
  out += "- Rule groups: " + shared::shown_texts(alert, Field::rule_groups) + "\n";
  out += "- ATT&CK: " + shared::shown_texts(alert, Field::mitre_id) + "\n";
  out +=
      "- Raised: " + shared::shown(alert, Field::time) + ", received: " + shared::shown(alert, Field::received) + "\n";
  out += "- Alert id: " + shared::shown(alert, Field::id) + ", from stage " +
         shared::code(alert.text_or(Field::source, "")) + "\n";
  out += "\n## Who and what\n\n";
  shared::write_entities(out, alert);
  out += "- Log line: " + shared::shown(alert.text(Field::event_original), 1000) + "\n";
  out += "\n## How the verdict was reached\n\n";
  shared::write_decider(out, alert);
  out += "\n";
  shared::write_steps(out, alert.text_or(Field::trail, "[]"), "case.json");
  out += "\n## Evidence\n\n- `alert.json`: the alert as it was received, SHA-256 ";
  out += shared::code(alert.text_or(Field::sha256, "")) + "\n- `case.json`: the verdict and its whole trail\n";
  return out;
}

}  // namespace cases
