// SPDX-License-Identifier: Apache-2.0
//
// canary.hpp - whether the alerts that are raised on purpose come out: in time, with the verdict that they must get,
// and, where they are numbered, each of them. Bounded. Thread: one at a time.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "track.hpp"

namespace coverage {

// One that came out, as the batch showed it.
struct CameOut {
  std::int64_t time_ms = 0;  // the alert's own
  std::string disposition;
  std::string key;
  std::optional<std::uint64_t> number;  // of a source_canary's
};

class Canary {
 public:
  static constexpr std::size_t kMissingMax = 64;

  Canary() = default;
  explicit Canary(std::int64_t since_ms) : track_(since_ms) {}
  void came_out(const CameOut& one, const CanarySpec& spec, std::int64_t now_ms);
  void no_later_than(std::int64_t now_ms);
  // What is wrong, as the end of a sentence that begins with the canary's name; "" for nothing. Forgets numbers that
  // are missing for longer than a day: the run in which they were missed said so.
  std::string wrong(std::int64_t now_ms, const CanarySpec& spec);
  bool waiting(std::int64_t now_ms, const CanarySpec& spec) const;
  const Track& track() const { return track_; }
  std::uint64_t total() const { return total_; }

  nlohmann::json json() const;
  // Throws std::exception for what json() never gave.
  static Canary read(const nlohmann::json& json);

 private:
  void number(std::uint64_t number, std::int64_t now_ms);
  // With one due in each run: none came out in this one, and the last is older than `within`. Else: older than both.
  bool overdue(std::int64_t now_ms, const CanarySpec& spec) const;

  Track track_;
  bool out_now_ = false;           // one came out in this run
  std::uint64_t total_ = 0;        // that came out
  std::string wrong_disposition_;  // of the newest, "" where it was right
  std::string wrong_key_;
  std::uint64_t newest_ = 0;                       // number
  std::map<std::uint64_t, std::int64_t> missing_;  // number to when it was missed
};

}  // namespace coverage
