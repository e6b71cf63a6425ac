// SPDX-License-Identifier: Apache-2.0
//
// documents.hpp - alerts to put before a source. Each carries the time, id and rule of Wazuh 4, of Wazuh 5 and of
// Elastic Security at once, so that one set of alerts does for every dialect. [any-thread]
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace signalfoundry::conformance {

struct Document {
  std::string index;  // where it is stored; "": the default
  std::string id;     // _id
  std::string text;   // its bytes
  nlohmann::json fields;
};

// The `number`th alert, raised at `time_ms`; `node` is the manager that raised it. Equal numbers and times give equal
// alerts.
Document document(std::size_t number, std::int64_t time_ms, const std::string& node = "kit");
// The same with members put over it (RFC 7386).
Document patched(const Document& base, const nlohmann::json& patch);
// A field by its dotted name, however much of the name is one member; null where there is none.
const nlohmann::json* field_of(const nlohmann::json& document, std::string_view name);

}  // namespace signalfoundry::conformance
