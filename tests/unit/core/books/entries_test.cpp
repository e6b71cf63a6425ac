// SPDX-License-Identifier: Apache-2.0
//
// Goal: rows and entries that say different things of an alert are both found, and nothing that agrees is complained
// of.
#include "support/catch.h"
#include "world.hpp"

using namespace signalfoundry::store;
using signalfoundry::books::check_entries;
using signalfoundry::books::Findings;

namespace {

struct Books {
  const std::string a = std::string(32, 'a');
  const std::string b = std::string(32, 'b');
  TempDir temp;
  std::unique_ptr<Store> store = Store::open(temp.path(), true);

  // Entries 1 to 6: what a says of itself with quotes in it stays text.
  Books() {
    store->append("inputs", "r", "", R"("inputs":"0")");
    store->append("accepted", "r", a, R"("source":"\"kind\":\"verdict\"")");
    store->append("accepted", "r", b, "");
    store->append("verdict", "r", a, R"("disposition":"review","case_id":"c")");
    store->append("quarantined", "r", b, R"("reason":"x")");
    store->append("pack", "r", a, "");
    store->put({a, AlertState::triaged, Disposition::review, 2, 4, 0, true});
    store->put({b, AlertState::quarantined, Disposition::none, 3, 5, 0, false});
  }
  std::string said() const {
    Findings findings;
    check_entries(*store, findings);
    return World::said(findings);
  }
};

}  // namespace

TEST_CASE("entries: rows that say what the ledger says are not complained of") {
  CHECK(Books().said() == "");
}

TEST_CASE("entries: a row of another disposition, state, number or key differs") {
  const Books books;
  SECTION("disposition") {
    books.store->put({books.a, AlertState::triaged, Disposition::benign, 2, 4, 0, true});
    CHECK(books.said() == "row_differs: " + books.a + "; ");
  }
  SECTION("state") {
    books.store->put({books.b, AlertState::triaged, Disposition::review, 3, 5, 0, false});
    CHECK(books.said() == "row_differs: " + books.b + "; ");
  }
  SECTION("the number of another's entry") {
    books.store->put({books.b, AlertState::quarantined, Disposition::none, 3, 4, 0, false});
    CHECK(books.said() == "entry_unknown: " + books.b + ": entry 5; row_differs: " + books.b + "; ");
  }
  SECTION("a number beyond the end, and one that is none") {
    books.store->put({books.b, AlertState::quarantined, Disposition::none, 3, 99, 0, false});
    books.store->put({std::string(32, 'c'), AlertState::waiting, Disposition::none, 0, 0, 0, false});
    CHECK(books.said() ==
          "entry_unknown: " + books.b + ": entry 5; row_differs: " + std::string(32, 'c') + " " + books.b + "; ");
  }
}

TEST_CASE("entries: an alert that is forgotten by the rows is known to the ledger") {
  const Books books;
  books.store->append("accepted", "r", std::string(32, 'c'), "");
  CHECK(books.said() == "entry_unknown: " + std::string(32, 'c') + ": entry 7; ");
}
