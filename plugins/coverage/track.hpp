// SPDX-License-Identifier: Apache-2.0
//
// track.hpp - when a stream of alerts was heard of last, and how often in its window. Bounded: a few numbers.
//
// Times are Unix milliseconds, of the alerts themselves. Thread: one at a time.
#pragma once
#include <cstdint>
#include <map>
#include <optional>

#include "settings.hpp"

namespace coverage {

enum class Heard {
  covered,  // within its bounds
  waiting,  // not heard of yet, and not watched for long enough to be called silent
  silent,   // longer than its bound
  thin,     // fewer than asked for in its window
};

class Track {
 public:
  static constexpr std::int64_t kSlots = 24;  // of a window

  Track() = default;
  explicit Track(std::int64_t since_ms) : since_ms_(since_ms) {}
  // Counts from `now_ms` on where a rate is asked for and it was not counted so before; else goes on, or stops.
  void count_by(const Bound& bound, std::int64_t now_ms);
  // An alert of that time, which is not in the future.
  void hear(std::int64_t time_ms);
  // The clock was put back to `now_ms`: nothing was heard later than that.
  void no_later_than(std::int64_t now_ms);
  Heard judge(std::int64_t now_ms, const Bound& bound) const;
  // Since it was heard of, or, never heard of, since it is watched.
  std::int64_t silence_ms(std::int64_t now_ms) const { return now_ms - last_ms_.value_or(since_ms_); }
  // The alerts in the window that ends now, to a twenty-fourth of it: rather one slot too many than one too few.
  std::uint64_t count(std::int64_t now_ms, const Bound& bound) const;
  const std::optional<std::int64_t>& last_ms() const { return last_ms_; }

  // For the state between runs.
  nlohmann::json json() const;
  // Throws std::exception for what json() never gave.
  static Track read(const nlohmann::json& json);

 private:
  std::int64_t since_ms_ = 0;
  std::optional<std::int64_t> last_ms_;
  std::int64_t slot_ms_ = 0;                     // the length of a slot; 0: nothing is counted
  std::int64_t counted_since_ms_ = 0;            // where something is
  std::map<std::int64_t, std::uint64_t> slots_;  // number of the slot to alerts in it
};

}  // namespace coverage
