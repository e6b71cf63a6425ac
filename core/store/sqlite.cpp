// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "store/store.hpp"

namespace signalfoundry::store {

Database::Database(const std::string& path, bool create) : path_(path), db_(nullptr, sqlite3_close) {
  sqlite3* db = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | (create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  db_.reset(db);
  if (code != SQLITE_OK) fail("cannot open the ledger");
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 10'000);
}

void Database::exec(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("cannot use the ledger");
}

void Database::fail(const std::string& what, bool damaged) const {
  const int code = db_ ? sqlite3_errcode(db_.get()) & 0xff : SQLITE_NOMEM;
  const std::string why = db_ ? sqlite3_errmsg(db_.get()) : "out of memory";
  const bool full = code == SQLITE_FULL || code == SQLITE_READONLY || code == SQLITE_CANTOPEN;
  std::string advice = " Nothing was recorded; the next run tries again.";
  if (damaged || code == SQLITE_NOTADB)
    advice = std::string(" ") + kHowToGetItBack;
  else if (code == SQLITE_CORRUPT)  // what SQLite calls a read error of the disk, too
    advice = std::string(" Nothing was recorded. If `signalfoundry ledger verify` says the same: ") + kHowToGetItBack;
  throw Error(full ? Exit::cant_create : Exit::io,
              what + " " + printable(path_) + ": " + printable(why) + "." + advice);
}

Statement::Statement(const Database& db, const char* sql) : db_(&db), raw_(nullptr, sqlite3_finalize) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db.raw(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    db.fail("cannot use the ledger", true);
  raw_.reset(statement);
}

bool Statement::step() {
  const int code = sqlite3_step(raw_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3_reset(raw_.get());
  db_->fail("cannot write to the ledger");
}

std::string Statement::text(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(raw_.get(), column));
  return data == nullptr ? std::string()
                         : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(raw_.get(), column)));
}

}  // namespace signalfoundry::store
