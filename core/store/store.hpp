// SPDX-License-Identifier: Apache-2.0
//
// store.hpp - the books: ledger, alerts, cursors, intervals, runs, outbox, all in state.db.
//
// The ledger is append-only and hash-chained (docs/formats/ledger.md); the other tables say what it says in a form that
// is quick to ask, and change in the same transaction. Behind this interface a server can take SQLite's place.
// Thread: one at a time; the runner's coordinator owns it.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace signalfoundry::store {

// The end of a sentence about a ledger that is gone or damaged.
constexpr const char* kHowToGetItBack =
    "Restore state.db from a backup, or rebuild it with `signalfoundry ledger rebuild PIPELINE.toml` "
    "(docs/operations/recovery.md); it is never recreated silently.";

// A ledger that is whole, but that this version cannot read.
class OtherVersion : public Error {
 public:
  using Error::Error;
};

enum class AlertState : std::uint8_t { waiting = 0, triaged = 1, quarantined = 2 };
enum class Disposition : std::uint8_t { none = 0, benign = 1, known_fp = 2, review = 3, escalated = 4 };
std::string_view disposition_name(Disposition disposition);  // "known_fp"
std::optional<Disposition> disposition_of(std::string_view name);

// What the store knows of one alert. paths under processed/ and cases/ follow from key and time.
struct AlertRow {
  std::string key;
  AlertState state = AlertState::waiting;
  Disposition disposition = Disposition::none;
  std::int64_t accepted_seq = 0;
  std::int64_t decided_seq = 0;  // of the verdict or quarantine entry; 0: waiting
  std::int64_t time_ms = 0;      // the alert's time
  bool pack = false;
  bool no_case = false;  // decided while no stage built cases
};

// Counted once, over the lifetime; the order is that of the heartbeat.
enum class Count : std::uint8_t {
  fetched,
  accepted,
  duplicate,
  triaged,
  benign,
  known_fp,
  review,
  escalated,
  quarantined,
  vanished,
  packs,
  notified,
  size
};
std::string_view count_name(Count count);
Count count_of(Disposition disposition);  // of a verdict
struct Counts {
  std::array<std::uint64_t, static_cast<std::size_t>(Count::size)> values{};
  std::uint64_t& operator[](Count c) { return values[static_cast<std::size_t>(c)]; }
  std::uint64_t operator[](Count c) const { return values[static_cast<std::size_t>(c)]; }
  Counts& operator+=(const Counts& other);
  Counts operator-(const Counts& other) const;  // of an earlier moment
};

// The end of the chain.
struct Head {
  std::int64_t entries = 0;
  std::string hash = std::string(64, '0');
};

// One question to the SIEM. [from, to), Unix ms.
struct Interval {
  std::string stage;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::string filter;
  std::uint64_t pages = 0;
  std::uint64_t fetched = 0;
  bool complete = false;
};

struct RunRow {
  std::string run_id;
  std::string status;
  std::string report;  // JSON
};

// Is `line` (an exported entry) well formed, and does its hash fit? Gives seq, prev and hash; nothing: no.
struct Link {
  std::int64_t seq;
  std::string prev;
  std::string hash;
};
std::optional<Link> check_entry(std::string_view line);

class Store {
 public:
  // Opens state.db in a directory given by its path. With `create` it is made when missing; else a missing file throws
  // Error(io), as does a damaged one: both say how to rebuild it.
  // `damaged`: a last entry that does not hold is let through, for who is about to check the chain.
  static std::unique_ptr<Store> open(const std::string& state_path, bool create, bool damaged = false);
  virtual ~Store() = default;

  // The fencing token (docs/adr/0006-lease.md): how often the lock of this state was taken to run. take_epoch() makes
  // it one more in a transaction of its own, reads head() and totals() anew in it, and gives it; an earlier guard ends.
  // After guard(), begin() and commit() throw Error(locked), and the transaction is over with nothing written, when
  // another process has taken an epoch after `epoch`; what `held` throws ends it, too.
  virtual std::int64_t take_epoch() = 0;
  virtual void guard(std::int64_t epoch, std::function<void()> held) = 0;

