// SPDX-License-Identifier: Apache-2.0
#include "cursor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../shared/cursor_json.hpp"
#include "../shared/search/clock.hpp"

namespace source_splunk {
namespace {

constexpr std::size_t kLongestPosition = 65'536;

// Down to the second, and never before 1970: Splunk has no index time there.
std::int64_t whole_second(std::int64_t ms) {
  return ms <= 0 ? 0 : ms / 1000 * 1000;
}

}  // namespace

std::string to_position(const Cursor& cursor) {
  return nlohmann::ordered_json{
      {"v", 1}, {"indexed_ms", cursor.indexed_ms}, {"local_ms", cursor.local_ms}, {"filter", cursor.filter}}
      .dump();
}

std::optional<Cursor> from_position(std::string_view position) {
  return shared::read_cursor(position, "source_splunk", kLongestPosition, 1, [](const nlohmann::json& j, int) {
    return Cursor{shared::time_at(j, "indexed_ms"), shared::time_at(j, "local_ms"), j.at("filter").get<std::string>()};
  });
}

Plan plan(const std::optional<Cursor>& last, const Settings& settings, std::int64_t now_ms, std::int64_t local_ms,
          const std::string& filter) {
  Plan out;
  out.to_ms = whole_second(now_ms - settings.visibility_delay_ms);
  if (!last) {
    out.from_ms = whole_second(out.to_ms - settings.start_ms);
    out.cursor = {out.from_ms, local_ms, filter};
    return out;
  }
  const ::search::Mark mark{last->indexed_ms, last->local_ms};
  const auto base = ::search::base_of(mark, {out.to_ms, local_ms, settings.start_ms});
  out.from_ms = whole_second(base - settings.overlap_ms);
  out.cursor = {base, local_ms, filter};
  out.warning = ::search::set_back_warning(mark, base, out.to_ms);
  if (out.warning.empty() && last->filter != filter)
    out.warning =
        "search or content changed since the last run: reading on from the cursor less the overlap; for older alerts "
        "that only the new search finds, run once with a larger overlap";
  return out;
}

Slice slice_after(const Plan& plan, std::int64_t from_ms, std::int64_t longest_ms) {
  return {from_ms, std::max(from_ms, std::min(from_ms + longest_ms, plan.to_ms))};
}

Slice half(const Slice& slice) {
  const auto seconds = (slice.to_ms - slice.from_ms) / 1000;
  return seconds < 2 ? slice : Slice{slice.from_ms, slice.from_ms + seconds / 2 * 1000};
}

}  // namespace source_splunk
