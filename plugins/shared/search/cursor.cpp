// SPDX-License-Identifier: Apache-2.0
#include "cursor.hpp"

#include <signalfoundry/error.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace search {
namespace {

constexpr std::int64_t kClockToleranceMs = 60'000;
constexpr std::size_t kMostWritten = 2 * kMostHoles;  // remove() may leave more than add() does
constexpr std::size_t kLongestPosition = 65'536;
constexpr std::int64_t kFarthestMs = 1'000'000'000'000'000;  // 30,000 years from 1970: no clock ever gave more

std::int64_t time_at(const nlohmann::json& cursor, const char* key) {
  const auto& ms = cursor.at(key);
  if (!ms.is_number_integer() || ms < -kFarthestMs || ms > kFarthestMs) throw std::out_of_range(key);
  return ms.get<std::int64_t>();
}

Holes holes_at(const nlohmann::json& cursor, std::int64_t watermark_ms) {
  const auto& list = cursor.at("holes");
  if (!list.is_array() || list.size() > kMostWritten) throw std::out_of_range("holes");
  Holes out;
  for (const auto& hole : list) {
    const nlohmann::json pair = {{"from", hole.at(0)}, {"to", hole.at(1)}};
    const auto from = time_at(pair, "from");
    const auto to = time_at(pair, "to");
    if (from >= to || to > watermark_ms) throw std::out_of_range("holes");
    out.add(from, to, hole.size() > 2);
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
  if (position.empty()) return std::nullopt;
  const auto j = nlohmann::json::parse(position.substr(0, kLongestPosition), nullptr, false);
  try {
    if (position.size() > kLongestPosition) throw std::out_of_range("position");
    const auto& version = j.at("v");
    if (version == 1 || version == 2) {
      Cursor out{time_at(j, "watermark_ms"), time_at(j, "local_ms"), j.at("filter").get<std::string>()};
      if (version == 1) return out;
      out.retry_ms = time_at(j, "retry_ms");
      out.holes = holes_at(j, out.watermark_ms);
      return out;
    }
  } catch (const std::exception&) {
    throw sf::Error(SF_FATAL, "the cursor of this stage is not one of " + plugin + "'s: " + printable(position, 80) +
                                  "; give the stage the name it had with the other plugin, or a new one");
  }
  throw sf::Error(SF_FATAL, "the cursor of this stage was written by a newer " + plugin + "; run that version again");
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
  auto base = std::min(last->watermark_ms, out.to_ms);
  // This machine's clock stood ahead at the last run, and the watermark with it: nobody knows by how much.
  if (local_ms < last->local_ms && last->watermark_ms > out.to_ms) base = out.to_ms - settings.start_ms;
  out.from_ms = base - settings.overlap_ms;
  // Whatever the outage, and however large the overlap: first what is new.
  const auto live = settings.window_ms + std::min(settings.overlap_ms, settings.window_ms);
  out.live_from_ms = std::max(out.from_ms, out.to_ms - live);
  out.cursor = {base, local_ms, filter, last->retry_ms, last->holes};
  for (const auto& hole : last->holes.all()) out.cursor.holes.remove(std::max(out.from_ms, hole.from_ms), hole.to_ms);
  if (base < last->watermark_ms - kClockToleranceMs)
    out.warning = "a clock was set back since the last run: reading again from " +
                  std::to_string((last->watermark_ms - base) / 1000) + " s before the cursor; set both clocks by NTP";
  else if (last->filter != filter)
    out.warning =
        "index or min_level changed since the last run: reading on from the cursor less the overlap; for older "
        "alerts that only the new filter finds, run once with a larger overlap";
  return out;
}

}  // namespace search
