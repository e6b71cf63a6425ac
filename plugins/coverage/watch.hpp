// SPDX-License-Identifier: Apache-2.0
//
// watch.hpp - what was heard of, of whom and when; all workers of a run share one, and it is kept between runs.
//
// What is judged is the age of the newest alert by its own time, against the clock on the wall; an alert of the future
// counts as one of now. So a run without alerts ages everything, and no window of a query bounds what is found. An
// alert whose time cannot be read renews nothing and is counted: taken for one of now, a feed that is stale or replayed
// would look alive. Thread: one at a time; the stage locks.
#pragma once
#include <map>
#include <set>

#include "canary.hpp"
#include "known_hosts.hpp"
#include "samples.hpp"

namespace coverage {

// What a batch showed of one alert.
struct Seen {
  std::optional<std::int64_t> time_ms;  // nothing: it has none that can be read, and says nothing of when
  std::optional<std::int64_t> received_ms;
  std::string host_id, host_name;     // each may be ""
  bool synthetic = false;             // of a source_canary: no SIEM, no host
  std::vector<std::size_t> signals;   // indices of Settings::signals
  std::vector<std::size_t> canaries;  // and of Settings::canaries
  CameOut out;                        // where it is a canary
};

// What `status`, heartbeat and metrics show.
struct Judgement {
  nlohmann::ordered_json part;
  std::vector<std::string> findings;
  std::vector<std::string> warnings;  // for the log
  std::vector<std::pair<std::string, double>> gauges;
};

class Watch {
 public:
  explicit Watch(Settings settings) : settings_(std::move(settings)) {}
  const Settings& settings() const { return settings_; }

  // What was kept between runs, and the clock now. "": nothing was kept. What cannot be read is left out, and the
  // judgement says so: silence then counts from now.
  void load(const std::string& state, std::int64_t now_ms);
  std::string state() const;

  void take(std::vector<Seen> alerts, std::int64_t now_ms);
  Judgement judge(std::int64_t now_ms);

 private:
  friend class Report;  // report.cpp
  void settle_clock(std::int64_t now_ms);
  void start(std::int64_t now_ms);
  void count_from(std::int64_t now_ms);
  void read(const nlohmann::json& json, std::int64_t now_ms);
  void take_one(const Seen& alert, std::int64_t alert_ms, std::int64_t now_ms);
  void take_host(const Seen& alert, std::size_t host, std::int64_t time_ms);

  Settings settings_;
  std::int64_t since_ms_ = 0;
  std::int64_t clock_ms_ = 0;  // the latest that the clock said
  std::optional<std::int64_t> newest_ms_;
  std::vector<Track> hosts_;                            // by index of Settings::hosts
  std::vector<Track> signals_;                          // of Settings::signals; unused where it is per host
  std::map<std::size_t, std::vector<Track>> per_host_;  // signal to tracks by host
  std::vector<Canary> canaries_;
  KnownHosts known_;

  // Of this run.
  Samples ages_, lags_;
  std::uint64_t canaries_out_ = 0, ahead_ = 0, conflicts_ = 0, without_time_ = 0;
  std::int64_t most_ahead_ms_ = 0, set_back_ms_ = 0;
  std::set<std::string> conflict_names_;
  std::string damage_;
};

}  // namespace coverage
