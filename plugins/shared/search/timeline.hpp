// SPDX-License-Identifier: Apache-2.0
//
// timeline.hpp - which windows one run reads, and in which order (docs/adr/0009-live-first.md). No input or output of
// its own. [stage-thread]
//
// Order: the live stretch, what is new in it before the overlap; then what failed in an earlier run; then the other
// holes, oldest first. After the live stretch a run reads no more than backfill_max alerts, and for no longer than
// backfill_for (source.cpp), so that the next run's live alerts do not wait for it.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>

#include "cursor.hpp"
#include "holes.hpp"
#include "settings.hpp"

namespace search {

inline constexpr unsigned kMostFailures = 3;           // windows that fail in one run before it leaves the rest
inline constexpr unsigned kMostBackfillWindows = 500;  // of one run, however few alerts they hold

struct Window {
  std::int64_t from_ms = 0;  // [from, to)
  std::int64_t to_ms = 0;
  // live: never read. overlap: read before, and again for what came late. Behind those two a run is bounded.
  enum class Kind : std::uint8_t { live, overlap, retry, backfill } kind = Kind::live;
  bool bounded() const { return kind == Kind::retry || kind == Kind::backfill; }
};

class TimeLine {
 public:
  TimeLine() = default;
  TimeLine(const Plan& plan, const Settings& settings);

  // The next window to read; nothing: this run is done. Each window is answered by done() or failed().
  std::optional<Window> next();
  // Alerts that may still be read in this window; the rest of it waits for the next run.
  std::uint64_t room(const Window& window) const;
  // [from, to) of the last window was read whole, `alerts` of them; to may be less than was given.
  void done(const Window& read, std::uint64_t alerts);
  void failed(const Window& window);

  bool progress() const { return progress_; }  // a window of this run was read
  // What is true now: every alert before the watermark was asked for, but for the holes.
  Cursor cursor() const;

 private:
  std::optional<Window> slice(std::deque<Stretch>& from, Window::Kind kind);

  Plan plan_;
  std::int64_t window_ms_ = 1;
  std::uint64_t room_ = 0;
  unsigned backfill_windows_ = 0;
  unsigned failures_ = 0;
  bool progress_ = false;
  Holes unread_;  // the live stretch included
  std::deque<Stretch> live_;
  std::deque<Stretch> overlap_;
  std::deque<Stretch> retry_;
  std::deque<Stretch> fill_;
};

}  // namespace search
