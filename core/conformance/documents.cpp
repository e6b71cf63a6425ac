// SPDX-License-Identifier: Apache-2.0
#include "conformance/documents.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/time.hpp"

namespace signalfoundry::conformance {

using nlohmann::json;

Document document(std::size_t number, std::int64_t time_ms, const std::string& node) {
  const std::string zulu = rfc3339(time_ms);
  const std::string local = zulu.substr(0, zulu.size() - 1) + "+0000";
  const std::string name = fmt::format("check-{}-{}", time_ms, number);
  Document out;
  out.id = name;
  out.fields = {{"timestamp", local},
                {"@timestamp", zulu},
                {"id", fmt::format("{}.{}", time_ms / 1000, number)},
                {"manager", {{"name", node}}},
                {"rule", {{"id", "5503"}, {"level", 5}, {"description", "PAM: login failed."}, {"groups", {"pam"}}}},
                {"agent", {{"id", "001"}, {"name", "host-1"}}},
                {"event", {{"doc_id", name}, {"index", "wazuh-events-v5-other"}}},
                {"wazuh", {{"rule", {{"id", "r-5503"}, {"title", "Login failed"}, {"level", "low"}}}}},
                {"kibana.alert.uuid", name},
                {"kibana.alert.rule.rule_id", "r-5503"},
                {"kibana.alert.rule.name", "Login failed"},
                {"kibana.alert.severity", "low"},
                {"location", "/var/log/auth.log"},
                {"full_log", fmt::format("alert number {}", number)}};
  out.text = out.fields.dump();
  return out;
}

Document patched(const Document& base, const json& patch) {
  Document out = base;
  out.fields.merge_patch(patch);
  out.text = out.fields.dump();
  return out;
}

const json* field_of(const json& document, std::string_view name) {
  if (!document.is_object()) return nullptr;
  if (const auto whole = document.find(std::string(name)); whole != document.end()) return &*whole;
  for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    const auto head = document.find(std::string(name.substr(0, dot)));
    if (head == document.end()) continue;
    if (const auto* found = field_of(*head, name.substr(dot + 1)); found != nullptr) return found;
  }
  return nullptr;
}

}  // namespace signalfoundry::conformance
