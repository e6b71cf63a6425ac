// SPDX-License-Identifier: Apache-2.0
//
// alert_view.hpp - every field of docs/formats/alert.md by name, its path compiled once, and the pieces of case.json
// and pack.json that are the same in both.
//
// Make one AlertPaths in configure(). Thread: the stage's.
#pragma once
#include <signalfoundry/record.hpp>

#include <array>
#include <charconv>
#include <cstddef>

#include "json_text.hpp"

namespace shared {

// clang-format off
enum class Field : std::size_t {
  time, rule_id, rule_name, rule_level, rule_groups, mitre_id, mitre_tactic, mitre_technique, severity,
  host_id, host_name, host_ip, user_name, source_ip, source_port, destination_ip, destination_port,
  file_path, file_hash, process_executable, process_command_line, process_parent,
  event_provider, event_code, event_original, observer_name, decoder_name, location,
  key, id, source, sha256, received, case_id, case_path,
  disposition, reason, trail, stage, plugin, inputs, verdict_time, seq
};
inline constexpr std::array kFieldNames = {
  "time", "rule.id", "rule.name", "rule.level", "rule.groups",
  "rule.mitre.id", "rule.mitre.tactic", "rule.mitre.technique", "severity",
  "host.id", "host.name", "host.ip", "user.name", "source.ip", "source.port", "destination.ip", "destination.port",
  "file.path", "file.hash", "process.executable", "process.command_line", "process.parent.executable",
  "event.provider", "event.code", "event.original", "observer.name", "decoder.name", "location",
  "alert.key", "alert.id", "alert.source", "alert.sha256", "alert.received", "case.id", "case.path",
  "verdict.disposition", "verdict.reason", "verdict.trail", "verdict.stage", "verdict.plugin", "verdict.inputs",
  "verdict.time", "verdict.seq"};
// clang-format on
inline constexpr std::size_t kCanonicalFields = static_cast<std::size_t>(Field::key);  // the first ones; then the facts

class AlertPaths {
 public:
  explicit AlertPaths(const sf::Host& host) {
    for (std::size_t i = 0; i < kFieldNames.size(); ++i) paths_[i] = sf::Path(host, kFieldNames[i]);
  }
  const sf::Path& operator[](Field field) const noexcept { return paths_[static_cast<std::size_t>(field)]; }

 private:
  std::array<sf::Path, kFieldNames.size()> paths_;
};

// One alert through compiled paths. Valid as long as the record: until the hook returns.
class AlertView {
 public:
  AlertView(const AlertPaths& paths, const sf::Record& record) noexcept : paths_(&paths), record_(&record) {}
  std::optional<std::string_view> text(Field field) const noexcept { return record_->text((*paths_)[field]); }
  std::string_view text_or(Field field, std::string_view otherwise) const noexcept {
    return text(field).value_or(otherwise);
  }
  std::optional<int64_t> integer(Field field) const noexcept { return record_->integer((*paths_)[field]); }
  bool has(Field field) const noexcept { return record_->value((*paths_)[field]).has_value(); }
  template <class Visit>
  void each_text(Field field, Visit&& visit) const {
    record_->each_text((*paths_)[field], visit);
  }
  std::string_view bytes() const noexcept { return record_->bytes((*paths_)[Field::key]); }
  const sf::Record& record() const noexcept { return *record_; }

 private:
  const AlertPaths* paths_;
  const sf::Record* record_;
};

inline void write_texts(JsonText& json, std::string_view key, const AlertView& alert, Field field) {
  json.key(key).begin('[');
  alert.each_text(field, [&](std::string_view text) { return json.text(text), true; });
  json.end(']');
}

// "rule": {"id","name","level","groups","mitre"}; what the alert does not say is null or empty.
inline void write_rule(JsonText& json, const AlertView& alert) {
  json.key("rule").begin('{');
  json.key("id").maybe(alert.text(Field::rule_id));
  json.key("name").maybe(alert.text(Field::rule_name));
  json.key("level").maybe(alert.integer(Field::rule_level));
  write_texts(json, "groups", alert, Field::rule_groups);
  json.key("mitre").begin('{');
  write_texts(json, "id", alert, Field::mitre_id);
  write_texts(json, "tactic", alert, Field::mitre_tactic);
  write_texts(json, "technique", alert, Field::mitre_technique);
  json.end('}').end('}');
}

inline void write_host(JsonText& json, const AlertView& alert) {
  json.key("host").begin('{');
  json.key("id").maybe(alert.text(Field::host_id));
  json.key("name").maybe(alert.text(Field::host_name));
  json.key("ip").maybe(alert.text(Field::host_ip));
  json.end('}');
}

// The trail as the triage plugin gave it: the host hands over a JSON array. Anything else is kept as text.
inline void write_trail(JsonText& json, const AlertView& alert) {
  const auto trail = alert.text_or(Field::trail, "[]");
  json.key("trail");
  if (trail.empty() || trail.front() != '[' || trail.back() != ']') {
    json.text(trail);
    return;
  }
  std::string safe;
  append_json_value(safe, trail);
  json.raw(safe);
}

}  // namespace shared
