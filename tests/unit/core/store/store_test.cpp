// SPDX-License-Identifier: Apache-2.0
//
// Goal: what was committed is there after the process ends, what was not is not, and every table does what its line in
// store.hpp says.
#include "store/store.hpp"

#include "base/error.hpp"
#include "store/sqlite.hpp"
#include "support/catch.h"
#include "support/temp_dir.hpp"

using namespace signalfoundry::store;
using signalfoundry::Error;

namespace {

const std::string kA(32, 'a');
const std::string kB(32, 'b');
const std::string kC(32, 'c');

// A transaction around what `change` does.
template <class Change>
void committed(Store& store, Change&& change) {
  store.begin();
  change();
  store.commit();
}

std::vector<std::string> lines(Store& store, std::int64_t from = 1) {
  std::vector<std::string> out;
  store.each_entry(from, [&](std::int64_t, const std::string& line) { return out.push_back(line), true; });
  return out;
}

// "0-10 ok 3/30, 20-30 no 1/1": from, to, complete, pages/fetched.
std::string shown(const std::vector<Interval>& intervals) {
  std::string out;
  for (const auto& v : intervals)
    out += (out.empty() ? "" : ", ") + std::to_string(v.from_ms) + "-" + std::to_string(v.to_ms) +
           (v.complete ? " ok " : " no ") + std::to_string(v.pages) + "/" + std::to_string(v.fetched);
  return out;
}

}  // namespace

TEST_CASE("store: entries form a chain, from the zeros to the head") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  CHECK(store->head().entries == 0);
  CHECK(store->head().hash == std::string(64, '0'));
  committed(*store, [&] {
    CHECK(store->append("accepted", "r1", kA, R"("x":1)") == 1);
    CHECK(store->append("inputs", "r1", "", "") == 2);
    CHECK(store->head().entries == 2);
    CHECK(store->append("verdict", "r1", kA, "") == 3);
  });
  std::string before(64, '0');
  std::int64_t seq = 0;
  for (const auto& line : lines(*store)) {
    const auto link = check_entry(line);
    REQUIRE(link);
    CHECK(link->seq == ++seq);
    CHECK(link->prev == before);
    before = link->hash;
    CHECK(store->entry(seq) == line);
  }
  CHECK(seq == 3);
  CHECK(store->head().hash == before);
  CHECK(!store->entry(0));
  CHECK(!store->entry(4));
}

TEST_CASE("store: entries are read from any number on, backwards, and until the reader has enough") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  committed(*store, [&] {
    for (int i = 0; i < 5; ++i) store->append("accepted", "r", kA, "");
  });
  CHECK(lines(*store, 4).size() == 2);
  CHECK(lines(*store, 6).empty());
  std::string order;
  store->each_entry_backwards(
      [&](std::int64_t seq, const std::string&) { return order += std::to_string(seq), seq > 3; });
  CHECK(order == "543");
  store->each_entry(1, [&](std::int64_t seq, const std::string&) { return order += std::to_string(seq), false; });
  CHECK(order == "5431");
}

TEST_CASE("store: a rollback takes back entries, head, totals and rows") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  Counts counts;
  counts[Count::accepted] = 2;
  committed(*store, [&] {
    store->append("accepted", "r", kA, "");
    store->add(counts);
    store->put({kA, AlertState::waiting, Disposition::none, 1, 0, 5, false});
    store->set_cursor("poll", "first");
  });
  const Head head = store->head();
  store->begin();
  store->append("verdict", "r", kA, "");
  store->append("verdict", "r", kB, "");
  store->add(counts);
  store->put({kB, AlertState::waiting, Disposition::none, 1, 0, 5, false});
  store->set_cursor("poll", "second");
  store->rollback();
  CHECK(store->head().entries == head.entries);
  CHECK(store->head().hash == head.hash);
  CHECK(store->totals()[Count::accepted] == 2);
  CHECK(!store->find(kB));
  CHECK(store->cursor("poll") == "first");
  CHECK(lines(*store).size() == 1);
  committed(*store, [&] { CHECK(store->append("verdict", "r", kA, "") == 2); });
  CHECK(check_entry(*store->entry(2))->prev == head.hash);
}

