// SPDX-License-Identifier: Apache-2.0
//
// Goal: a lost or damaged ledger is never replaced by an empty one, and whoever meets it is told what to do.
#include <unistd.h>

#include <filesystem>

#include "base/error.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"
#include "support/catch.h"
#include "support/temp_dir.hpp"

using signalfoundry::Error;
using signalfoundry::Exit;
using signalfoundry::store::Database;
using signalfoundry::store::Store;

namespace {

// "74: sentence" of what opening throws; "opened".
std::string opened(const std::string& path, bool create) {
  try {
    Store::open(path, create);
    return "opened";
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
}

void check_says_what_to_do(const std::string& text, const char* what = "") {
  CHECK_THAT(text, ContainsSubstring("74: ") && ContainsSubstring(what) && ContainsSubstring("estore") &&
                       ContainsSubstring("from a backup, or rebuild it"));
}

// A store with some entries, closed again.
std::string filled(const TempDir& temp, const char* name, int entries = 200) {
  const std::string path = temp.make(name);
  const auto store = Store::open(path, true);
  store->begin();
  for (int i = 0; i < entries; ++i)
    store->append("accepted", "r", std::string(32, 'a'), R"("text":"some more text to fill pages")");
  store->commit();
  return path;
}

}  // namespace

TEST_CASE("damage: a ledger is made only where that is asked for") {
  const TempDir temp;
  CHECK_THAT(opened(temp / "none", true), ContainsSubstring("74: there is no state directory"));
  check_says_what_to_do(opened(temp.path(), false), "is missing from");
  CHECK(!std::filesystem::exists(temp / "state.db"));
  CHECK(opened(temp.path(), true) == "opened");
  CHECK(opened(temp.path(), false) == "opened");
}

TEST_CASE("damage: what a crash left of a new ledger is no hindrance") {
  const TempDir temp;
  for (const char* leftover : {".new-state.db", ".new-state.db-journal", ".new-state.db-wal", ".new-state.db-shm"})
    temp.write(leftover, "garbage");
  CHECK(opened(temp.path(), true) == "opened");
  CHECK(!std::filesystem::exists(temp / ".new-state.db"));
}

TEST_CASE("damage: a write-ahead log without its database is a lost ledger, not a first run") {
  const TempDir temp;
  temp.write("state.db-wal", "");
  check_says_what_to_do(opened(temp.path(), true), "is missing from");
  CHECK(!std::filesystem::exists(temp / "state.db"));
}

TEST_CASE("damage: a file that is no ledger is refused and kept, with and without permission to make one") {
  const TempDir temp;
  for (const std::string& bytes :
       {std::string(), std::string("garbage"), std::string(100'000, 'x'), std::string("SQLite format 3\0", 16)}) {
    CAPTURE(bytes.size());
    temp.write("state.db", bytes);
    for (const bool create : {false, true}) check_says_what_to_do(opened(temp.path(), create));
    if (!bytes.empty()) CHECK(temp.read("state.db") == bytes);
  }
}

TEST_CASE("damage: a ledger that was cut off anywhere is refused") {
  const TempDir temp;
  const std::string path = filled(temp, "whole");
  const std::string whole = temp.read("whole/state.db");
  REQUIRE(whole.size() > 40'000);
  temp.make("cut");
  for (std::size_t size = 0; size < whole.size(); size += size < 4096 ? 512 : 4096) {
    for (const std::size_t odd : {0, 1}) {
      CAPTURE(size + odd);
      temp.write("cut/state.db", whole.substr(0, size + odd));
      check_says_what_to_do(opened(temp / "cut", false));
      for (const char* side : {"cut/state.db-wal", "cut/state.db-shm"}) std::filesystem::remove(temp / side);
    }
  }
}

TEST_CASE("damage: a database that is another program's, or another version's, is refused") {
  const TempDir temp;
  {
    Database other(temp / "state.db", true);
    other.exec("CREATE TABLE t(x); INSERT INTO t VALUES(1);");
  }
  check_says_what_to_do(opened(temp.path(), true));
  const std::string path = filled(temp, "newer", 1);
  Database(path + "/state.db", false).exec("UPDATE meta SET value = 2 WHERE key = 'version'");
  CHECK_THAT(opened(path, false), ContainsSubstring("74: ") && ContainsSubstring("another version"));
}

TEST_CASE("damage: a last entry that was changed behind our back is refused") {
  const TempDir temp;
  const std::string path = filled(temp, "d", 3);
  Database raw(path + "/state.db", false);
  raw.exec("DROP TRIGGER ledger_no_update; UPDATE ledger SET body = replace(body, 'more', 'less') WHERE seq = 3");
  check_says_what_to_do(opened(path, false), "the last ledger entry");
}

TEST_CASE("damage: who is about to check the chain may open a ledger whose last entry does not hold") {
  const TempDir temp;
  const std::string path = filled(temp, "d", 3);
  Database(path + "/state.db", false)
      .exec("DROP TRIGGER ledger_no_update; UPDATE ledger SET body = replace(body, 'more', 'less') WHERE seq = 3");
  const auto store = Store::open(path, false, true);
  CHECK(store->entry(3));
  CHECK_THROWS_AS(store->append("accepted", "r", "", ""), Error);
}

TEST_CASE("damage: an entry under another number than it says is refused") {
  const TempDir temp;
  const std::string path = filled(temp, "d", 3);
  Database(path + "/state.db", false).exec("DROP TRIGGER ledger_no_update; UPDATE ledger SET seq = 9 WHERE seq = 3");
  check_says_what_to_do(opened(path, false), "the last ledger entry");
}

TEST_CASE("damage: a link or a directory in the ledger's place is not followed and not replaced") {
  const TempDir temp;
  const std::string real = filled(temp, "real", 1);
  temp.make("linked");
  REQUIRE(::symlink((real + "/state.db").c_str(), (temp / "linked/state.db").c_str()) == 0);
  CHECK_THAT(opened(temp / "linked", true), ContainsSubstring("cannot open the ledger"));
  temp.make("folder/state.db");
  CHECK_THAT(opened(temp / "folder", true), ContainsSubstring("cannot open the ledger"));
}
