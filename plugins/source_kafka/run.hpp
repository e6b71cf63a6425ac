// SPDX-License-Identifier: Apache-2.0
//
// run.hpp - one run's reading: every partition from its place to the end that it had when the run began.
//
// What was handed over moves the places; checkpoint() hands them over. A gap is told, counted and reported when it is
// found, never jumped. What one partition or topic meets is set aside, its place as it was, until the others are read;
// then the run fails with the first of these errors. Throws what Client throws; the places stay true to what was handed
// over. [stage-thread]
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
  // The run failed: hands over the places that it came to; the stretch of time that it was to cover is not covered.
  void leave(const sf::Emitter& out) noexcept;

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

  std::map<std::string, Leaders> find_partitions();
  void learn(const std::string& topic, const Leaders& leaders, const sf::Emitter& out);
  void learn_partition(const Key& key, std::int32_t leader, bool topic_was_read, const sf::Emitter& out);
  bool plan_partition(const Key& key, bool topic_was_read);
  std::optional<std::int64_t> first_offset(const Key& key, Marks marks, std::int64_t from_ms);
  void adopt(const Key& key, const Plan& plan, const Known& known, Marks marks);
  void learn_cluster();
  void forget_unused();
  bool look_again(const sf::Emitter& out);
  void fail(const sf::Error& error);
  void set_aside(const Key& key, const sf::Error& error, const sf::Emitter& out);
  void set_aside_silent(const sf::Emitter& out);
  void tell_gap(const std::string& sentence);
  void open_more(const sf::Emitter& out);
  void finish(const Key& key, const sf::Emitter& out);
  void end_run(const sf::Emitter& out);
  void checkpoint(const sf::Emitter& out);
  Taken take_next(const sf::Emitter& out);
  Taken take(const sf::Emitter& out);
  void take_event(const Key& key, const sf::Emitter& out);
  void begin_anew(const Key& key, bool other_log, const sf::Emitter& out);
  bool verified(const Key& key, const sf::Emitter& out);
  bool hand_over(const Key& key, const sf::Emitter& out);
  void close_gap(Reading& reading, std::int64_t to_ms, const sf::Emitter& out);
  void report(const sf::Emitter& out, std::int64_t from_ms, std::int64_t to_ms, bool complete) const;
  void progressed();
  Place& place(const Key& key) { return position_.topics[key.first][key.second]; }

  sf::Host host_;
  const Settings& settings_;
  Position position_;
  std::string filter_;
  Client client_;
  std::map<Key, Reading> readings_;
  std::deque<Key> waiting_;  // not opened yet
  std::set<Key> open_;
  std::map<Key, bool> late_;         // no broker answered for it yet; whether its topic was read by an earlier run
  std::set<std::int32_t> silent_;    // brokers that did not answer in this round; -1: partitions without a leader
  std::optional<sf::Error> failed_;  // the first that was set aside
  unsigned set_aside_ = 0;
  Message pending_;  // was taken from the client and not handed over yet
  std::int64_t begin_ms_ = 0;
  std::int64_t earliest_ms_ = -1;   // of the records read
  std::int64_t progress_ms_ = 0;    // monotonic: when something came last
  std::int64_t late_until_ms_ = 0;  // monotonic: what has no answer by then is set aside
  std::uint32_t pages_ = 0;
  std::uint64_t fetched_ = 0;
  std::uint64_t holes_ = 0;
  unsigned gaps_ = 0;
  unsigned gaps_open_ = 0;  // not reported yet: no place is handed over that would make them forgotten
  bool changed_ = false;    // since the last checkpoint
  bool begun_ = false;
  bool stalled_ = false;  // everything that was open was set aside, and nothing came since
  bool ended_ = false;
};

}  // namespace source_kafka
