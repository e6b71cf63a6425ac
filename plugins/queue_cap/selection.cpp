// SPDX-License-Identifier: Apache-2.0
#include "selection.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace queue_cap {

namespace {

constexpr std::uint32_t kLookaheadRounds = 32;
constexpr std::uint32_t kLookaheadAlerts = 131'072;
constexpr std::uint32_t kDropInSeverity = 7;
constexpr std::uint32_t kSeverityMax = 15;
constexpr std::int64_t kTimeMax = std::int64_t{1} << 48U;  // milliseconds; the year 10889
constexpr std::size_t kRepackAt = std::size_t{1} << 20U;

std::uint64_t rank_of(const Waiting& waiting) {
  const bool drop_in = waiting.severity == kUnknownSeverity;
  const auto severity = drop_in ? kDropInSeverity : std::min(waiting.severity, kSeverityMax);
  const auto age = drop_in ? kTimeMax : std::clamp(waiting.time_ms, std::int64_t{0}, kTimeMax - 1);
  return std::uint64_t{kSeverityMax - severity} << 56U | static_cast<std::uint64_t>(age);
}

std::size_t percent_of(std::uint32_t cap, std::uint32_t percent) {
  return std::size_t{cap} * percent / 100;
}

// Drop-ins have a rank of their own, so that names are compared with names of the same kind only.
template <class C>
bool before(const C& a, std::string_view a_name, const C& b, std::string_view b_name) {
  return a.rank != b.rank ? a.rank < b.rank : a_name < b_name;
}
template <class C>
bool older(const C& a, std::string_view a_name, const C& b, std::string_view b_name) {
  return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a_name < b_name;
}

// Up to eight bytes as a number that orders as they do.
std::uint64_t number_of(std::string_view text) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8U | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  return out;
}

// How many of each group: a table without a node per group, for hundreds of thousands of groups at once.
class GroupSizes {
 public:
  explicit GroupSizes(std::size_t groups_max) : slots_(std::bit_ceil(2 * groups_max + 2)) {}
  std::uint32_t& operator[](std::uint32_t group) {
    for (auto at = std::size_t{group} * 0x9e3779b1U;; ++at) {
      auto& slot = slots_[at & (slots_.size() - 1)];
      if (slot.size == 0) slot.group = group;
      if (slot.group == group) return slot.size;
    }
  }

 private:
  struct Slot {
    std::uint32_t group = 0;
    std::uint32_t size = 0;  // 0: free; so a group that was asked for must be counted
  };
  std::vector<Slot> slots_;
};

}  // namespace

Selection::Selection(Limits limits) : limits_(limits) {
  const std::uint64_t bound = std::max<std::uint64_t>(
      std::min<std::uint64_t>(std::uint64_t{kLookaheadRounds} * limits.cap, kLookaheadAlerts), limits.cap);
  lookahead_ = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, bound / limits.cap));
  const std::size_t least = limits.reserve_percent == 0 || limits.cap < 2 ? 0 : limits.cap < 4 ? 1 : 2;
  reserve_ = std::max(percent_of(limits.cap, limits.reserve_percent), least);
  group_limit_ = std::max<std::size_t>(1, percent_of(limits.cap, limits.share_percent));
  main_quota_ = std::size_t{limits.cap} * lookahead_;
  reserve_quota_ = reserve_ * lookahead_;
}

void Selection::clear() {
  kept_.clear();
  names_.clear();
  sorted_ = 0;
  rounds_ = 0;
  worn_ = false;
  oldest_bound_.reset();
  drop_in_bound_.reset();
  main_bound_.reset();
  by_group_ = false;
  full_groups_.clear();
}

void Selection::add(const Waiting& waiting) {
  Candidate c;
  c.rank = rank_of(waiting);
  c.time_ms = waiting.time_ms;
  c.name_at = names_.size();
  c.group = waiting.group;
  c.name_size =
      static_cast<std::uint16_t>(std::min<std::size_t>(waiting.name.size(), std::numeric_limits<std::uint16_t>::max()));
  c.drop_in = waiting.severity == kUnknownSeverity;
  if (main_bound_ && !wanted(c, waiting.name)) return;
  names_.append(waiting.name.substr(0, c.name_size));
  kept_.push_back(c);
  if (kept_.size() >= 2 * (main_quota_ + 2 * reserve_quota_)) shrink();
}

