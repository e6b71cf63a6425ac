// SPDX-License-Identifier: Apache-2.0
#include "track.hpp"

#include <algorithm>
#include <stdexcept>

#include "../shared/cursor_json.hpp"

namespace coverage {

namespace {
constexpr std::uint64_t kCountMax = 1'000'000'000;

std::int64_t slot_length(const Bound& bound) {
  return std::max<std::int64_t>(1, bound.window_ms / Track::kSlots);
}
}  // namespace

void Track::count_by(const Bound& bound, std::int64_t now_ms) {
  const auto length = bound.at_least == 0 ? 0 : slot_length(bound);
  if (length == slot_ms_) return;
  slots_.clear();
  slot_ms_ = length;
  counted_since_ms_ = now_ms;
}

void Track::hear(std::int64_t time_ms) {
  last_ms_ = std::max(last_ms_.value_or(time_ms), time_ms);
  if (slot_ms_ == 0) return;
  const auto slot = time_ms / slot_ms_;
  if (!slots_.empty() && slot < slots_.rbegin()->first - kSlots) return;
  auto& count = slots_[slot];
  count = std::min(count + 1, kCountMax);
  while (slots_.begin()->first < slots_.rbegin()->first - kSlots) slots_.erase(slots_.begin());
}

void Track::no_later_than(std::int64_t now_ms) {
  since_ms_ = std::min(since_ms_, now_ms);
  counted_since_ms_ = std::min(counted_since_ms_, now_ms);
  if (last_ms_) last_ms_ = std::min(*last_ms_, now_ms);
  if (slot_ms_ != 0) slots_.erase(slots_.upper_bound(now_ms / slot_ms_), slots_.end());
}

std::uint64_t Track::count(std::int64_t now_ms, const Bound& bound) const {
  if (slot_ms_ == 0) return 0;
  std::uint64_t out = 0;
  for (auto it = slots_.lower_bound((now_ms - bound.window_ms) / slot_ms_); it != slots_.end(); ++it) out += it->second;
  return out;
}

Heard Track::judge(std::int64_t now_ms, const Bound& bound) const {
  if (bound.longest_ms >= 0 && silence_ms(now_ms) > bound.longest_ms) return Heard::silent;
  if (!last_ms_) return Heard::waiting;
  const bool whole_window = slot_ms_ != 0 && now_ms - counted_since_ms_ >= bound.window_ms;
  if (whole_window && count(now_ms, bound) < bound.at_least) return Heard::thin;
  return Heard::covered;
}

nlohmann::json Track::json() const {
  nlohmann::json out = {{"since", since_ms_}};
  if (last_ms_) out["last"] = *last_ms_;
  if (slot_ms_ == 0) return out;
  out["slot_ms"] = slot_ms_;
  out["counted_since"] = counted_since_ms_;
  auto& slots = out["slots"] = nlohmann::json::array();
  for (const auto& [slot, count] : slots_) slots.push_back({slot, count});
  return out;
}

Track Track::read(const nlohmann::json& json) {
  Track out(shared::time_at(json, "since"));
  if (json.contains("last")) out.last_ms_ = shared::time_at(json, "last");
  if (!json.contains("slot_ms")) return out;
  out.slot_ms_ = shared::time_at(json, "slot_ms");
  out.counted_since_ms_ = shared::time_at(json, "counted_since");
  const auto& slots = json.at("slots");
  if (out.slot_ms_ < 1 || !slots.is_array() || slots.size() > kSlots + 1) throw std::out_of_range("slots");
  for (const auto& one : slots) {
    if (!one.is_array() || one.size() != 2 || !one[1].is_number_unsigned()) throw std::out_of_range("slots");
    const auto slot = shared::time_of(one[0]);
    if (!slot || one[1].get<std::uint64_t>() > kCountMax) throw std::out_of_range("slots");
    out.slots_[*slot] = one[1].get<std::uint64_t>();
  }
  return out;
}

}  // namespace coverage
