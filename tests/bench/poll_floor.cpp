// SPDX-License-Identifier: Apache-2.0
//
// The least that any program does to make polled alerts durable in the files of the contract:
// bench_poll_floor books|page|files DIR COUNT
//
//   books   nothing but the books: of each alert a look-up by a random key, one ledger row, one row of alerts in SQLite
//           (WAL, synchronous=FULL), a commit per 1,000
//   page    and per 1,000 alerts one file that holds them all, fdatasynced before the commit, renamed after it
//   files   and each alert a file: created in accept/, one syncfs per 1,000, the commit, renamed into queue/
//
// Nothing is fetched, parsed, hashed or checked. Alerts have 1,274 bytes, their ledger rows 490, as the bench's do.
// Prints the microseconds of an alert. DIR must be there and empty; COUNT in thousands.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int kPage = 1000;
constexpr const char* kSchema = R"(
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000;
CREATE TABLE ledger(seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE alerts(key BLOB PRIMARY KEY, state INTEGER NOT NULL, disposition INTEGER NOT NULL,
  accepted_seq INTEGER NOT NULL, decided_seq INTEGER NOT NULL, time_ms INTEGER NOT NULL, pack INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE INDEX alerts_waiting ON alerts(key) WHERE state = 0;
)";

void need(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::exit(74);
}

using Key = std::array<std::uint64_t, 2>;
Key next_key() {  // splitmix64: any order but that of time, as digests come
  static std::uint64_t state = 1;
  const auto next = [] {
    std::uint64_t z = state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30U) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27U) * 0x94d049bb133111ebU;
    return z ^ z >> 31U;
  };
  const auto first = next();
  return {first, next()};
}

class Books {
 public:
  Books() {
    need(sqlite3_open("state.db", &db_) == SQLITE_OK && sqlite3_exec(db_, kSchema, nullptr, nullptr, nullptr) == 0,
         "state.db");
    find_ = prepare("SELECT state FROM alerts WHERE key = ?");
    append_ = prepare("INSERT INTO ledger VALUES(?, ?)");
    put_ = prepare("INSERT INTO alerts VALUES(?, 0, 0, ?, 0, ?, 0)");
  }
  void exec(const char* sql) { need(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql); }
  void add(const Key& key) {
    sqlite3_bind_blob(find_, 1, key.data(), sizeof key, SQLITE_STATIC);
    step(find_);
    sqlite3_bind_int64(append_, 1, ++seq_);
    sqlite3_bind_text(append_, 2, entry_.data(), static_cast<int>(entry_.size()), SQLITE_STATIC);
    step(append_);
    sqlite3_bind_blob(put_, 1, key.data(), sizeof key, SQLITE_STATIC);
    sqlite3_bind_int64(put_, 2, seq_);
    sqlite3_bind_int64(put_, 3, 1'700'000'000'000 + seq_);
    step(put_);
  }

 private:
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* out = nullptr;
    need(sqlite3_prepare_v2(db_, sql, -1, &out, nullptr) == SQLITE_OK, sql);
    return out;
  }
  static void step(sqlite3_stmt* statement) {
    need(sqlite3_step(statement) == SQLITE_DONE, "step");
    sqlite3_reset(statement);
  }
  sqlite3* db_ = nullptr;
  sqlite3_stmt *find_ = nullptr, *append_ = nullptr, *put_ = nullptr;
  std::string entry_ = std::string(490, 'e');
  sqlite3_int64 seq_ = 0;
};

std::string name_of(const Key& key) {
  char out[96];
  std::snprintf(out, sizeof out, "p08-1726653704788-d798719c-%016lx%016lx.json", key[0], key[1]);
  return out;
}

void write_file(int dir, const char* name, const std::string& bytes, bool sync) {
  const int file = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0640);
  need(file >= 0 && write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), name);
  need(!sync || fdatasync(file) == 0, "fdatasync");
  close(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || std::atoi(argv[3]) < kPage || std::atoi(argv[3]) % kPage != 0)
    return std::fprintf(stderr, "usage: bench_poll_floor books|page|files DIR COUNT\n"), 64;
  const bool files = std::strcmp(argv[1], "files") == 0;
  const bool page = std::strcmp(argv[1], "page") == 0;
  need(chdir(argv[2]) == 0 && mkdir("accept", 0750) == 0 && mkdir("queue", 0750) == 0, argv[2]);
  const int accept = open("accept", O_RDONLY | O_DIRECTORY), queue = open("queue", O_RDONLY | O_DIRECTORY);
  Books books;
  const std::string alert(1274, 'a'), alerts(alert.size() * kPage, 'a');
  const int count = std::atoi(argv[3]);
  const auto start = std::chrono::steady_clock::now();
  for (int done = 0; done < count; done += kPage) {
    std::vector<Key> keys(kPage);
    for (auto& key : keys) key = next_key();
    const std::size_t written = files ? keys.size() : page ? 1 : 0;
    for (std::size_t i = 0; i < written; ++i)
      write_file(accept, name_of(keys[i]).c_str(), files ? alert : alerts, page);
    if (files) need(syncfs(accept) == 0, "syncfs");
    books.exec("BEGIN IMMEDIATE");
    for (const auto& key : keys) books.add(key);
    books.exec("COMMIT");
    for (std::size_t i = 0; i < written; ++i)
      need(renameat(accept, name_of(keys[i]).c_str(), queue, name_of(keys[i]).c_str()) == 0, "rename");
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  std::printf("%.2f\n", took.count() / count);
}