bool Selection::wanted(const Candidate& c, std::string_view name) const {
  if (reserve_quota_ != 0) {
    const auto& bound = c.drop_in ? drop_in_bound_ : oldest_bound_;
    if (!bound || (c.drop_in ? name < bound->name : older(c, name, bound->candidate, bound->name))) return true;
  }
  if (before(c, name, main_bound_->candidate, main_bound_->name)) return true;
  if (!by_group_) return false;
  const auto full = full_groups_.find(c.group);
  return full == full_groups_.end() || c.rank <= full->second;
}

bool Selection::less(const Key& a, const Key& b) const {
  if (a.major != b.major) return a.major < b.major;
  if (a.text != b.text) return a.text < b.text;
  return name_of(kept_[a.index]) < name_of(kept_[b.index]);
}

// What the names of all drop-ins begin with.
std::size_t Selection::common_prefix() const {
  std::optional<std::string_view> common;
  for (const auto& c : kept_) {
    if (!c.drop_in) continue;
    const auto name = name_of(c);
    if (!common) common = name;
    const auto differ = std::mismatch(common->begin(), common->end(), name.begin(), name.end());
    common = common->substr(0, static_cast<std::size_t>(differ.first - common->begin()));
  }
  return common ? common->size() : 0;
}

Selection::Key Selection::key_of(Order order, std::uint32_t index, std::size_t prefix) const {
  const auto& c = kept_[index];
  Key key{0, 0, index};
  if (order == Order::rank) key.major = c.rank;
  if (order == Order::age) key.major = static_cast<std::uint64_t>(c.time_ms) ^ std::uint64_t{1} << 63U;
  if (c.drop_in) key.text = number_of(name_of(c).substr(prefix, 8));
  return key;
}

// Keeps what `lookahead_` rounds can need of all that was added so far. A later call on what is left and what came in
// since gives the same as one call on everything: whoever goes has enough better ones before him that stay.
void Selection::shrink() {
  worn_ = rounds_ != 0;
  const auto prefix = common_prefix();
  std::vector<bool> keep(kept_.size());
  keep_reserve(keep, false, prefix, oldest_bound_);
  keep_reserve(keep, true, prefix, drop_in_bound_);
  keep_main(keep, prefix);
  keep.flip();
  remove(keep);
  sorted_ = 0;
  repack_names();
}

// Leaves the first `quota` in `keys`, in no order; the last of them is the bound when others had to go.
std::optional<Selection::Bound> Selection::cut(Keys& keys, std::size_t quota) const {
  if (keys.size() <= quota) return std::nullopt;
  if (quota == 0) return keys.clear(), std::nullopt;
  const auto last = keys.begin() + static_cast<std::ptrdiff_t>(quota - 1);
  std::nth_element(keys.begin(), last, keys.end(), [this](const Key& a, const Key& b) { return less(a, b); });
  const auto& c = kept_[last->index];
  keys.resize(quota);
  return Bound{c, std::string(name_of(c))};
}

void Selection::keep_reserve(std::vector<bool>& keep, bool drop_ins, std::size_t prefix,
                             std::optional<Bound>& bound) const {
  Keys keys;
  for (std::uint32_t i = 0; i < kept_.size(); ++i)
    if (kept_[i].drop_in == drop_ins) keys.push_back(key_of(drop_ins ? Order::name : Order::age, i, prefix));
  if (auto last = cut(keys, reserve_quota_)) bound = std::move(last);
  for (const auto& key : keys) keep[key.index] = true;
}

void Selection::keep_main(std::vector<bool>& keep, std::size_t prefix) {
  Keys first;
  Keys rest;
  split_by_group(keep, prefix, first, rest);
  by_group_ = first.size() < main_quota_;
  if (by_group_) {
    main_bound_ = cut(rest, main_quota_ - first.size());
  } else {
    rest.clear();
    main_bound_ = cut(first, main_quota_);
  }
  for (const auto& key : first) keep[key.index] = true;
  for (const auto& key : rest) keep[key.index] = true;
}

