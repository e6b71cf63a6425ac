// SPDX-License-Identifier: Apache-2.0
#include "timeline.hpp"

#include <algorithm>
#include <limits>

namespace search {

TimeLine::TimeLine(const Plan& plan, const Settings& settings)
    : plan_(plan), window_ms_(settings.window_ms), room_(settings.backfill_max) {
  unread_ = plan.cursor.holes;
  unread_.add(plan.from_ms, plan.live_from_ms, false);
  // The overlap may hold a storm that was read already: what is new does not wait until it is read again.
  // (Under a clock that is far behind, all of it ends before it begins: there is nothing to read.)
  const auto fresh = std::max(plan.live_from_ms, std::min(plan.cursor.watermark_ms, plan.to_ms));
  live_.push_back({fresh, plan.to_ms, false});
  overlap_.push_back({plan.live_from_ms, fresh, false});
  std::deque<Stretch> tried;  // before the last one that failed again
  for (const auto& hole : unread_.all()) {
    const auto turn = plan.cursor.retry_ms;
    if (!hole.failed) {
      fill_.push_back(hole);
    } else if (hole.to_ms <= turn) {
      tried.push_back(hole);
    } else {
      if (hole.from_ms < turn) tried.push_back({hole.from_ms, turn, true});
      retry_.push_back({std::max(hole.from_ms, turn), hole.to_ms, true});
    }
  }
  retry_.insert(retry_.end(), tried.begin(), tried.end());
  unread_.add(plan.live_from_ms, plan.to_ms, false);
}

std::optional<Window> TimeLine::slice(std::deque<Stretch>& from, Window::Kind kind) {
  while (!from.empty() && from.front().from_ms >= from.front().to_ms) from.pop_front();
  if (from.empty()) return std::nullopt;
  auto& first = from.front();
  const Window out{first.from_ms, first.from_ms + std::min(window_ms_, first.to_ms - first.from_ms), kind};
  first.from_ms = out.to_ms;
  return out;
}

std::optional<Window> TimeLine::next() {
  if (failures_ >= kMostFailures) return std::nullopt;
  if (auto window = slice(live_, Window::Kind::live)) return window;
  if (auto window = slice(overlap_, Window::Kind::overlap)) return window;
  if (room_ == 0 || backfill_windows_ >= kMostBackfillWindows) return std::nullopt;
  ++backfill_windows_;
  if (auto window = slice(retry_, Window::Kind::retry)) return window;
  return slice(fill_, Window::Kind::backfill);
}

std::uint64_t TimeLine::room(const Window& window) const {
  return window.bounded() ? room_ : std::numeric_limits<std::uint64_t>::max();
}

void TimeLine::done(const Window& read, std::uint64_t alerts) {
  progress_ = true;
  unread_.remove(read.from_ms, read.to_ms);
  if (read.bounded()) room_ -= std::min(room_, alerts);
}

void TimeLine::failed(const Window& window) {
  ++failures_;
  unread_.add(window.from_ms, window.to_ms, true);
  if (window.kind != Window::Kind::retry) return;
  // One that fails again is not to keep the others waiting: they have their turn first.
  plan_.cursor.retry_ms = window.to_ms;
  retry_.clear();
}

Cursor TimeLine::cursor() const {
  Cursor out = plan_.cursor;
  out.holes = unread_;
  // What is unread up to the very end is no hole, but where the watermark stops. It does not go back, and what is left
  // of the overlap behind it is a hole only until the next run begins there.
  const auto base = plan_.cursor.watermark_ms;
  out.watermark_ms = std::max(base, plan_.to_ms);
  while (out.watermark_ms > base && !out.holes.empty() && out.holes.all().back().to_ms == out.watermark_ms) {
    const auto from = std::max(out.holes.all().back().from_ms, base);
    out.holes.remove(from, out.watermark_ms);
    out.watermark_ms = from;
  }
  return out;
}

}  // namespace search
