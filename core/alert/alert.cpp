// SPDX-License-Identifier: Apache-2.0
#include "alert/alert.hpp"

#include <charconv>

#include "base/digest.hpp"
#include "base/time.hpp"

namespace signalfoundry {

namespace {

constexpr std::int64_t kIdSlackSeconds = 2;  // siem.md 1.2: genuine ids differ from the timestamp by no more

std::string key_of(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) {
    // A NUL ends a part; one inside becomes a byte that UTF-8 never has, so that no two lists of parts give one text.
    for (const char c : part) text += c == '\0' ? '\xff' : c;
    text += '\0';
  }
  return to_hex(sha256(text).data(), 16);
}

std::optional<std::int64_t> time_of(const Alert& alert) {
  const Json* value = alert.mapping->find(Field::time, alert.document);
  return value == nullptr ? std::nullopt : parse_time(scalar_text(*value));
}

// Can the SIEM itself have given this id? Samples, replays and hand-edited alerts repeat one id over many alerts.
bool genuine(const Alert& alert, std::optional<std::int64_t> time) {
  if (alert.id.empty()) return false;
  if (!alert.mapping->id_seconds()) return true;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(alert.id.data(), alert.id.data() + alert.id.size(), seconds);
  if (error != std::errc{} || end == alert.id.data() || !time) return false;
  const std::int64_t raised = *time / 1000;  // far from the limits of its type; seconds may be anything
  return seconds >= raised - kIdSlackSeconds && seconds <= raised + kIdSlackSeconds;
}

std::uint32_t group_of(const Alert& alert) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const auto field : {Field::rule_id, Field::host_name}) {
    const Json* value = alert.mapping->find(field, alert.document);
    for (const char c : (value == nullptr ? std::string() : scalar_text(*value)) + '\0')
      hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return hash;
}

}  // namespace

Alert read_alert(std::string bytes, std::string_view source, std::shared_ptr<const Mapping> mapping,
                 std::string_view doc_id, std::int64_t fallback_ms, std::string sha256) {
  Alert alert;
  alert.document = parse_json(bytes);
  if (!alert.document.is_object()) throw Rejected("not a JSON object");
  std::string storage_id(doc_id);
  if (const auto hit = alert.document.find("_source"); hit != alert.document.end() && hit->is_object()) {
    if (storage_id.empty()) storage_id = scalar_text(alert.document.value("_id", Json()));
    Json inner = std::move(*hit);
    alert.document = std::move(inner);
  }
  alert.bytes = std::move(bytes);
  alert.mapping = std::move(mapping);
  alert.source = source;
  alert.level = alert.mapping->level(alert.document);
  bool any = alert.level.has_value();
  for (const auto field : {Field::rule_id, Field::rule_name, Field::rule_groups})
    any = any || alert.mapping->find(field, alert.document) != nullptr;
  if (!any) throw Rejected("no alert: it has neither rule.id, rule.level, rule.name nor rule.groups");
  const auto time = time_of(alert);
  alert.time_ms = time.value_or(fallback_ms);
  alert.has_time = time.has_value();
  alert.id = alert.mapping->id(alert.document);
  if (alert.id.empty()) alert.id = storage_id;
  alert.sha256 = sha256.empty() ? sha256_hex(alert.bytes) : std::move(sha256);
  alert.group = group_of(alert);
  const std::string node = alert.mapping->node(alert.document);
  alert.key = genuine(alert, time)
                  ? key_of({"id", source, node, alert.id})
                  : key_of({"digest", source, node, alert.id, sha256_hex(alert.mapping->comparable(alert.document))});
  return alert;
}

std::string rejected_key(std::string_view source, std::string_view sha256) {
  return key_of({"rejected", source, sha256});
}

bool is_key(std::string_view text) {
  std::uint8_t out[16];
  return from_hex(text, out, sizeof out);
}

}  // namespace signalfoundry
