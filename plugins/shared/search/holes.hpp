// SPDX-License-Identifier: Apache-2.0
//
// holes.hpp - the stretches of the time line that are still to be read: sorted, apart from each other, bounded in
// number. Times are Unix milliseconds, [from, to). [any-thread]
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace search {

struct Stretch {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  bool failed = false;  // it was asked for, and what came was no whole answer
  friend bool operator==(const Stretch&, const Stretch&) = default;
};

// More holes than this are not kept: the closest ones are merged, so that a little is read twice and nothing is lost.
inline constexpr std::size_t kMostHoles = 64;

class Holes {
 public:
  // [from, to) is to be read (again); it is failed as `failed` says, whatever was said of it before. Stretches of one
  // kind that touch become one; beyond kMostHoles the closest two do, and are failed only if both are. An empty or
  // inverted stretch is none.
  void add(std::int64_t from_ms, std::int64_t to_ms, bool failed);
  // [from, to) was read whole, or is somebody else's. It may leave one stretch more than there were: only add() merges,
  // so that what was just read is not asked for again.
  void remove(std::int64_t from_ms, std::int64_t to_ms);
  bool covers(std::int64_t from_ms, std::int64_t to_ms) const;  // all of it
  std::int64_t length_ms() const;
  bool empty() const { return all_.empty(); }
  const std::vector<Stretch>& all() const { return all_; }  // oldest first

 private:
  void join_touching();
  std::vector<Stretch> all_;
};

}  // namespace search
