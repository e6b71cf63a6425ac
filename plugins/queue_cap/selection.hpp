// SPDX-License-Identifier: Apache-2.0
//
// selection.hpp - which waiting alerts a round takes: severe first, then oldest, and nobody starves. Pure: no host, no
// clock; the same alerts give the same choice, in whatever order they were added. Thread: one.
//
// A round takes at most `cap` alerts:
//   1. the reserve, `reserve_percent` of the cap (at least 1 where the cap is 2 or more, 2 where it is 4 or more): the
//      oldest alerts of any severity; half of it, rounded down, is for drop-ins, in name order. What one half does not
//      need, the other gets;
//   2. then severity (high first), age (old first), name; but of one group (rule and host) at most `share_percent` of
//   the
//      cap, at least 1;
//   3. then, if there is room left, in the same order without that limit.
// A drop-in that nobody has read yet counts as severity 7 and stands behind the dated alerts of that severity.
//
// Add as many as there are: only `lookahead` rounds' worth is kept, found in one pass, however they come. The first
// round after clear() is exactly the one above over all that was added; the reserve of each later one is, too. So an
// alert with a time and m older ones is taken within ceil((m + 1) / half the reserve) + lookahead rounds, whatever else
// comes in meanwhile.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace queue_cap {

constexpr std::uint32_t kUnknownSeverity = 255;  // a drop-in

struct Waiting {
  std::string_view name;
  std::int64_t time_ms = 0;
  std::uint32_t group = 0;
  std::uint32_t severity = 0;  // 0..15, or kUnknownSeverity
};

struct Limits {
  std::uint32_t cap = 2000;
  std::uint32_t share_percent = 25;
  std::uint32_t reserve_percent = 10;
};

class Selection {
 public:
  explicit Selection(Limits limits);

  // Copies the name only when the alert is kept. Amortised O(1).
  void add(const Waiting& waiting);
  // Removes the next round's from what is kept and gives their names, severe first.
  std::vector<std::string> take();
  // Forgets everything, for a new look at the whole queue.
  void clear();

  // How many are kept.
  std::size_t size() const { return kept_.size(); }
  // True: another round would need a new look at the whole queue.
  bool used_up() const { return worn_ || rounds_ >= lookahead_ || kept_.size() < limits_.cap; }
  std::uint32_t lookahead() const { return lookahead_; }

 private:
  struct Candidate {
    std::uint64_t rank = 0;  // severity and age in one number, small first
    std::int64_t time_ms = 0;
    std::size_t name_at = 0;
    std::uint32_t group = 0;
    std::uint16_t name_size = 0;
    bool drop_in = false;
  };
  // The last one of its kind that was kept when others had to go: who comes behind it is not kept.
  struct Bound {
    Candidate candidate;
    std::string name;
  };
  enum class Order : std::uint8_t { rank, age, name };
  // A candidate in one order: most comparisons are settled by two numbers, without a look at the name.
  struct Key {
    std::uint64_t major = 0;
    std::uint64_t text = 0;  // of a drop-in: eight bytes of its name, after what all their names begin with
    std::uint32_t index = 0;
  };
  using Keys = std::vector<Key>;

  std::string_view name_of(const Candidate& c) const { return {names_.data() + c.name_at, c.name_size}; }
  bool less(const Key& a, const Key& b) const;
  bool wanted(const Candidate& c, std::string_view name) const;
  std::size_t common_prefix() const;
  Key key_of(Order order, std::uint32_t index, std::size_t prefix) const;

  void shrink();
  std::optional<Bound> cut(Keys& keys, std::size_t quota) const;
  void keep_reserve(std::vector<bool>& keep, bool drop_ins, std::size_t prefix, std::optional<Bound>& bound) const;
  void keep_main(std::vector<bool>& keep, std::size_t prefix);
  void split_by_group(const std::vector<bool>& keep, std::size_t prefix, Keys& first, Keys& rest);
  void remove(const std::vector<bool>& gone);
  void repack_names();

  void sort();
  void choose_reserve(std::vector<bool>& chosen, std::size_t& room) const;
  void choose_in_order(std::vector<bool>& chosen, std::size_t& room, std::size_t group_limit) const;

  Limits limits_;
  std::uint32_t lookahead_ = 1;
  std::size_t reserve_ = 0;
  std::size_t group_limit_ = 1;
  std::size_t main_quota_ = 0;
  std::size_t reserve_quota_ = 0;  // of each half

  std::vector<Candidate> kept_;
  std::size_t sorted_ = 0;  // so many at the beginning of kept_ are in order
  std::string names_;
  std::uint32_t rounds_ = 0;  // since clear()
  bool worn_ = false;         // alerts were let go after a round
  std::optional<Bound> oldest_bound_;
  std::optional<Bound> drop_in_bound_;
  std::optional<Bound> main_bound_;
  bool by_group_ = false;                                         // main_bound_ is for the groups of full_groups_ only
  std::unordered_map<std::uint32_t, std::uint64_t> full_groups_;  // to the rank of the last one kept within the limit
};

}  // namespace queue_cap
