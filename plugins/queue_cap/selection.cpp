// SPDX-License-Identifier: Apache-2.0
#include "selection.hpp"

#include <algorithm>
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

template <class C>
bool before(const C& a, std::string_view a_name, const C& b, std::string_view b_name) {
  return a.rank != b.rank ? a.rank < b.rank : a_name < b_name;
}
template <class C>
bool older(const C& a, std::string_view a_name, const C& b, std::string_view b_name) {
  return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a_name < b_name;
}
template <class C>
bool by_name(const C& /*a*/, std::string_view a_name, const C& /*b*/, std::string_view b_name) {
  return a_name < b_name;
}

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

bool Selection::within(const std::optional<Bound>& bound, const Candidate& c, std::string_view name,
                       Order order) const {
  return !bound || order(c, name, bound->candidate, bound->name);
}

bool Selection::wanted(const Candidate& c, std::string_view name) const {
  if (reserve_quota_ != 0) {
    if (c.drop_in && within(drop_in_bound_, c, name, by_name<Candidate>)) return true;
    if (!c.drop_in && within(oldest_bound_, c, name, older<Candidate>)) return true;
  }
  if (within(main_bound_, c, name, before<Candidate>)) return true;
  if (!by_group_) return false;
  const auto full = full_groups_.find(c.group);
  return full == full_groups_.end() || c.rank <= full->second;
}

// Keeps what `lookahead_` rounds can need of all that was added so far. A later call on what is left and what came in
// since gives the same as one call on everything: whoever goes has enough better ones before him that stay.
void Selection::shrink() {
  worn_ = rounds_ != 0;
  std::vector<bool> keep(kept_.size());
  keep_reserve(keep, false, older<Candidate>, oldest_bound_);
  keep_reserve(keep, true, by_name<Candidate>, drop_in_bound_);
  keep_main(keep);
  keep.flip();
  remove(keep);
  sorted_ = 0;
  repack_names();
}

// Leaves the first `quota` in `indices`, in no order; the last of them is the bound when others had to go.
std::optional<Selection::Bound> Selection::cut(Indices& indices, std::size_t quota, Order order) const {
  if (indices.size() <= quota) return std::nullopt;
  if (quota == 0) return indices.clear(), std::nullopt;
  const auto less = [&](std::uint32_t a, std::uint32_t b) {
    return order(kept_[a], name_of(kept_[a]), kept_[b], name_of(kept_[b]));
  };
  const auto last = indices.begin() + static_cast<std::ptrdiff_t>(quota - 1);
  std::nth_element(indices.begin(), last, indices.end(), less);
  const auto& c = kept_[*last];
  indices.resize(quota);
  return Bound{c, std::string(name_of(c))};
}

void Selection::keep_reserve(std::vector<bool>& keep, bool drop_ins, Order order, std::optional<Bound>& bound) const {
  Indices indices;
  for (std::uint32_t i = 0; i < kept_.size(); ++i)
    if (kept_[i].drop_in == drop_ins) indices.push_back(i);
  if (auto last = cut(indices, reserve_quota_, order)) bound = std::move(last);
  for (const auto i : indices) keep[i] = true;
}

void Selection::keep_main(std::vector<bool>& keep) {
  Indices first;
  Indices rest;
  split_by_group(keep, first, rest);
  by_group_ = first.size() < main_quota_;
  if (by_group_) {
    main_bound_ = cut(rest, main_quota_ - first.size(), before<Candidate>);
  } else {
    rest.clear();
    main_bound_ = cut(first, main_quota_, before<Candidate>);
  }
  for (const auto i : first) keep[i] = true;
  for (const auto i : rest) keep[i] = true;
}

// first: of each group the best, as many as `lookahead_` rounds can take. rest: the others.
void Selection::split_by_group(const std::vector<bool>& keep, Indices& first, Indices& rest) {
  const std::size_t limit = group_limit_ * lookahead_;
  std::unordered_map<std::uint32_t, std::size_t> sizes;
  sizes.reserve(kept_.size());
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (!keep[i]) ++sizes[kept_[i].group];
  std::unordered_map<std::uint32_t, Indices> large;
  for (std::uint32_t i = 0; i < kept_.size(); ++i) {
    if (keep[i]) continue;
    const auto group = kept_[i].group;
    (sizes[group] > limit ? large[group] : first).push_back(i);
  }
  full_groups_.clear();
  for (auto& [group, indices] : large) {
    Indices best = indices;
    const auto last = cut(best, limit, before<Candidate>);
    full_groups_[group] = last->candidate.rank;
    first.insert(first.end(), best.begin(), best.end());
    for (const auto i : indices) {
      const auto& c = kept_[i];
      if (before(last->candidate, last->name, c, name_of(c))) rest.push_back(i);
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
  const auto less = [&](const Candidate& a, const Candidate& b) { return before(a, name_of(a), b, name_of(b)); };
  const auto middle = kept_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  std::sort(middle, kept_.end(), less);
  std::inplace_merge(kept_.begin(), middle, kept_.end(), less);
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
  Indices dated;
  Indices drop_ins;  // by name already: they all have one rank
  for (std::uint32_t i = 0; i < kept_.size(); ++i) (kept_[i].drop_in ? drop_ins : dated).push_back(i);
  const auto reserve = std::min(reserve_, room);
  const auto for_drop_ins = std::min(drop_ins.size(), reserve - std::min(dated.size(), reserve - reserve / 2));
  const auto for_dated = std::min(dated.size(), reserve - for_drop_ins);
  drop_ins.resize(for_drop_ins);
  cut(dated, for_dated, older<Candidate>);
  for (const auto i : drop_ins) chosen[i] = true;
  for (const auto i : dated) chosen[i] = true;
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
