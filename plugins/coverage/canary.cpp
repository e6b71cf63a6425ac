// SPDX-License-Identifier: Apache-2.0
#include "canary.hpp"

#include <algorithm>
#include <stdexcept>

#include "../shared/cursor_json.hpp"
#include "../shared/instant.hpp"

namespace coverage {

namespace {
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 53U;
constexpr std::size_t kTextMax = 64;

Bound bound_of(const CanarySpec& spec) {
  return {spec.every_ms + spec.within_ms, 0, kDayMs};
}

std::string text_at(const nlohmann::json& json, const char* key) {
  auto text = json.at(key).get<std::string>();
  if (text.size() > kTextMax) throw std::out_of_range(key);
  return text;
}
}  // namespace

void Canary::came_out(const CameOut& one, const CanarySpec& spec, std::int64_t now_ms) {
  const bool newest = !track_.last_ms() || one.time_ms >= *track_.last_ms();
  track_.hear(std::min(one.time_ms, now_ms));
  ++total_;
  out_now_ = true;
  if (newest) {
    const bool right = one.disposition == spec.disposition;
    wrong_disposition_ = right ? "" : one.disposition.substr(0, kTextMax);
    wrong_key_ = right ? "" : one.key.substr(0, kTextMax);
  }
  if (one.number && *one.number < kNumberMax) number(*one.number, now_ms);
}

void Canary::number(std::uint64_t number, std::int64_t now_ms) {
  if (missing_.erase(number) != 0) return;
  if (number > newest_ && newest_ != 0) {
    const auto first = std::max(newest_ + 1, number - std::min<std::uint64_t>(number, kMissingMax));
    for (auto n = first; n < number; ++n) missing_.emplace(n, now_ms);
    while (missing_.size() > kMissingMax) missing_.erase(missing_.begin());
  }
  if (number + kMissingMax < newest_) missing_.clear();  // the source began anew
  newest_ = number > newest_ || number + kMissingMax < newest_ ? number : newest_;
}

void Canary::no_later_than(std::int64_t now_ms) {
  track_.no_later_than(now_ms);
  for (auto& [number, since] : missing_) since = std::min(since, now_ms);
}

bool Canary::overdue(std::int64_t now_ms, const CanarySpec& spec) const {
  if (spec.every_ms == 0 && out_now_) return false;
  return track_.judge(now_ms, bound_of(spec)) == Heard::silent;
}

std::string Canary::wrong(std::int64_t now_ms, const CanarySpec& spec) {
  std::erase_if(missing_, [&](const auto& one) { return now_ms - one.second > kDayMs + spec.within_ms; });
  if (overdue(now_ms, spec))
    return (track_.last_ms() ? "did not come out for " : "never came out, for ") +
           shared::span_text(track_.silence_ms(now_ms)) + "; one is due " +
           (spec.every_ms == 0 ? "in each run" : "every " + shared::span_text(spec.every_ms)) + " and may take " +
           shared::span_text(spec.within_ms);
  if (!wrong_disposition_.empty())
    return "came out as " + wrong_disposition_ + ", not as " + spec.disposition + " (alert " + wrong_key_ + ")";
  const auto is_late = [&](const auto& one) { return now_ms - one.second >= spec.within_ms; };
  const auto late = std::count_if(missing_.begin(), missing_.end(), is_late);
  if (late == 0) return "";
  const auto first = std::find_if(missing_.begin(), missing_.end(), is_late)->first;
  return std::to_string(late) + " of those that were emitted did not come out within " +
         shared::span_text(spec.within_ms) + ", the first with number " + std::to_string(first);
}

bool Canary::waiting(std::int64_t now_ms, const CanarySpec& spec) const {
  return track_.judge(now_ms, bound_of(spec)) == Heard::waiting;
}

nlohmann::json Canary::json() const {
  nlohmann::json out = {{"track", track_.json()},
                        {"total", total_},
                        {"wrong", wrong_disposition_},
                        {"wrong_key", wrong_key_},
                        {"newest", newest_}};
  auto& missing = out["missing"] = nlohmann::json::array();
  for (const auto& [number, since] : missing_) missing.push_back({number, since});
  return out;
}

Canary Canary::read(const nlohmann::json& json) {
  Canary out;
  out.track_ = Track::read(json.at("track"));
  for (const char* key : {"total", "newest"})
    if (!json.at(key).is_number_unsigned() || json.at(key).get<std::uint64_t>() >= kNumberMax)
      throw std::out_of_range(key);
  out.total_ = json.at("total").get<std::uint64_t>();
  out.newest_ = json.at("newest").get<std::uint64_t>();
  out.wrong_disposition_ = text_at(json, "wrong");
  out.wrong_key_ = text_at(json, "wrong_key");
  const auto& missing = json.at("missing");
  if (!missing.is_array() || missing.size() > kMissingMax) throw std::out_of_range("missing");
  for (const auto& one : missing) {
    if (!one.is_array() || one.size() != 2 || !one[0].is_number_unsigned()) throw std::out_of_range("missing");
    const auto since = shared::time_of(one[1]);
    if (!since) throw std::out_of_range("missing");
    out.missing_[one[0].get<std::uint64_t>()] = *since;
  }
  return out;
}

}  // namespace coverage