TEST_CASE("store: a rollback where nothing was begun changes nothing; a second begin is an error, the first goes on") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  store->begin();
  store->append("accepted", "r", kA, "");
  CHECK_THROWS_AS(store->begin(), Error);
  store->commit();
  CHECK(store->head().entries == 1);
}

TEST_CASE("store: what was committed is there when it is opened again, what was not is not") {
  const TempDir temp;
  Head head;
  {
    const auto store = Store::open(temp.path(), true);
    Counts counts;
    counts[Count::fetched] = 7;
    committed(*store, [&] {
      store->append("accepted", "r", kA, "");
      store->put({kA, AlertState::triaged, Disposition::escalated, 1, 2, 1'726'653'704'788, true});
      store->add(counts);
    });
    head = store->head();
    store->begin();
    store->append("verdict", "r", kA, "");
  }
  const auto store = Store::open(temp.path(), false);
  CHECK(store->head().entries == 1);
  CHECK(store->head().hash == head.hash);
  CHECK(store->totals()[Count::fetched] == 7);
  const auto row = store->find(kA);
  REQUIRE(row);
  CHECK(row->key == kA);
  CHECK(row->state == AlertState::triaged);
  CHECK(row->disposition == Disposition::escalated);
  CHECK(row->accepted_seq == 1);
  CHECK(row->decided_seq == 2);
  CHECK(row->time_ms == 1'726'653'704'788);
  CHECK(row->pack);
}

TEST_CASE("store: what is said of an alert beyond its row is found by key, in order") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  committed(*store, [&] {
    store->append("accepted", "r", kA, "");
    store->append("verdict", "r", kA, "");
    store->append("pack", "r", kA, R"("n":1)");
    store->append("pack", "r", kB, "");
    store->append("decision", "r", kA, R"("n":2)");
    store->append("inputs", "r", "", "");
  });
  const auto of = store->entries_of(kA);
  REQUIRE(of.size() == 2);
  CHECK_THAT(of[0], ContainsSubstring("\"n\":1"));
  CHECK_THAT(of[1], ContainsSubstring("\"n\":2"));
  CHECK(store->entries_of(kC).empty());
}

TEST_CASE("store: alerts are replaced by key and come in the order of their keys; the waiting are counted") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  committed(*store, [&] {
    for (const auto& key : {kC, kA, kB}) store->put({key, AlertState::waiting, Disposition::none, 1, 0, 0, false});
  });
  CHECK(store->waiting() == 3);
  committed(*store, [&] { store->put({kB, AlertState::triaged, Disposition::benign, 1, 2, 3, false}); });
  CHECK(store->waiting() == 2);
  CHECK(store->find(kB)->disposition == Disposition::benign);
  std::string order;
  store->each_alert([&](const AlertRow& row) { return order += row.key[0], true; });
  CHECK(order == "abc");
  order.clear();
  store->each_alert([&](const AlertRow& row) { return order += row.key[0], false; });
  CHECK(order == "a");
  CHECK(!store->find("no key"));
}

TEST_CASE("store: failed attempts are counted by name until they are cleared") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  CHECK(store->add_attempt("a.json") == 1);
  CHECK(store->add_attempt("a.json") == 2);
  CHECK(store->add_attempt("'; DROP TABLE alerts; --\xff") == 1);
  CHECK(store->attempted().at("a.json") == 2);
  CHECK(store->attempted().size() == 2);
  store->clear_attempts("a.json");
  store->clear_attempts("never");
  CHECK(store->attempted() == std::map<std::string, int>{{"'; DROP TABLE alerts; --\xff", 1}});
  CHECK(store->add_attempt("a.json") == 1);
}

