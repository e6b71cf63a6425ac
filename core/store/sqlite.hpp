// SPDX-License-Identifier: Apache-2.0
//
// sqlite.hpp - SQLite's C interface with errors as Error(io). Inside core/store only. One thread at a time.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace signalfoundry::store {

class Database {
 public:
  // Opens an existing file, or makes one when `create`.
  Database(const std::string& path, bool create);
  void exec(const char* sql);
  sqlite3* raw() const { return db_.get(); }
  // The failure that SQLite reports, as Error(io) or, out of space, Error(cant_create). damaged: say how to rebuild it.
  [[noreturn]] void fail(const std::string& what, bool damaged = false) const;

 private:
  std::string path_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> db_;
};

// A prepared statement, used again and again: bind in order, then run() or step() until false.
class Statement {
 public:
  Statement(const Database& db, const char* sql);
  template <class... Args>
  Statement& bind(const Args&... args) {
    sqlite3_reset(raw_.get());
    int at = 0;
    (put(++at, args), ...);
    return *this;
  }
  bool step();  // true: a row
  void run() {
    step();
    sqlite3_reset(raw_.get());
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(raw_.get(), column); }
  std::string text(int column) const;
  bool null(int column) const { return sqlite3_column_type(raw_.get(), column) == SQLITE_NULL; }
  void reset() { sqlite3_reset(raw_.get()); }

 private:
  void put(int at, std::int64_t value) { sqlite3_bind_int64(raw_.get(), at, value); }
  void put(int at, int value) { sqlite3_bind_int64(raw_.get(), at, value); }
  void put(int at, std::uint64_t value) { sqlite3_bind_int64(raw_.get(), at, static_cast<std::int64_t>(value)); }
  void put(int at, std::string_view text) {
    sqlite3_bind_text64(raw_.get(), at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  struct Blob {
    const void* data;
    std::size_t size;
  };
  void put(int at, const Blob& blob) { sqlite3_bind_blob64(raw_.get(), at, blob.data, blob.size, SQLITE_STATIC); }
  const Database* db_;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> raw_;

 public:
  using Bytes = Blob;
};

}  // namespace signalfoundry::store
