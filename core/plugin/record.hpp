// SPDX-License-Identifier: Apache-2.0
//
// record.hpp - the host's side of sf.record/1: one alert with the facts that the runner keeps about it.
//
// Thread: a Record is used by one thread at a time; it is handed to plugins as an opaque sf_record.
#pragma once
#include <signalfoundry/abi/record.h>

#include <deque>
#include <string>

#include "alert/alert.hpp"
#include "store/store.hpp"

namespace signalfoundry::plugin {

// The verdict that a triage stage reached.
struct Verdict {
  store::Disposition disposition = store::Disposition::none;
  std::string reason;
  std::string trail = "[]";  // JSON
  std::string stage;
  std::string plugin;        // "triage_policy 1.0.0"
  std::string inputs;        // 16 hex digits, names the "inputs" entry
  std::int64_t time_ms = 0;  // logical time
  std::int64_t seq = 0;      // of its ledger entry
};

struct Record {
  const Alert* alert = nullptr;
  Verdict verdict;
  std::int64_t received_ms = 0;
  std::string active_name;                       // in active/
  bool may_link = true;                          // false: somebody else holds a link to the file, so evidence is copied
  mutable std::deque<std::string> scratch = {};  // text made for views; lives as long as the record

  std::string case_id() const { return "c-" + alert->key; }
  std::string case_path() const;  // "2026/11/24/c-…"
  const sf_record* handle() const { return reinterpret_cast<const sf_record*>(this); }
  static const Record& of(const sf_record* record) { return *reinterpret_cast<const Record*>(record); }
};

// What a path means, compiled once; owned by the instance's host.
struct CompiledPath;
struct CompiledPathDeleter {
  void operator()(CompiledPath* path) const;
};
using CompiledPathPtr = std::unique_ptr<CompiledPath, CompiledPathDeleter>;
// Nothing: neither a JSON pointer nor a known field.
CompiledPathPtr compile_path(std::string_view text);

sf_status get_value(const Record& record, const CompiledPath& path, sf_value& out);
sf_status each_text(const Record& record, const CompiledPath& path, int32_t (*visit)(void*, sf_str), void* impl);

}  // namespace signalfoundry::plugin