TEST_CASE("store: totals add up over transactions") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  Counts counts;
  counts[Count::fetched] = 2;
  counts[Count::packs] = 1;
  for (int i = 0; i < 3; ++i) committed(*store, [&] { store->add(counts); });
  CHECK(store->totals()[Count::fetched] == 6);
  CHECK(store->totals()[Count::packs] == 3);
  CHECK(store->totals()[Count::triaged] == 0);
}

TEST_CASE("store: cursors, stage state and blobs keep what they were given, per stage") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  const std::string odd("a\0b'\"\xff", 7);
  CHECK(store->cursor("poll") == "");
  store->set_cursor("poll", "1");
  store->set_cursor("poll", odd);
  store->set_cursor("other", "2");
  CHECK(store->cursor("poll") == odd);
  CHECK(store->cursor("other") == "2");

  store->set_state("poll", "k", "1");
  store->set_state("poll", "k", odd);
  store->set_state("other", "k", "3");
  std::string seen;
  store->each_state("poll", [&](const std::string& key, const std::string& value) { seen += key + "=" + value; });
  CHECK(seen == "k=" + odd);

  store->put_blob("d", "first");
  store->put_blob("d", "second");
  CHECK(store->blob("d") == "first");
  CHECK(!store->blob("e"));
}

TEST_CASE("store: a message enters the outbox once, by its id") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  store->add_outbox("a-0", "{}");
  store->add_outbox("a-0", "{\"other\":1}");
  store->add_outbox("a-1", "{}");
  CHECK(store->outbox_size() == 2);
}

TEST_CASE("store: a run is one row, and the last 1,000 are kept, newest first") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  committed(*store, [&] {
    for (int i = 0; i < 1'005; ++i) {
      store->put_run({"run-" + std::to_string(i), "running", "{}"});
      store->put_run({"run-" + std::to_string(i), "ok", "{\"n\":" + std::to_string(i) + "}"});
    }
  });
  const auto runs = store->runs(5'000);
  REQUIRE(runs.size() == 1'000);
  CHECK(runs.front().run_id == "run-1004");
  CHECK(runs.front().status == "ok");
  CHECK(runs.front().report == "{\"n\":1004}");
  CHECK(runs.back().run_id == "run-5");
  CHECK(store->runs(2).size() == 2);
  CHECK(store->runs(0).empty());
}

TEST_CASE("store: complete intervals that touch become one, also where a new one closes the gap between two") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  const auto add = [&](std::int64_t from, std::int64_t to, bool complete = true, const char* filter = "f",
                       const char* stage = "s") {
    committed(*store, [&] { store->add_interval({stage, from, to, filter, 1, 10, complete}); });
    return shown(store->intervals("s"));
  };
  CHECK(add(0, 10) == "0-10 ok 1/10");
  CHECK(add(10, 20) == "0-20 ok 2/20");
  CHECK(add(30, 40) == "0-20 ok 2/20, 30-40 ok 1/10");
  CHECK(add(20, 30) == "0-40 ok 4/40");
  CHECK(add(5, 15) == "0-40 ok 5/50");
  CHECK(add(100, 110) == "0-40 ok 5/50, 100-110 ok 1/10");
  CHECK(add(-10, 200) == "-10-200 ok 7/70");
  CHECK(add(200, 210, true, "other") == "-10-200 ok 7/70, 200-210 ok 1/10");
  CHECK(add(200, 210, true, "f", "another stage") == "-10-200 ok 7/70, 200-210 ok 1/10");
}

