// SPDX-License-Identifier: Apache-2.0
#include "sweep.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "../cursor_json.hpp"

namespace search {
namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kMostCount = 99'999'999;
constexpr std::size_t kMostMinutes = kMostSweepMs / kMinuteMs + 1;

std::int64_t minute_below(std::int64_t ms) {
  const auto past = ms % kMinuteMs;
  return ms - (past < 0 ? past + kMinuteMs : past);
}
std::int64_t minute_above(std::int64_t ms) {
  return minute_below(ms + kMinuteMs - 1);
}

// "7,0*58,12": each count, and how many minutes in a row have it.
std::string packed(const std::vector<std::uint32_t>& counts) {
  std::string out;
  for (std::size_t at = 0; at < counts.size();) {
    auto end = at;
    while (end < counts.size() && counts[end] == counts[at]) ++end;
    if (!out.empty()) out += ',';
    out += std::to_string(counts[at]);
    if (end - at > 1) out += '*' + std::to_string(end - at);
    at = end;
  }
  return out;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out > kMostCount) return std::nullopt;
  return out;
}

std::optional<std::vector<std::uint32_t>> unpacked(std::string_view text) {
  std::vector<std::uint32_t> out;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto item = text.substr(0, comma);
    const auto star = item.find('*');
    const auto count = number(item.substr(0, star));
    const auto times = star == std::string_view::npos ? std::optional(1U) : number(item.substr(star + 1));
    if (!count || !times || *times > kMostMinutes - out.size()) return std::nullopt;
    out.insert(out.end(), *times, *count);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

// The told counts as one row without holes, of the minutes that lie in [from, to) as a whole.
Minutes row_of(const std::vector<MinuteCount>& told, std::int64_t from_ms, std::int64_t to_ms) {
  Minutes out;
  out.first_ms = std::max(minute_above(from_ms), minute_below(to_ms) - kMostSweepMs);
  const auto end = minute_below(to_ms);
  if (end <= out.first_ms) return out;
  out.counts.resize(static_cast<std::size_t>((end - out.first_ms) / kMinuteMs));
  for (const auto& minute : told)
    if (minute.ms >= out.first_ms && minute.ms < end)
      out.counts[static_cast<std::size_t>((minute.ms - out.first_ms) / kMinuteMs)] = minute.count;
  return out;
}

// The old row up to where the new one begins, then the new one.
Minutes joined(const Minutes& old, const Minutes& now, std::int64_t oldest_ms) {
  if (old.counts.empty() || old.end_ms() < now.first_ms || old.first_ms >= now.first_ms) return now;
  Minutes out;
  out.first_ms = std::clamp(minute_below(oldest_ms), old.first_ms, now.first_ms);
  const auto skip = (out.first_ms - old.first_ms) / kMinuteMs;
  const auto keep = (now.first_ms - old.first_ms) / kMinuteMs;
  out.counts.assign(old.counts.begin() + skip, old.counts.begin() + keep);
  out.counts.insert(out.counts.end(), now.counts.begin(), now.counts.end());
  return out;
}

}  // namespace

std::optional<std::vector<MinuteCount>> minutes_of(std::string_view aggregations) {
  constexpr std::size_t kLargest = std::size_t{1} << 20U;  // 96 h take a third of it
  if (aggregations.size() > kLargest) return std::nullopt;
  const auto j = Json::parse(aggregations, nullptr, false);
  const auto* list = &j;
  for (const char* key : {"minutes", "buckets"}) {
    if (!list->is_object() || !list->contains(key)) return std::nullopt;
    list = &(*list)[key];
  }
  if (!list->is_array()) return std::nullopt;
  std::vector<MinuteCount> out;
  for (const auto& bucket : *list) {
    if (!bucket.is_object() || !bucket.contains("key") || !bucket.contains("doc_count")) return std::nullopt;
    const auto ms = shared::time_of(bucket["key"]);
    const auto& count = bucket["doc_count"];
    if (!ms || *ms % kMinuteMs != 0 || !count.is_number_unsigned()) return std::nullopt;
    out.push_back({*ms, static_cast<std::uint32_t>(std::min<std::uint64_t>(count.get<std::uint64_t>(), kMostCount))});
  }
  return out;
}

