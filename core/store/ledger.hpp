// SPDX-License-Identifier: Apache-2.0
//
// ledger.hpp - the text of a ledger entry and its place in the chain (docs/formats/ledger.md). [any-thread]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "store/store.hpp"

namespace signalfoundry::store {

struct EntryParts {
  std::int64_t seq;
  std::int64_t time_ms;
  std::string_view run_id;
  std::string_view kind;
  std::string_view key;     // "": null
  std::string_view fields;  // `"a":1`, or ""
  std::string_view prev;
};
// The exported line; gives the hash.
std::string make_entry(const EntryParts& parts, std::string& hash);

}  // namespace signalfoundry::store
