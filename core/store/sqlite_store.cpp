// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "fs/dir.hpp"
#include "store/ledger.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"

namespace signalfoundry::store {

namespace {

constexpr int kVersion = 1;
// The bits of alerts.pack.
constexpr std::int64_t kPack = 1;
constexpr std::int64_t kNoCase = 2;
constexpr const char* kSchema = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE ledger(seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE about(key BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(key, seq)) WITHOUT ROWID;
CREATE TABLE alerts(key BLOB PRIMARY KEY, state INTEGER NOT NULL, disposition INTEGER NOT NULL,
  accepted_seq INTEGER NOT NULL,
  decided_seq INTEGER NOT NULL, time_ms INTEGER NOT NULL, pack INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX alerts_waiting ON alerts(key) WHERE state = 0;
CREATE TABLE attempts(name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE totals(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE cursor(stage TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE intervals(id INTEGER PRIMARY KEY, stage TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
  filter TEXT NOT NULL, pages INTEGER NOT NULL, fetched INTEGER NOT NULL, complete INTEGER NOT NULL);
CREATE INDEX intervals_by_time ON intervals(stage, to_ms);
CREATE TABLE state(stage TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY(stage, key)) WITHOUT ROWID;
CREATE TABLE blobs(digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs(id INTEGER PRIMARY KEY, run_id TEXT UNIQUE NOT NULL, status TEXT NOT NULL, report TEXT NOT NULL);
CREATE TABLE outbox(delivery_id TEXT PRIMARY KEY, payload TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger
  WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
INSERT INTO meta VALUES('version', 1);
)";

// A key as its 16 bytes; text that is no key as it is.
struct KeyBytes {
  std::string bytes;
  explicit KeyBytes(std::string_view key) : bytes(16, '\0') {
    if (!from_hex(key, reinterpret_cast<std::uint8_t*>(bytes.data()), 16)) bytes = key;
  }
  operator Statement::Bytes() const { return {bytes.data(), bytes.size()}; }  // NOLINT(google-explicit-constructor)
};
std::string key_text(const std::string& bytes) {
  return bytes.size() == 16 ? to_hex(reinterpret_cast<const std::uint8_t*>(bytes.data()), 16) : bytes;
}

class SqliteStore : public Store {
 public:
  SqliteStore(const std::string& path, bool damaged) : db_(path, false) { load(damaged); }

  std::int64_t take_epoch() override {
    epoch_ = 0;
    begin();
    try {
      load_books(false);  // what another run committed since this one opened them
      Statement(db_, "INSERT INTO meta VALUES('epoch', 1) ON CONFLICT(key) DO UPDATE SET value = value + 1").run();
      const std::int64_t epoch = stored_epoch();
      commit();
      return epoch;
    } catch (...) {
      rollback();
      throw;
    }
  }
  void guard(std::int64_t epoch, std::function<void()> held) override {
    epoch_ = epoch;
    held_ = std::move(held);
  }

  void begin() override {
    saved_ = {head_, totals_};
    begin_.run();
    stand_guard();
  }
  void commit() override {
    stand_guard();
    commit_.run();
  }
  void rollback() override {
    if (sqlite3_get_autocommit(db_.raw()) == 0) rollback_.run();
    std::tie(head_, totals_) = saved_;
  }

  std::int64_t append(std::string_view kind, std::string_view run_id, std::string_view key,
                      std::string_view fields) override {
    const std::int64_t seq = head_.entries + 1;
    std::string hash;
    const std::string body = make_entry({seq, now_ms(), run_id, kind, key, fields, head_.hash}, hash);
    insert_entry_.bind(seq, std::string_view(body)).run();
    if (!key.empty() && kind != "accepted" && kind != "verdict" && kind != "quarantined")
      insert_about_.bind(Statement::Bytes(KeyBytes(key)), seq).run();
    head_ = {seq, std::move(hash)};
    return seq;
  }
  Head head() const override { return head_; }

  std::optional<std::string> entry(std::int64_t seq) override {
    if (!select_entry_.bind(seq).step()) return std::nullopt;
    std::string body = select_entry_.text(0);
    select_entry_.reset();
    return body;
  }
  void each_entry(std::int64_t from_seq, const std::function<bool(std::int64_t, const std::string&)>& visit) override {
    Statement all(db_, "SELECT seq, body FROM ledger WHERE seq >= ? ORDER BY seq");
    all.bind(from_seq);
    while (all.step())
      if (!visit(all.integer(0), all.text(1))) return;
  }
  void each_entry_backwards(const std::function<bool(std::int64_t, const std::string&)>& visit) override {
    Statement all(db_, "SELECT seq, body FROM ledger ORDER BY seq DESC");
    while (all.step())
      if (!visit(all.integer(0), all.text(1))) return;
  }
  std::vector<std::string> entries_of(std::string_view key) override {
    Statement of(db_, "SELECT body FROM about JOIN ledger USING(seq) WHERE key = ? ORDER BY seq");
    const KeyBytes bytes(key);
    of.bind(Statement::Bytes(bytes));
    std::vector<std::string> out;
    while (of.step()) out.push_back(of.text(0));
    return out;
  }

  std::optional<AlertRow> find(std::string_view key) override {
    const KeyBytes bytes(key);
    if (!select_alert_.bind(Statement::Bytes(bytes)).step()) return std::nullopt;
    AlertRow row = row_of(select_alert_);
    select_alert_.reset();
    return row;
  }
  void put(const AlertRow& row) override {
    const KeyBytes bytes(row.key);
    put_alert_
        .bind(Statement::Bytes(bytes), static_cast<int>(row.state), static_cast<int>(row.disposition), row.accepted_seq,
              row.decided_seq, row.time_ms, (row.pack ? kPack : 0) | (row.no_case ? kNoCase : 0))
        .run();
  }
  void each_alert(const std::function<bool(const AlertRow&)>& visit) override {
    Statement all(db_,
                  "SELECT key, state, disposition, accepted_seq, decided_seq, time_ms, pack FROM alerts ORDER BY key");
    while (all.step())
      if (!visit(row_of(all))) return;
  }
  void each_waiting(const std::function<void(const std::string& key)>& visit) override {
    Statement all(db_, "SELECT key FROM alerts WHERE state = 0 ORDER BY key");
    while (all.step()) visit(key_text(all.text(0)));
  }
  int add_attempt(std::string_view name) override {
    Statement add(
        db_, "INSERT INTO attempts VALUES(?, 1) ON CONFLICT(name) DO UPDATE SET count = count + 1 RETURNING count");
    add.bind(name).step();
    return static_cast<int>(add.integer(0));
  }
  void clear_attempts(std::string_view name) override {
    Statement(db_, "DELETE FROM attempts WHERE name = ?").bind(name).run();
  }
  std::map<std::string, int> attempted() override {
    Statement all(db_, "SELECT name, count FROM attempts");
    std::map<std::string, int> out;
    while (all.step()) out[all.text(0)] = static_cast<int>(all.integer(1));
    return out;
  }
  std::uint64_t waiting() override {
    Statement count(db_, "SELECT count(*) FROM alerts WHERE state = 0");
    count.step();
    return static_cast<std::uint64_t>(count.integer(0));
  }

  void add(const Counts& counts) override {
    for (std::size_t i = 0; i < counts.values.size(); ++i) {
      if (counts.values[i] == 0) continue;
      totals_.values[i] += counts.values[i];
      put_total_.bind(count_name(static_cast<Count>(i)), totals_.values[i]).run();
    }
  }
  Counts totals() const override { return totals_; }

  std::string cursor(std::string_view stage) override {
    return one("SELECT position FROM cursor WHERE stage = ?", stage).value_or("");
  }
  void set_cursor(std::string_view stage, std::string_view position) override {
    Statement(db_, "INSERT INTO cursor VALUES(?, ?) ON CONFLICT(stage) DO UPDATE SET position = excluded.position")
        .bind(stage, position)
        .run();
  }
  void add_interval(const Interval& interval) override;
  void answer_incomplete(const Interval& complete);
  void insert_interval(const Interval& row);
  std::vector<Interval> intervals(std::string_view stage) override;
  std::vector<Interval> all_intervals() override;

  void each_state(std::string_view stage, const std::function<void(const std::string&, std::string)>& visit) override {
    Statement of(db_, "SELECT key, value FROM state WHERE stage = ?");
    of.bind(stage);
    while (of.step()) visit(of.text(0), of.text(1));
  }
  void set_state(std::string_view stage, std::string_view key, std::string_view value) override {
    Statement(db_, "INSERT INTO state VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
        .bind(stage, key, value)
        .run();
  }
  void put_blob(std::string_view digest, std::string_view text) override {
    Statement(db_, "INSERT INTO blobs VALUES(?, ?) ON CONFLICT DO NOTHING").bind(digest, text).run();
  }
  std::optional<std::string> blob(std::string_view digest) override {
    return one("SELECT text FROM blobs WHERE digest = ?", digest);
  }
  void put_run(const RunRow& run) override {
    Statement(db_,
              "INSERT INTO runs(run_id, status, report) VALUES(?, ?, ?) ON CONFLICT(run_id) DO UPDATE SET status = "
              "excluded.status, report = excluded.report")
        .bind(std::string_view(run.run_id), std::string_view(run.status), std::string_view(run.report))
        .run();
    Statement(db_, "DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - 1000").run();
  }
  std::vector<RunRow> runs(std::size_t last) override {
    Statement newest(db_, "SELECT run_id, status, report FROM runs ORDER BY id DESC LIMIT ?");
    newest.bind(static_cast<std::int64_t>(last));
    std::vector<RunRow> out;
    while (newest.step()) out.push_back({newest.text(0), newest.text(1), newest.text(2)});
    return out;
  }
  void add_outbox(std::string_view delivery_id, std::string_view payload) override {
    Statement(db_, "INSERT INTO outbox(delivery_id, payload) VALUES(?, ?) ON CONFLICT DO NOTHING")
        .bind(delivery_id, payload)
        .run();
  }
  std::uint64_t outbox_size() override {
    Statement count(db_, "SELECT count(*) FROM outbox");
    count.step();
    return static_cast<std::uint64_t>(count.integer(0));
  }
  void each_outbox_id(const std::function<void(std::string)>& visit) override {
    Statement all(db_, "SELECT delivery_id FROM outbox");
    while (all.step()) visit(all.text(0));
  }
  void each_outbox(const std::function<void(const std::string&, const std::string&, std::uint32_t)>& visit) override {
    Statement all(db_, "SELECT delivery_id, payload, attempts FROM outbox ORDER BY delivery_id");
    while (all.step()) visit(all.text(0), all.text(1), static_cast<std::uint32_t>(all.integer(2)));
  }
  void count_attempt(std::string_view delivery_id) override {
    Statement(db_, "UPDATE outbox SET attempts = attempts + 1 WHERE delivery_id = ?").bind(delivery_id).run();
  }
  void drop_outbox(std::string_view delivery_id) override {
    Statement(db_, "DELETE FROM outbox WHERE delivery_id = ?").bind(delivery_id).run();
  }
  std::string damage() override {
    Statement check(db_, "PRAGMA integrity_check(1)");
    const std::string said = check.step() ? check.text(0) : "no answer";
    return said == "ok" ? "" : said;
  }

 private:
  static AlertRow row_of(const Statement& s) {
    return {key_text(s.text(0)),
            static_cast<AlertState>(s.integer(1)),
            static_cast<Disposition>(s.integer(2)),
            s.integer(3),
            s.integer(4),
            s.integer(5),
            (s.integer(6) & kPack) != 0,
            (s.integer(6) & kNoCase) != 0};
  }
  template <class... Args>
  std::optional<std::string> one(const char* sql, const Args&... args) {
    Statement s(db_, sql);
    if (!s.bind(args...).step()) return std::nullopt;
    return s.text(0);
  }
  void load(bool damaged);
  void load_books(bool damaged);
  void stand_guard();
  std::int64_t stored_epoch() {
    const std::int64_t epoch = select_epoch_.bind().step() ? select_epoch_.integer(0) : 0;
    select_epoch_.reset();
    return epoch;
  }

  Database db_;
  std::int64_t epoch_ = 0;  // 0: no guard
  std::function<void()> held_;
  Head head_;
  Counts totals_;
  std::pair<Head, Counts> saved_;
  Statement begin_{db_, "BEGIN IMMEDIATE"};
  Statement commit_{db_, "COMMIT"};
  Statement rollback_{db_, "ROLLBACK"};
  Statement select_epoch_{db_, "SELECT value FROM meta WHERE key = 'epoch'"};
  Statement insert_entry_{db_, "INSERT INTO ledger VALUES(?, ?)"};
  Statement insert_about_{db_, "INSERT INTO about VALUES(?, ?)"};
  Statement select_entry_{db_, "SELECT body FROM ledger WHERE seq = ?"};
  Statement select_alert_{
      db_, "SELECT key, state, disposition, accepted_seq, decided_seq, time_ms, pack FROM alerts WHERE key = ?"};
  Statement put_alert_{db_, "INSERT OR REPLACE INTO alerts VALUES(?, ?, ?, ?, ?, ?, ?)"};
  Statement put_total_{db_, "INSERT INTO totals VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"};
};

void SqliteStore::load(bool damaged) {
  db_.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000;");
  Statement version(db_, "SELECT value FROM meta WHERE key = 'version'");
  if (!version.step() || version.integer(0) != kVersion)
    throw OtherVersion(Exit::io,
                       "state.db was written by another version of SignalFoundry. Use that version, or move the state "
                       "directory away.");
  load_books(damaged);
}

void SqliteStore::load_books(bool damaged) {
  Statement last(db_, "SELECT seq, body FROM ledger ORDER BY seq DESC LIMIT 1");
  if (last.step()) {
    const auto link = check_entry(last.text(1));
    if (!damaged && (!link || link->seq != last.integer(0)))
      throw Error(Exit::io, std::string("the last ledger entry in state.db is damaged. ") + kHowToGetItBack);
    if (link) head_ = {link->seq, link->hash};
  }
  Statement totals(db_, "SELECT name, value FROM totals");
  while (totals.step())
    for (std::size_t i = 0; i < totals_.values.size(); ++i)
      if (totals.text(0) == count_name(static_cast<Count>(i)))
        totals_.values[i] = static_cast<std::uint64_t>(totals.integer(1));
}

// Inside a transaction, so what it sees holds until the end of it.
void SqliteStore::stand_guard() {
  if (epoch_ == 0) return;
  try {
    held_();
    const std::int64_t now = stored_epoch();
    if (now == epoch_) return;
    throw Error(Exit::locked, "another run took the books over (its epoch is " + std::to_string(now) + ", this run's " +
                                  std::to_string(epoch_) +
                                  "). This one stops and writes nothing more; the other goes on from here.");
  } catch (...) {
    rollback();
    throw;
  }
}

void SqliteStore::add_interval(const Interval& v) {
  Interval row = v;
  if (v.complete) {
    // All that touch it with the same filter become one row.
    Statement touching(db_,
                       "DELETE FROM intervals WHERE stage = ? AND complete = 1 AND filter = ? AND to_ms >= ? AND "
                       "from_ms <= ? RETURNING from_ms, to_ms, pages, fetched");
    touching.bind(std::string_view(v.stage), std::string_view(v.filter), v.from_ms, v.to_ms);
    while (touching.step()) {
      row.from_ms = std::min(row.from_ms, touching.integer(0));
      row.to_ms = std::max(row.to_ms, touching.integer(1));
      row.pages += static_cast<std::uint64_t>(touching.integer(2));
      row.fetched += static_cast<std::uint64_t>(touching.integer(3));
    }
    answer_incomplete(v);
  }
  insert_interval(row);
}

// What `v` answers need not be asked again; what an older question leaves of it on either side must.
void SqliteStore::answer_incomplete(const Interval& v) {
  std::vector<Interval> left;
  Statement answered(db_,
                     "DELETE FROM intervals WHERE stage = ? AND filter = ? AND complete = 0 AND to_ms > ? AND "
                     "from_ms < ? RETURNING from_ms, to_ms, pages, fetched");
  answered.bind(std::string_view(v.stage), std::string_view(v.filter), v.from_ms, v.to_ms);
  while (answered.step()) {
    Interval row = v;
    row.complete = false;
    row.pages = static_cast<std::uint64_t>(answered.integer(2));
    row.fetched = static_cast<std::uint64_t>(answered.integer(3));
    row.from_ms = answered.integer(0);
    row.to_ms = std::min(answered.integer(1), v.from_ms);
    if (row.from_ms < row.to_ms) left.push_back(row);
    row.from_ms = std::max(answered.integer(0), v.to_ms);
    row.to_ms = answered.integer(1);
    if (row.from_ms < row.to_ms) left.push_back(row);
  }
  for (const auto& row : left) insert_interval(row);
}

void SqliteStore::insert_interval(const Interval& row) {
  Statement(
      db_, "INSERT INTO intervals(stage, from_ms, to_ms, filter, pages, fetched, complete) VALUES(?, ?, ?, ?, ?, ?, ?)")
      .bind(std::string_view(row.stage), row.from_ms, row.to_ms, std::string_view(row.filter), row.pages, row.fetched,
            static_cast<int>(row.complete))
      .run();
}

std::vector<Interval> intervals_of(Statement& rows) {
  std::vector<Interval> out;
  while (rows.step())
    out.push_back({rows.text(0), rows.integer(1), rows.integer(2), rows.text(3),
                   static_cast<std::uint64_t>(rows.integer(4)), static_cast<std::uint64_t>(rows.integer(5)),
                   rows.integer(6) != 0});
  return out;
}

std::vector<Interval> SqliteStore::intervals(std::string_view stage) {
  Statement all(db_,
                "SELECT stage, from_ms, to_ms, filter, pages, fetched, complete FROM intervals WHERE stage = ? "
                "ORDER BY from_ms, to_ms, id");
  return intervals_of(all.bind(stage));
}

std::vector<Interval> SqliteStore::all_intervals() {
  Statement all(db_,
                "SELECT stage, from_ms, to_ms, filter, pages, fetched, complete FROM intervals "
                "ORDER BY stage, filter, from_ms, to_ms, id");
  return intervals_of(all);
}

}  // namespace

namespace {
// SQLite is told to follow no link, and takes that for every component; a link above the state directory is the
// operator's own.
std::string without_links(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? std::string(real.get()) : path;
}
}  // namespace

std::unique_ptr<Store> Store::open(const std::string& state_path, bool create, bool damaged) {
  const auto dir = fs::Dir::open(state_path);
  if (!dir) throw Error(Exit::io, "there is no state directory " + printable(state_path) + ". Start a run first.");
  const bool there = dir->has("state.db");
  // A write-ahead log without its database is the rest of a ledger; a new one would be damaged by it.
  if (!there && (!create || dir->has("state.db-wal")))
    throw Error(Exit::io, "state.db is missing from " + printable(state_path) + ". " + kHowToGetItBack);
  const std::string real_path = without_links(state_path);
  if (!there) {
    // Built under another name and renamed, so that a crash leaves no half of it.
    for (const char* leftover : {".new-state.db", ".new-state.db-journal", ".new-state.db-wal", ".new-state.db-shm"})
      dir->remove(leftover);
    Database(real_path + "/.new-state.db", true).exec((std::string("BEGIN;") + kSchema + "COMMIT;").c_str());
    dir->sync_all();
    dir->move(".new-state.db", *dir, "state.db").match([](bool) { return true; }, [](fs::Gone) { return false; });
    dir->sync_all();
  }
  return std::make_unique<SqliteStore>(real_path + "/state.db", damaged);
}

}  // namespace signalfoundry::store