std::string to_state(const SweepMemory& memory) {
  return nlohmann::ordered_json{{"v", 1},
                                {"filter", memory.filter},
                                {"swept_ms", memory.swept_ms},
                                {"first_ms", memory.seen.first_ms},
                                {"counts", packed(memory.seen.counts)}}
      .dump();
}

std::optional<SweepMemory> from_state(std::string_view text) {
  if (text.size() > 65'536) return std::nullopt;
  const auto j = Json::parse(text, nullptr, false);
  if (!j.is_object()) return std::nullopt;
  for (const char* key : {"v", "filter", "swept_ms", "first_ms", "counts"})
    if (!j.contains(key)) return std::nullopt;
  if (j["v"] != 1 || !j["filter"].is_string() || !j["counts"].is_string()) return std::nullopt;
  const auto swept = shared::time_of(j["swept_ms"]);
  const auto first = shared::time_of(j["first_ms"]);
  auto counts = unpacked(j["counts"].get_ref<const std::string&>());
  if (!swept || !first || *first % kMinuteMs != 0 || !counts) return std::nullopt;
  return SweepMemory{j["filter"].get<std::string>(), *swept, {*first, std::move(*counts)}};
}

SweepAsk sweep_ask(const std::optional<SweepMemory>& last, const Settings& settings, const Plan& plan,
                   std::int64_t local_ms) {
  SweepAsk out;
  const auto oldest = local_ms - settings.sweep_back_ms;
  out.full = !last || last->swept_ms > local_ms || local_ms - last->swept_ms >= settings.sweep_every_ms;
  if (!last)
    out.from_ms = oldest;
  else if (out.full)
    out.from_ms = std::max(oldest, last->seen.first_ms);
  else
    out.from_ms = std::max(oldest, std::min(last->seen.end_ms(), plan.from_ms));
  return out;
}

bool can_follow(const std::optional<SweepMemory>& last, const SweepAsk& ask, const Plan& plan, std::int64_t since_ms,
                const Settings& settings) {
  const auto first = minute_above(std::max(ask.from_ms, since_ms));
  if (first >= minute_below(plan.to_ms)) return false;
  const auto oldest = plan.to_ms + settings.visibility_delay_ms - settings.sweep_back_ms;
  return !last || last->seen.end_ms() >= first || last->seen.end_ms() < oldest;
}

Sweep sweep(const std::optional<SweepMemory>& last, const SweepAsk& ask, const std::vector<MinuteCount>& told,
            const Plan& plan, std::int64_t since_ms, const Settings& settings) {
  auto unread = plan.cursor.holes;  // what this run or a later one reads anyway
  unread.add(plan.from_ms, plan.to_ms, false);
  const auto now = row_of(told, std::max(ask.from_ms, since_ms), plan.to_ms);
  Sweep out;
  for (std::size_t i = 0; i < now.counts.size(); ++i) {
    const auto ms = now.first_ms + static_cast<std::int64_t>(i) * kMinuteMs;
    if (now.counts[i] == 0 || !last || ms < last->seen.first_ms || unread.covers(ms, ms + kMinuteMs)) continue;
    // A minute that the memory has not reached was read without being counted.
    const auto seen = ms < last->seen.end_ms()
                          ? last->seen.counts[static_cast<std::size_t>((ms - last->seen.first_ms) / kMinuteMs)]
                          : 0;
    if (now.counts[i] > seen) out.grown.push_back({ms, ms + kMinuteMs, false});
  }
  const auto swept = plan.to_ms + settings.visibility_delay_ms;
  out.memory = {plan.cursor.filter, ask.full ? swept : last->swept_ms,
                last ? joined(last->seen, now, plan.to_ms - settings.sweep_back_ms) : now};
  return out;
}

}  // namespace search
