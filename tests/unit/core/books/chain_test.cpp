// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever is done to entries of the ledger with the triggers out of the way, verify_chain names the first that
// is wrong.
#include "base/digest.hpp"
#include "store/ledger.hpp"
#include "store/sqlite.hpp"
#include "support/catch.h"
#include "world.hpp"

using signalfoundry::books::verify_chain;
using signalfoundry::store::Database;
using signalfoundry::store::make_entry;

namespace {

// What verify_chain says of a world after some SQL.
std::string problem(const World& w, const std::string& sql) {
  Database raw(w.temp / "state/state.db", false);
  raw.exec("DROP TRIGGER ledger_no_update; DROP TRIGGER ledger_no_delete; DROP TRIGGER ledger_in_order;");
  raw.exec(sql.c_str());
  return verify_chain(*w.store).problem;
}

std::string set_body(int seq, const std::string& body) {
  return "UPDATE ledger SET body = '" + body + "' WHERE seq = " + std::to_string(seq);
}

}  // namespace

TEST_CASE("chain: one that holds gives its length and its end; the empty one the zeros") {
  const World w;
  const auto check = verify_chain(*w.store);
  CHECK(check.problem == "");
  CHECK(check.entries == 7);
  CHECK(check.head == w.store->head().hash);
  const TempDir temp;
  const auto empty = verify_chain(*signalfoundry::store::Store::open(temp.path(), true));
  CHECK(empty.problem == "");
  CHECK(empty.entries == 0);
  CHECK(empty.head == std::string(64, '0'));
}

TEST_CASE("chain: a changed, emptied or replaced text is named") {
  const World w;
  SECTION("a word") {
    CHECK(problem(w, "UPDATE ledger SET body = replace(body, 'accepted', 'rejected') WHERE seq = 4") ==
          "entry 4: its hash does not fit its text");
  }
  SECTION("nothing left") {
    CHECK(problem(w, set_body(1, "")) == "entry 1: its hash does not fit its text");
  }
  SECTION("another entry's text") {
    CHECK(problem(w, "UPDATE ledger SET body = (SELECT body FROM ledger WHERE seq = 2) WHERE seq = 3") ==
          "entry 3: its hash does not fit its text");
  }
}

TEST_CASE("chain: a text that was sealed anew breaks the link to the next") {
  const World w;
  const auto before = w.store->entry(3);
  REQUIRE(before);
  std::string hash;
  const std::string forged = make_entry({3, World::kTime, "r", "verdict", w.benign, R"("disposition":"benign")",
                                         signalfoundry::store::check_entry(*before)->prev},
                                        hash);
  CHECK(problem(w, set_body(3, forged)) == "entry 4: it does not follow the entry before it");
}

TEST_CASE("chain: a first entry that has a predecessor is named") {
  const World w;
  std::string hash;
  const std::string forged = make_entry({1, World::kTime, "r", "accepted", w.waiting, "", std::string(64, 'f')}, hash);
  CHECK(problem(w, set_body(1, forged)) == "entry 1: it does not follow the entry before it");
}

TEST_CASE("chain: entries that were taken out, from the start or between, are named") {
  const World w;
  SECTION("between") {
    CHECK(problem(w, "DELETE FROM ledger WHERE seq = 3") == "entry 4 follows entry 2: entries are missing");
  }
  SECTION("from the start") {
    CHECK(problem(w, "DELETE FROM ledger WHERE seq = 1") == "entry 2 follows entry 0: entries are missing");
  }
}

TEST_CASE("chain: a cut at the end leaves a chain that holds, and a head that is not the one that was told") {
  const World w;
  const std::string head = w.store->head().hash;
  CHECK(problem(w, "DELETE FROM ledger WHERE seq > 5") == "");
  const auto check = verify_chain(*w.store);
  CHECK(check.entries == 5);
  CHECK(check.head != head);
}

TEST_CASE("chain: entries that were renumbered to hide a gap are named") {
  const World w;
  CHECK(problem(w, "DELETE FROM ledger WHERE seq = 3; UPDATE ledger SET seq = seq - 1 WHERE seq > 3") ==
        "entry 3: its hash does not fit its text");
}
