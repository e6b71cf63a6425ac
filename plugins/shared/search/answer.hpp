// SPDX-License-Identifier: Apache-2.0
//
// answer.hpp - an answer of the server: a whole page of alerts, or what is wrong with it and what to do. [any-thread]
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem.hpp"
#include "settings.hpp"
#include "sweep.hpp"

namespace search {

struct Hit {
  std::string_view source;  // the document, its bytes as they came
  std::string_view id;      // _id
  std::string_view sort;    // the "sort" array, as it came; "" where there is none
};

struct Page {
  std::unique_ptr<const std::string> body;  // what the views point into
  std::vector<Hit> hits;
  std::int64_t shards = 0;                          // 0: no index matches
  std::optional<std::int64_t> clock_ms;             // of a probe: the server's clock
  std::optional<std::vector<MinuteCount>> minutes;  // of a counting probe
};

// Fills `page`, or says what is wrong. An answer that is not whole (timed_out, failed or missing shards or
// clusters, no _shards) is never a page.
std::optional<Problem> read_answer(Reply reply, const Settings& settings, Page& page);

// A hit's sort values. Throws nothing: what is not there is absent.
struct SortKey {
  std::optional<std::int64_t> time_ms;
  bool usable = false;  // as many values as were sorted by, none null: may be sent as search_after
};
SortKey sort_key(const Hit& hit, const Dialect& dialect);

}  // namespace search
