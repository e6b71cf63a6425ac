// SPDX-License-Identifier: Apache-2.0
//
// search_query.hpp - the part of the query language of OpenSearch and Elasticsearch that finds alerts by time, field
// and id. What is not understood is said, so that no check passes by being misunderstood. [any-thread]
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace signalfoundry::conformance {

class NotUnderstood : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Of match_all, match_none, exists, term, terms, ids, range and bool. `id` is the document's _id. Throws NotUnderstood.
bool holds(const nlohmann::json& query, const nlohmann::json& document, const std::string& id);

// A date as a field or a bound has it: text, or Unix milliseconds.
std::optional<std::int64_t> millis_of(const nlohmann::json& value);

// The values that "sort" names, in its order; null for a field that is not there. `sequence` stands for _doc and
// _shard_doc. Throws NotUnderstood.
nlohmann::json sort_values(const nlohmann::json& sort, const nlohmann::json& document, const std::string& id,
                           std::uint64_t sequence);
// Does `a` come before `b` in the order of "sort"? Nulls come last.
bool comes_before(const nlohmann::json& a, const nlohmann::json& b, const nlohmann::json& sort);

}  // namespace signalfoundry::conformance