// first: of each group the best, as many as `lookahead_` rounds can take. rest: the others.
void Selection::split_by_group(const std::vector<bool>& keep, std::size_t prefix, Keys& first, Keys& rest) {
  const std::size_t limit = group_limit_ * lookahead_;
  GroupSizes sizes(kept_.size());
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (!keep[i]) ++sizes[kept_[i].group];
  std::unordered_map<std::uint32_t, Keys> large;
  for (std::uint32_t i = 0; i < kept_.size(); ++i) {
    if (keep[i]) continue;
    const auto group = kept_[i].group;
    (sizes[group] > limit ? large[group] : first).push_back(key_of(Order::rank, i, prefix));
  }
  full_groups_.clear();
  for (auto& [group, keys] : large) {
    Keys best = keys;
    const auto last = cut(best, limit);
    full_groups_[group] = last->candidate.rank;
    first.insert(first.end(), best.begin(), best.end());
    for (const auto& key : keys) {
      const auto& c = kept_[key.index];
      if (before(last->candidate, last->name, c, name_of(c))) rest.push_back(key);
    }
  }
}

void Selection::remove(const std::vector<bool>& gone) {
  std::size_t to = 0;
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (!gone[i]) kept_[to++] = kept_[i];
  kept_.resize(to);
}

void Selection::repack_names() {
  std::string packed;
  std::size_t size = 0;
  for (const auto& c : kept_) size += c.name_size;
  packed.reserve(2 * size);
  for (auto& c : kept_) {
    const auto at = packed.size();
    packed.append(name_of(c));
    c.name_at = at;
  }
  names_ = std::move(packed);
}

void Selection::sort() {
  if (sorted_ == kept_.size()) return;
  const auto prefix = common_prefix();
  Keys keys;
  for (auto i = sorted_; i < kept_.size(); ++i)
    keys.push_back(key_of(Order::rank, static_cast<std::uint32_t>(i), prefix));
  std::sort(keys.begin(), keys.end(), [this](const Key& a, const Key& b) { return less(a, b); });
  std::vector<Candidate> tail;
  tail.reserve(keys.size());
  for (const auto& key : keys) tail.push_back(kept_[key.index]);
  const auto middle = std::copy_backward(tail.begin(), tail.end(), kept_.end());
  std::inplace_merge(kept_.begin(), middle, kept_.end(),
                     [&](const Candidate& a, const Candidate& b) { return before(a, name_of(a), b, name_of(b)); });
  sorted_ = kept_.size();
}

std::vector<std::string> Selection::take() {
  sort();
  ++rounds_;
  std::size_t room = std::min<std::size_t>(limits_.cap, kept_.size());
  std::vector<bool> chosen(kept_.size());
  choose_reserve(chosen, room);
  choose_in_order(chosen, room, group_limit_);
  choose_in_order(chosen, room, kept_.size());
  std::vector<std::string> out;
  out.reserve(std::min<std::size_t>(limits_.cap, kept_.size()));
  std::size_t used = 0;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (chosen[i])
      out.emplace_back(name_of(kept_[i]));
    else
      used += kept_[i].name_size;
  }
  remove(chosen);
  sorted_ = kept_.size();
  if (names_.size() > std::max(kRepackAt, 4 * used)) repack_names();
  return out;
}

void Selection::choose_reserve(std::vector<bool>& chosen, std::size_t& room) const {
  Keys dated;
  std::vector<std::size_t> drop_ins;  // by name already: they all have one rank
  for (std::uint32_t i = 0; i < kept_.size(); ++i) {
    if (kept_[i].drop_in)
      drop_ins.push_back(i);
    else
      dated.push_back(key_of(Order::age, i, 0));
  }
  const auto reserve = std::min(reserve_, room);
  const auto for_drop_ins = std::min(drop_ins.size(), reserve - std::min(dated.size(), reserve - reserve / 2));
  const auto for_dated = std::min(dated.size(), reserve - for_drop_ins);
  cut(dated, for_dated);
  for (std::size_t i = 0; i < for_drop_ins; ++i) chosen[drop_ins[i]] = true;
  for (const auto& key : dated) chosen[key.index] = true;
  room -= for_drop_ins + for_dated;
}

void Selection::choose_in_order(std::vector<bool>& chosen, std::size_t& room, std::size_t group_limit) const {
  std::unordered_map<std::uint32_t, std::size_t> taken;
  for (std::size_t i = 0; i < kept_.size() && room != 0; ++i) {
    if (chosen[i]) continue;
    auto& count = taken[kept_[i].group];
    if (count >= group_limit) continue;
    ++count;
    chosen[i] = true;
    --room;
  }
}

}  // namespace queue_cap
