// SPDX-License-Identifier: Apache-2.0
#include "cursor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "../cursor_json.hpp"
#include "clock.hpp"

namespace search {
namespace {

constexpr std::size_t kMostWritten = 2 * kMostHoles;  // remove() may leave more than add() does
constexpr std::size_t kLongestPosition = 65'536;

Holes holes_at(const nlohmann::json& cursor, std::int64_t watermark_ms) {
  const auto& list = cursor.at("holes");
  if (!list.is_array() || list.size() > kMostWritten) throw std::out_of_range("holes");
  Holes out;
  for (const auto& hole : list) {
    const auto from = shared::time_of(hole.at(0));
    const auto to = shared::time_of(hole.at(1));
    if (!from || !to || *from >= *to || *to > watermark_ms) throw std::out_of_range("holes");
    out.add(*from, *to, hole.size() > 2);
  }
  return out;
}

}  // namespace

std::string to_position(const Cursor& cursor) {
  nlohmann::ordered_json out = {{"v", cursor.holes.empty() ? 1 : 2},
                                {"watermark_ms", cursor.watermark_ms},
                                {"local_ms", cursor.local_ms},
                                {"filter", cursor.filter}};
  if (cursor.holes.empty()) return out.dump();
  auto holes = cursor.holes.all();
  if (holes.size() > kMostWritten) {
    Holes fewer;
    for (const auto& hole : holes) fewer.add(hole.from_ms, hole.to_ms, hole.failed);
    holes = fewer.all();
  }
  out["retry_ms"] = cursor.retry_ms;
  out["holes"] = nlohmann::ordered_json::array();
  for (const auto& hole : holes) {
    nlohmann::ordered_json row = {hole.from_ms, hole.to_ms};
    if (hole.failed) row.push_back(1);
    out["holes"].push_back(std::move(row));
  }
  return out.dump();
}

std::optional<Cursor> from_position(std::string_view position, const std::string& plugin) {
  return shared::read_cursor(position, plugin, kLongestPosition, 2, [](const nlohmann::json& j, int version) {
    Cursor out{shared::time_at(j, "watermark_ms"), shared::time_at(j, "local_ms"), j.at("filter").get<std::string>()};
    if (version == 1) return out;
    out.retry_ms = shared::time_at(j, "retry_ms");
    out.holes = holes_at(j, out.watermark_ms);
    return out;
  });
}

Plan plan(const std::optional<Cursor>& last, const Settings& settings, std::int64_t now_ms, std::int64_t local_ms,
          const std::string& filter) {
  Plan out;
  out.to_ms = now_ms - settings.visibility_delay_ms;
  if (!last) {
    out.from_ms = out.live_from_ms = out.to_ms - settings.start_ms;
    out.cursor = {out.from_ms, local_ms, filter};
    return out;
  }
  const Mark mark{last->watermark_ms, last->local_ms};
  const auto base = base_of(mark, {out.to_ms, local_ms, settings.start_ms});
  out.from_ms = base - settings.overlap_ms;
  // Whatever the outage, and however large the overlap: first what is new.
  const auto live = settings.window_ms + std::min(settings.overlap_ms, settings.window_ms);
  out.live_from_ms = std::max(out.from_ms, out.to_ms - live);
  out.cursor = {base, local_ms, filter, last->retry_ms, last->holes};
  for (const auto& hole : last->holes.all()) out.cursor.holes.remove(std::max(out.from_ms, hole.from_ms), hole.to_ms);
  out.warning = set_back_warning(mark, base, out.to_ms);
  if (out.warning.empty() && last->filter != filter)
    out.warning =
        "index or min_level changed since the last run: reading on from the cursor less the overlap; for older "
        "alerts that only the new filter finds, run once with a larger overlap";
  return out;
}

}  // namespace search
