// SPDX-License-Identifier: Apache-2.0
//
// known_hosts.hpp - hosts that were heard of without a bound of their own, and the rhythm that each of them keeps.
//
// Of each: the newest alert, and an estimate of the median gap that needs one number. A gap above the estimate moves it
// up by a tenth, one below moves it down by as much, so that it comes to rest where half of the gaps are longer; one
// outage of any length moves it by a tenth (after Ma, Muthukrishnan and Sandler, "Frugal Streaming for Estimating
// Quantiles", 2013). Memory is bounded: when it is full, hosts that keep no rhythm yet make room for new ones, and
// when there are none of these, new ones are only counted. A flood of invented names never drives out a host that was
// heard of often. Thread: one at a time.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

namespace coverage {

struct KnownHost {
  std::int64_t last_ms = 0;
  std::int64_t median_ms = 0;  // of the gaps between minutes in which it was heard of
  std::uint32_t gaps = 0;
};

class KnownHosts {
 public:
  static constexpr std::uint32_t kGapsMin = 8;         // fewer say nothing about a rhythm
  static constexpr std::int64_t kLeastGapMs = 60'000;  // alerts of one burst are no rhythm
  static constexpr std::int64_t kForgetMs = 30LL * 86'400'000;

  explicit KnownHosts(std::size_t max = 0) : max_(max) {}
  // An alert of that host and time. Within one run in the order of time, or gaps come out too long.
  void hear(const std::string& name, std::int64_t time_ms);
  void no_later_than(std::int64_t now_ms);
  // Forgets who was not heard of for thirty days.
  void forget(std::int64_t now_ms);
  const std::unordered_map<std::string, KnownHost>& all() const { return hosts_; }
  const KnownHost* find(const std::string& name) const;
  // Hosts that found no room, since this was made; the same host may be counted again.
  std::uint64_t left_out() const { return left_out_; }

  // Silent for longer than `factor` median gaps and `floor_ms`; nothing is said of a host without a rhythm.
  static bool quiet(const KnownHost& host, std::int64_t now_ms, std::int64_t factor, std::int64_t floor_ms);

  nlohmann::json json() const;
  // Takes what json() gave, up to its own bound. Throws std::exception for anything else.
  void read(const nlohmann::json& json);

 private:
  bool make_room();

  std::size_t max_;
  std::unordered_map<std::string, KnownHost> hosts_;
  std::uint64_t left_out_ = 0;
};

}  // namespace coverage
