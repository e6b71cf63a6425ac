// SPDX-License-Identifier: Apache-2.0
//
// run.hpp - one run's reading: every partition from its place to the end that it had when the run began.
//
// What was handed over moves the places; checkpoint() hands them over. A gap is told, counted and reported when it is
// found, never jumped. Throws what Client throws; the places stay true to what was handed over. [stage-thread]
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "client.hpp"
#include "content.hpp"
#include "plan.hpp"
#include "position.hpp"
#include "settings.hpp"

namespace source_kafka {

class Run {
 public:
  // `last` is where the run before ended, nothing for the very first. `settings` and `stop` must outlive it.
  Run(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, std::optional<Position> last);

  // Learns what the brokers hold and plans. Hands over the places of what is read for the first time.
  void begin(const sf::Emitter& out);
  // Hands over at most `max` records, and waits a moment where there are none. False: the run has read everything.
  bool step(const sf::Emitter& out, std::uint32_t max);
  // The run failed: the stretch of time that it was to cover is reported as not covered.
  void report_incomplete(const sf::Emitter& out) const noexcept;

 private:
  using Key = std::pair<std::string, std::int32_t>;  // topic and partition
  struct Reading {
    std::int64_t high = 0;                      // where it ends
    bool verify = false;                        // the record before the place is to be compared with last_ms
    std::optional<std::int64_t> gap_from_ms{};  // a gap, whose end is the time of the first record after it
    bool done = false;
    unsigned restarts = 0;
  };
  enum class Taken : std::uint8_t { nothing, record, refused };

  void learn(const std::string& topic, std::size_t& count);
  void learn_partition(const Key& key, bool topic_was_read, bool other_log);
  std::int64_t first_offset(const Key& key, Marks marks);
  void adopt(const Key& key, const Plan& plan, const Known& known, Marks marks);
  void forget_cluster();
  void tell_gap(const std::string& sentence);
  void open_more(const sf::Emitter& out);
  void finish(const Key& key, const sf::Emitter& out);
  void end_run(const sf::Emitter& out);
  void checkpoint(const sf::Emitter& out);
  Taken take(const sf::Emitter& out);
  void take_event(const Key& key, const sf::Emitter& out);
  void begin_anew(const Key& key, bool other_log);
  bool verified(const Key& key, const sf::Emitter& out);
  bool hand_over(const Key& key, const sf::Emitter& out);
  void close_gap(Reading& reading, std::int64_t to_ms, const sf::Emitter& out);
  void report(const sf::Emitter& out, std::int64_t from_ms, std::int64_t to_ms, bool complete) const;
  Place& place(const Key& key) { return position_.topics[key.first][key.second]; }

  sf::Host host_;
  const Settings& settings_;
  std::optional<Position> last_;
  Position position_;
  std::string filter_;
  Client client_;
  std::map<Key, Reading> readings_;
  std::deque<Key> waiting_;  // not opened yet
  std::set<Key> open_;
  Message pending_;  // was taken from the client and not handed over yet
  std::int64_t begin_ms_ = 0;
  std::int64_t earliest_ms_ = -1;  // of the records read
  std::int64_t progress_ms_ = 0;   // monotonic: when something came last
  std::uint32_t pages_ = 0;
  std::uint64_t fetched_ = 0;
  std::uint64_t holes_ = 0;
  unsigned gaps_ = 0;
  unsigned gaps_open_ = 0;  // not reported yet: no place is handed over that would make them forgotten
  bool changed_ = false;    // since the last checkpoint
  bool ended_ = false;
};

}  // namespace source_kafka
