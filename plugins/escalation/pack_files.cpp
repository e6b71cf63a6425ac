// SPDX-License-Identifier: Apache-2.0
#include "pack_files.hpp"

#include "../shared/alert_prose.hpp"

namespace escalation {

namespace {

constexpr const char* kAlertFile = "artifacts/alert.json";

void write_member(shared::JsonText& json, const AlertView& alert, std::string_view key, Field field) {
  json.key(key).maybe(alert.text(field));
}

void write_verdict(shared::JsonText& json, const AlertView& alert) {
  json.key("verdict").begin('{');
  write_member(json, alert, "disposition", Field::disposition);
  write_member(json, alert, "reason", Field::reason);
  write_member(json, alert, "stage", Field::stage);
  write_member(json, alert, "plugin", Field::plugin);
  write_member(json, alert, "inputs", Field::inputs);
  write_member(json, alert, "time", Field::verdict_time);
  json.key("seq").maybe(alert.integer(Field::seq));
  shared::write_trail(json, alert);
  json.end('}');
}

void write_address(shared::JsonText& json, const AlertView& alert, std::string_view key, Field ip, Field port) {
  json.key(key).begin('{');
  write_member(json, alert, "ip", ip);
  write_member(json, alert, "port", port);
  json.end('}');
}

void write_entities(shared::JsonText& json, const AlertView& alert) {
  json.key("entities").begin('{');
  shared::write_host(json, alert);
  json.key("user").begin('{');
  write_member(json, alert, "name", Field::user_name);
  json.end('}');
  write_address(json, alert, "source", Field::source_ip, Field::source_port);
  write_address(json, alert, "destination", Field::destination_ip, Field::destination_port);
  json.key("file").begin('{');
  write_member(json, alert, "path", Field::file_path);
  write_member(json, alert, "hash", Field::file_hash);
  json.end('}');
  json.key("process").begin('{');
  write_member(json, alert, "executable", Field::process_executable);
  write_member(json, alert, "command_line", Field::process_command_line);
  json.key("parent").begin('{');
  write_member(json, alert, "executable", Field::process_parent);
  json.end('}').end('}').end('}');
}

void write_source_event(shared::JsonText& json, const AlertView& alert) {
  json.key("source_event").begin('{');
  json.key("file").text(kAlertFile);
  write_member(json, alert, "sha256", Field::sha256);
  write_member(json, alert, "source", Field::source);
  write_member(json, alert, "observer", Field::observer_name);
  write_member(json, alert, "time", Field::time);
  write_member(json, alert, "received", Field::received);
  write_member(json, alert, "provider", Field::event_provider);
  write_member(json, alert, "code", Field::event_code);
  write_member(json, alert, "decoder", Field::decoder_name);
  write_member(json, alert, "location", Field::location);
  write_member(json, alert, "original", Field::event_original);
  json.end('}');
}

void write_missing_context(shared::JsonText& json, const AlertView& alert) {
  json.key("missing_context").begin('[');
  for (std::size_t i = 0; i < shared::kCanonicalFields; ++i)
    if (!alert.has(static_cast<Field>(i))) json.text(shared::kFieldNames[i]);
  json.end(']');
}

std::string missing_names(const AlertView& alert) {
  std::string out;
  for (std::size_t i = 0; i < shared::kCanonicalFields; ++i)
    if (!alert.has(static_cast<Field>(i)))
      out += (out.empty() ? "`" : ", `") + std::string(shared::kFieldNames[i]) + "`";
  return out;
}

void write_what_happened(std::string& out, const AlertView& alert) {
  out += "\n## What happened\n\n";
  out += "- Rule: " + shared::shown(alert, Field::rule_id) + ": " + shared::shown(alert, Field::rule_name) + "\n";
  out += "- Severity: " + shared::shown_severity(alert) + "\n";
  out += "- Rule groups: " + shared::shown_texts(alert, Field::rule_groups) + "\n";
  out += "- ATT&CK techniques: " + shared::shown_texts(alert, Field::mitre_id) + " (" +
         shared::shown_texts(alert, Field::mitre_technique) +
         "); tactics: " + shared::shown_texts(alert, Field::mitre_tactic) + "\n";
  out += "- Raised by the SIEM: " + shared::shown(alert, Field::time) +
         "; SIEM node: " + shared::shown(alert, Field::observer_name) + "\n";
  out += "- Received: " + shared::shown(alert, Field::received) + "\n";
  out += "- Event: provider " + shared::shown(alert, Field::event_provider) + ", code " +
         shared::shown(alert, Field::event_code) + ", decoder " + shared::shown(alert, Field::decoder_name) +
         ", location " + shared::shown(alert, Field::location) + "\n";
  out += "- Log line: " + shared::shown(alert.text(Field::event_original), 2000) + "\n";
}

void write_evidence(std::string& out, const AlertView& alert) {
  out += "\n## Evidence in this pack\n\n";
  out += "- `artifacts/alert.json`: the alert as it was received, SHA-256 " +
         shared::code(alert.text_or(Field::sha256, "")) + "\n";
  out += "- `pack.json`: the facts of this page for machines, nothing shortened\n";
  out += "- `timeline.csv`: the times that are known\n";
  out += "- `queries.md`: searches for what happened around it\n";
  out += "- `MANIFEST.sha256`: SHA-256 of every other file; check with `sha256sum -c MANIFEST.sha256`\n";
}

std::string row(std::string_view time, std::string_view event, std::string_view detail, std::string_view evidence) {
  return shared::csv_cell(time, 64) + "," + shared::csv_cell(event) + "," + shared::csv_cell(detail) + "," +
         shared::csv_cell(evidence) + "\r\n";
}

}  // namespace

EventTimes::EventTimes(const sf::Host& host) {
  const auto add = [&](const char* pointer, const char* what) {
    places_.push_back({pointer, what, sf::Path(host, pointer)});
  };
  add("/data/win/system/systemTime", "event written to the Windows event log");
  add("/syscheck/mtime_after", "file last modified");
  add("/data/timestamp", "event, as the data source dates it");
  add("/predecoder/timestamp", "event, as the log line dates it (no year, no time zone)");
}

std::vector<EventTimes::Found> EventTimes::in(const sf::Record& record) const {
  std::vector<Found> out;
  for (const auto& place : places_) {
    const auto value = record.value(place.path);
    if (value && value->type == SF_STR && value->as.str.size != 0)
      out.push_back({sf::from_c(value->as.str), place.what, place.pointer});
  }
  return out;
}

std::string pack_json(const AlertView& alert) {
  shared::JsonText json(shared::JsonText::Layout::lines);
  json.begin('{');
  json.key("schema").number(1);
  write_member(json, alert, "case_id", Field::case_id);
  write_member(json, alert, "key", Field::key);
  write_member(json, alert, "alert_id", Field::id);
  write_member(json, alert, "severity", Field::severity);
  shared::write_rule(json, alert);
  write_verdict(json, alert);
  write_entities(json, alert);
  json.key("mitre").begin('{');
  shared::write_texts(json, "id", alert, Field::mitre_id);
  shared::write_texts(json, "tactic", alert, Field::mitre_tactic);
  shared::write_texts(json, "technique", alert, Field::mitre_technique);
  json.end('}');
  write_source_event(json, alert);
  write_missing_context(json, alert);
  json.end('}');
  return json.take() + "\n";
}

std::string report_md(const AlertView& alert) {
  std::string out = "# Escalation " + shared::code(alert.text_or(Field::case_id, "")) + "\n\n";
  out += "Alert " + shared::shown(alert, Field::id) + ", key " + shared::code(alert.text_or(Field::key, "")) +
         ", from stage " + shared::code(alert.text_or(Field::source, "")) +
         ". What stands in `code` was taken from the alert "
         "or the policy; characters that cannot be seen are written as `\\xNN` or `\\u{NNNN}`.\n";
  write_what_happened(out, alert);
  out += "\n## Why it was escalated\n\n- Reason: " + shared::code(alert.text_or(Field::reason, ""), 1000) + "\n";
  shared::write_decider(out, alert);
  out += "\n";
  shared::write_steps(out, alert.text_or(Field::trail, "[]"), "pack.json");
  out += "\n## Who and what\n\n";
  shared::write_entities(out, alert);
  write_evidence(out, alert);
  const auto missing = missing_names(alert);
  out += "\n## What the alert does not say\n\n" +
         (missing.empty() ? "Every field of docs/formats/alert.md is there." : missing) + "\n";
  return out;
}

std::string timeline_csv(const AlertView& alert, const EventTimes& times) {
  std::string out = "time,event,detail,evidence\r\n";
  for (const auto& found : times.in(alert.record()))
    out += row(found.text, found.what, "", std::string(kAlertFile) + "#" + found.pointer);
  if (const auto time = alert.text(Field::time))
    out += row(*time, "alert raised by the SIEM", alert.text_or(Field::rule_name, ""), kAlertFile);
  if (const auto received = alert.text(Field::received))
    out += row(*received, "alert received", alert.text_or(Field::source, ""), "pack.json#/source_event/received");
  if (const auto time = alert.text(Field::verdict_time))
    out += row(*time, "judged as of this time: escalated", alert.text_or(Field::reason, ""), "pack.json#/verdict");
  return out;
}

std::string manifest(const std::map<std::string, std::string>& digests) {
  std::string out;
  for (const auto& [name, digest] : digests) out += digest + "  " + name + "\n";
  return out;
}

}  // namespace escalation