TEST_CASE("store: of an incomplete interval stays what no later complete one answers") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  const auto add = [&](std::int64_t from, std::int64_t to, bool complete, const char* filter = "f") {
    committed(*store, [&] { store->add_interval({"s", from, to, filter, 1, 1, complete}); });
    return shown(store->intervals("s"));
  };
  CHECK(add(0, 10, false) == "0-10 no 1/1");
  CHECK(add(0, 10, false) == "0-10 no 1/1, 0-10 no 1/1");
  CHECK(add(3, 7, true) == "0-3 no 1/1, 0-3 no 1/1, 3-7 ok 1/1, 7-10 no 1/1, 7-10 no 1/1");
  CHECK(add(7, 10, true) == "0-3 no 1/1, 0-3 no 1/1, 3-10 ok 2/2");
  CHECK(add(-1, 3, true) == "-1-10 ok 3/3");
  CHECK(add(2, 5, false) == "-1-10 ok 3/3, 2-5 no 1/1");  // asked again, and not answered
  CHECK(add(10, 11, true) == "-1-11 ok 4/4, 2-5 no 1/1");
  CHECK(add(2, 5, true) == "-1-11 ok 5/5");
  CHECK(add(20, 30, false) == "-1-11 ok 5/5, 20-30 no 1/1");
  CHECK(add(20, 30, true, "another filter") == "-1-11 ok 5/5, 20-30 no 1/1, 20-30 ok 1/1");
}

TEST_CASE("store: no statement changes, removes, replaces or skips an entry") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  committed(*store, [&] {
    for (int i = 0; i < 3; ++i) store->append("accepted", "r", kA, "");
  });
  const auto before = lines(*store);
  Database raw(temp / "state.db", false);
  for (const char* sql :
       {"UPDATE ledger SET body = 'x' WHERE seq = 2", "UPDATE ledger SET seq = 9 WHERE seq = 3", "DELETE FROM ledger",
        "DELETE FROM ledger WHERE seq = 3", "INSERT INTO ledger VALUES(3, 'x')", "INSERT INTO ledger VALUES(5, 'x')",
        "INSERT OR REPLACE INTO ledger VALUES(2, 'x')", "REPLACE INTO ledger VALUES(3, 'x')",
        "INSERT OR IGNORE INTO ledger VALUES(2, 'x')", "INSERT INTO ledger(body) VALUES('x')",
        "INSERT INTO ledger VALUES(2, 'x') ON CONFLICT DO UPDATE SET body = excluded.body"}) {
    CAPTURE(sql);
    CHECK_THROWS_WITH(raw.exec(sql), ContainsSubstring("the ledger is append-only"));
  }
  CHECK(lines(*store) == before);
}

TEST_CASE("store: an epoch is one more each time, whoever takes it") {
  const TempDir temp;
  {
    const auto store = Store::open(temp.path(), true);
    CHECK(store->take_epoch() == 1);
    CHECK(store->take_epoch() == 2);
  }
  CHECK(Store::open(temp.path(), false)->take_epoch() == 3);
}

TEST_CASE("store: a guarded store writes nothing more once another epoch was taken") {
  const TempDir temp;
  const auto first = Store::open(temp.path(), true);
  const auto second = Store::open(temp.path(), false);
  first->guard(first->take_epoch(), [] {});
  committed(*first, [&] { first->append("accepted", "r1", kA, ""); });
  second->guard(second->take_epoch(), [] {});
  try {
    first->begin();
    FAIL("begin() did not notice");
  } catch (const Error& e) {
    CHECK(e.code() == signalfoundry::Exit::locked);
    CHECK_THAT(e.what(), ContainsSubstring("its epoch is 2, this run's 1"));
  }
  committed(*second, [&] { CHECK(second->append("accepted", "r2", kB, "") == 2); });  // it is not locked out
  CHECK_THROWS_AS(first->begin(), Error);
  CHECK(lines(*second).size() == 2);
}

TEST_CASE("store: a guard is asked again before the commit, and what it throws leaves the books as they were") {
  const TempDir temp;
  const auto store = Store::open(temp.path(), true);
  bool held = true;
  store->guard(store->take_epoch(), [&] {
    if (!held) throw Error(signalfoundry::Exit::locked, "lost");
  });
  store->begin();
  store->append("accepted", "r1", kA, "");
  held = false;
  CHECK_THROWS_AS(store->commit(), Error);
  CHECK(store->head().entries == 0);
  store->rollback();  // as its callers do: nothing is open any more
  const auto other = Store::open(temp.path(), false);
  committed(*other, [&] { CHECK(other->append("accepted", "r2", kB, "") == 1); });
}