  virtual void begin() = 0;     // nobody else writes until commit() or rollback()
  virtual void commit() = 0;    // durable when it returns (synchronous=FULL)
  virtual void rollback() = 0;  // also restores head(), totals()

  // Appends an entry and gives its seq. `key` may be "". `fields`: further JSON members, `"a":1,"b":"x"`, or "".
  virtual std::int64_t append(std::string_view kind, std::string_view run_id, std::string_view key,
                              std::string_view fields) = 0;
  virtual Head head() const = 0;  // includes what is appended in the open transaction
  virtual std::optional<std::string> entry(std::int64_t seq) = 0;
  // Every entry from `from_seq`, in order, as exported; false stops.
  virtual void each_entry(std::int64_t from_seq,
                          const std::function<bool(std::int64_t seq, const std::string& line)>& visit) = 0;
  // The same from the end.
  virtual void each_entry_backwards(const std::function<bool(std::int64_t seq, const std::string& line)>& visit) = 0;
  // Entries about one alert beyond those that its row names (decisions, packs, repairs), in order.
  virtual std::vector<std::string> entries_of(std::string_view key) = 0;

  virtual std::optional<AlertRow> find(std::string_view key) = 0;
  virtual void put(const AlertRow& row) = 0;  // insert or replace
  virtual void each_alert(const std::function<bool(const AlertRow&)>& visit) = 0;
  virtual void each_waiting(const std::function<void(const std::string& key)>& visit) = 0;  // by key
  // Failed attempts on a queue file, one more; gives the new number.
  virtual int add_attempt(std::string_view name) = 0;
  virtual void clear_attempts(std::string_view name) = 0;
  virtual std::map<std::string, int> attempted() = 0;  // by file name
  virtual std::uint64_t waiting() = 0;                 // rows in that state

  virtual void add(const Counts& counts) = 0;
  virtual Counts totals() const = 0;

  virtual std::string cursor(std::string_view stage) = 0;
  virtual void set_cursor(std::string_view stage, std::string_view position) = 0;
  // Complete ones that touch are joined; of an incomplete one stays what no later complete one answers.
  virtual void add_interval(const Interval& interval) = 0;
  virtual std::vector<Interval> intervals(std::string_view stage) = 0;  // by time
  virtual std::vector<Interval> all_intervals() = 0;                    // by stage, filter and time

  virtual void each_state(std::string_view stage,
                          const std::function<void(const std::string& key, std::string value)>& visit) = 0;
  virtual void set_state(std::string_view stage, std::string_view key, std::string_view value) = 0;

  // Mappings and inputs are stored once, by digest.
  virtual void put_blob(std::string_view digest, std::string_view text) = 0;
  virtual std::optional<std::string> blob(std::string_view digest) = 0;

  virtual void put_run(const RunRow& run) = 0;             // keeps the last 1,000
  virtual std::vector<RunRow> runs(std::size_t last) = 0;  // newest first

  virtual void add_outbox(std::string_view delivery_id, std::string_view payload) = 0;
  virtual std::uint64_t outbox_size() = 0;
  virtual void each_outbox_id(const std::function<void(std::string)>& visit) = 0;
  // Every message that was not delivered, by delivery id, and how often that was tried.
  virtual void each_outbox(const std::function<void(const std::string& delivery_id, const std::string& payload,
                                                    std::uint32_t attempts)>& visit) = 0;
  virtual void count_attempt(std::string_view delivery_id) = 0;
  virtual void drop_outbox(std::string_view delivery_id) = 0;

  // Reads the whole file; what is damaged in it, in SQLite's words, or "". Throws Error as any other call.
  virtual std::string damage() = 0;
};

}  // namespace signalfoundry::store
