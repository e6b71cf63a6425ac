// SPDX-License-Identifier: Apache-2.0
#include "pipeline/context.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "base/time.hpp"

namespace signalfoundry::pipeline {

void Context::remember(const Mapping& mapping) {
  store.put_blob(mapping.digest(), mapping.text());
}

std::shared_ptr<const Mapping> Context::mapping_of(const std::string& digest) {
  if (const auto it = mappings.find(digest); it != mappings.end()) return it->second;
  const auto text = store.blob(digest);
  auto mapping = text ? Mapping::parse(*text) : drop_in_mapping;
  mappings.emplace(digest, mapping);
  return mapping;
}

void Context::write_stage_state() {
  written_state = shared.state->changed();
  for (const auto& [where, value] : written_state) store.set_state(where.first, where.second, value);
}
void Context::stage_state_kept() {
  shared.state->kept(std::exchange(written_state, {}));
}

namespace {
std::string id_or_null(const std::string& id) {
  return id.empty() ? "null" : json_quote(printable(id, 256));
}
}  // namespace

std::string accepted_fields(const Alert& alert) {
  return fmt::format(R"("source":{},"alert_id":{},"alert_time":"{}","sha256":"{}","bytes":{},"mapping":"{}")",
                     json_quote(alert.source), id_or_null(alert.id), rfc3339(alert.time_ms), alert.sha256,
                     alert.bytes.size(), alert.mapping->digest());
}

std::string rejected_fields(std::string_view source, std::string_view sha256, std::string_view name) {
  return fmt::format(R"("source":{},"alert_id":null,"sha256":"{}","name":{})", json_quote(source), sha256,
                     json_quote(printable(name, 256)));
}

std::string quarantined_fields(std::string_view reason, std::string_view file) {
  return fmt::format(R"("reason":{},"file":{})", json_quote(printable(reason, 500)), json_quote(file));
}

}  // namespace signalfoundry::pipeline
