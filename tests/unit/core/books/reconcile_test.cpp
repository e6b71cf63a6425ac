// SPDX-License-Identifier: Apache-2.0
//
// Goal: each way in which books and disk can differ is found and named, and nothing that agrees is complained of.
#include "books/reconcile.hpp"

#include "support/catch.h"
#include "world.hpp"

using signalfoundry::books::reconcile_all;
using signalfoundry::books::reconcile_some;
using signalfoundry::store::AlertState;
using signalfoundry::store::Count;
using signalfoundry::store::Counts;
using signalfoundry::store::Disposition;

TEST_CASE("reconcile: a state in which all agrees has nothing to say") {
  const World w;
  CHECK(w.all() == "");
  CHECK(reconcile_all(w.dirs, *w.store).checked == 4);
  CHECK(reconcile_all(w.dirs, *w.store).total() == 0);
}

TEST_CASE("reconcile: a state in which nothing was recorded has nothing to say") {
  const TempDir temp;
  const auto dirs = signalfoundry::queue::StateDir::open(temp / "state");
  const auto store = signalfoundry::store::Store::open(temp / "state", true);
  CHECK(World::said(reconcile_all(dirs, *store)) == "");
}

TEST_CASE("reconcile: what the books say is there and is not") {
  const World w;
  SECTION("a waiting alert's file") {
    w.dirs.queue.remove(World::queue_name(w.waiting));
    CHECK(w.all() == "queue_missing: " + w.waiting + "; ");
  }
  SECTION("a case") {
    w.cases().remove_tree("c-" + w.benign);
    CHECK(w.all() == "case_missing: " + w.benign + "; ");
  }
  SECTION("a processed alert; its second set of bytes does not stand in for it") {
    w.processed().remove(w.benign + ".json");
    CHECK(w.all() == "processed_missing: " + w.benign + "; ");
  }
  SECTION("a pack") {
    w.dirs.packs.remove_tree("c-" + w.escalated);
    CHECK(w.all() == "pack_missing: " + w.escalated + "; ");
  }
  SECTION("a quarantined file; its reason does not stand in for it") {
    w.dirs.quarantine.remove(w.broken + "-x.json");
    CHECK(w.all() == "quarantine_missing: " + w.broken + "; ");
  }
}

TEST_CASE("reconcile: what is there and the books do not know, before, between and after the keys that they know") {
  const World w;
  for (const std::string& key : {std::string(32, '0'), std::string(31, '2') + "3", w.other}) {
    CAPTURE(key);
    w.cases().make("c-" + key);
    CHECK(w.all() == "case_unknown: " + key + "; ");
    w.cases().remove_tree("c-" + key);
    w.processed().create_file(key + ".json", "");
    CHECK(w.all() == "processed_unknown: " + key + "; ");
    w.processed().remove(key + ".json");
    w.dirs.packs.make("c-" + key);
    CHECK(w.all() == "pack_unknown: " + key + "; ");
    w.dirs.packs.remove_tree("c-" + key);
    w.dirs.quarantine.create_file(key + "-y", "");
    CHECK(w.all() == "quarantine_unknown: " + key + "; ");
    w.dirs.quarantine.remove(key + "-y");
    w.dirs.queue.create_file(World::queue_name(key), "");
    CHECK(w.all() == "");
    w.dirs.queue.remove(World::queue_name(key));
  }
}

TEST_CASE("reconcile: a pack of an alert whose books have none") {
  const World w;
  w.dirs.packs.make("c-" + w.benign);
  CHECK(w.all() == "pack_unknown: " + w.benign + "; ");
}

TEST_CASE("reconcile: names that are not the runner's are foreign, in every folder but the queue") {
  const World w;
  w.cases().make("c-notakey");
  w.processed().create_file("notes.txt", "");
  w.dirs.packs.make("backup");
  w.dirs.quarantine.create_file("evil\n.json", "");
  w.dirs.queue.create_file("anything at all", "");
  CHECK(w.all() == "foreign_name: cases: c-notakey processed: notes.txt packs: backup quarantine: evil\\x0A.json; ");
}

TEST_CASE("reconcile: at most ten examples of a kind, and all are counted") {
  const World w;
  for (int i = 0; i < 25; ++i) w.dirs.packs.make("foreign-" + std::to_string(i));
  const auto findings = reconcile_all(w.dirs, *w.store);
  CHECK(findings.total() == 25);
  CHECK(findings.mismatches.at("foreign_name").count == 25);
  CHECK(findings.mismatches.at("foreign_name").examples.size() == 10);
}

TEST_CASE("reconcile: what an interrupted run left is no mismatch while its files are in active/ or .accept/") {
  const World w;
  const bool accept = GENERATE(false, true);
  w.cases().make("c-" + w.other);
  w.processed().create_file(w.other + ".json", "");
  w.dirs.quarantine.create_file(w.other + "-y", "");
  const auto& where = accept ? w.dirs.accept : w.dirs.active;
  where.create_file(World::queue_name(w.other), "");
  CHECK(w.all() == "(case_unknown: " + w.other + "); (processed_unknown: " + w.other +
                       "); (quarantine_unknown: " + w.other + "); ");
  where.remove(World::queue_name(w.other));
  CHECK(reconcile_all(w.dirs, *w.store).total() == 3);
}

TEST_CASE("reconcile: a waiting alert in active/ is there; one with a case already is unfinished") {
  const World w;
  w.dirs.queue.remove(World::queue_name(w.waiting));
  w.dirs.active.create_file(World::queue_name(w.waiting), "{}");
  CHECK(w.all() == "");
  w.cases().make("c-" + w.waiting);
  CHECK(w.all() == "(unfinished: " + w.waiting + "); ");
}

TEST_CASE("reconcile: a verdict whose file is still in active/ is unfinished, not missing") {
  const World w;
  w.processed().remove(w.benign + ".json");
  w.dirs.active.create_file(World::queue_name(w.benign), "{}");
  CHECK(w.all() == "(unfinished: " + w.benign + "); ");
}

TEST_CASE("reconcile: a pipeline that lost all its cases misses them, one without a cases stage misses none") {
  const World w;
  w.dirs.cases.remove_tree("2024");
  CHECK(w.all() == "case_missing: " + w.benign + " " + w.escalated + "; ");
  CHECK(World::said(reconcile_some(w.dirs, *w.store, {w.benign})) == "case_missing: " + w.benign + "; ");

  const TempDir temp;
  const auto dirs = signalfoundry::queue::StateDir::open(temp / "state");
  const auto store = signalfoundry::store::Store::open(temp / "state", true);
  store->put({w.benign, AlertState::triaged, Disposition::benign, 1, 2, World::kTime, false});
  dirs.processed.sub_path(w.day).create_file(w.benign + ".json", "");
  CHECK(!reconcile_all(dirs, *store).mismatches.contains("case_missing"));
  CHECK(!reconcile_some(dirs, *store, {w.benign}).mismatches.contains("case_missing"));
}

TEST_CASE("reconcile: each sum that does not hold is named") {
  const World w;
  const auto [count, expected] = GENERATE(table<Count, std::string>({
      {Count::fetched, "sum_fetched "},
      {Count::duplicate, "sum_fetched "},
      {Count::accepted, "sum_accepted sum_fetched totals_accepted "},
      {Count::triaged, "sum_accepted sum_triaged totals_triaged "},
      {Count::benign, "sum_triaged totals_benign "},
      {Count::known_fp, "sum_triaged totals_known_fp "},
      {Count::review, "sum_triaged totals_review "},
      {Count::escalated, "sum_triaged totals_escalated "},
      {Count::quarantined, "sum_accepted totals_quarantined "},
      {Count::packs, "totals_packs "},
  }));
  Counts more;
  more[count] = 1;
  w.store->add(more);
  std::string names;
  for (const auto& [name, category] : reconcile_all(w.dirs, *w.store).mismatches) names += name + " ";
  CHECK(names == expected);
}

TEST_CASE("reconcile: a row that was changed is found by the totals, and by what is missing") {
  const World w;
  auto row = *w.store->find(w.waiting);
  row.state = AlertState::triaged;
  row.disposition = Disposition::review;
  w.store->put(row);
  const auto findings = reconcile_all(w.dirs, *w.store);
  for (const char* category : {"case_missing", "totals_review", "totals_triaged", "sum_accepted"})
    CHECK(findings.mismatches.contains(category));
}

TEST_CASE("reconcile: of some alerts, what is missing of them, and nothing of others") {
  const World w;
  const std::vector<std::string> keys{w.benign, w.escalated, w.broken};
  const auto some = [&](const std::vector<std::string>& which) {
    return World::said(reconcile_some(w.dirs, *w.store, which));
  };
  CHECK(some(keys) == "");
  CHECK(some({}) == "");
  CHECK(reconcile_some(w.dirs, *w.store, keys).checked == 3);
  w.cases().remove_tree("c-" + w.benign);
  w.processed().remove(w.escalated + ".json");
  w.dirs.packs.remove_tree("c-" + w.escalated);
  CHECK(some(keys) ==
        "case_missing: " + w.benign + "; pack_missing: " + w.escalated + "; processed_missing: " + w.escalated + "; ");
  CHECK(some({w.broken}) == "");
  CHECK(some({w.waiting, w.other}) == "ledger_missing: " + w.waiting + " " + w.other + "; ");
}

TEST_CASE("reconcile: of some alerts, the sums are looked at too") {
  const World w;
  Counts more;
  more[Count::fetched] = 1;
  w.store->add(more);
  CHECK(reconcile_some(w.dirs, *w.store, {}).mismatches.contains("sum_fetched"));
}

TEST_CASE("reconcile: intervals that end before they begin are named, polls that did not end are noted") {
  const World w;
  w.store->add_interval({"poll", 0, 1000, "f", 1, 1, true});
  w.store->add_interval({"poll", 1000, 2000, "f", 1, 1, true});  // joined to the first
  w.store->add_interval({"poll", 500, 1500, "another", 1, 1, true});
  w.store->add_interval({"other", 500, 1500, "f", 1, 1, true});
  CHECK(w.all() == "");
  w.store->add_interval({"poll", 5000, 4000, "f", 1, 1, false});
  w.store->add_interval({"poll", 7000, 8000, "f", 1, 1, false});
  CHECK(w.all() ==
        "interval_inverted: poll: 1970-01-01T00:00:05.000Z to 1970-01-01T00:00:04.000Z; "
        "(interval_unfinished: poll: 1970-01-01T00:00:07.000Z to 1970-01-01T00:00:08.000Z); ");
}

TEST_CASE("reconcile: a message of an alert without a verdict, of none at all, and one that is no JSON") {
  const World w;
  w.store->add_outbox(w.benign + "-0", "{}");
  CHECK(w.all() == "");
  w.store->add_outbox(w.benign + "-1", "{");
  w.store->add_outbox(w.waiting + "-0", "{}");
  w.store->add_outbox("\x1b[31m", "{}");
  CHECK(w.all() == "outbox_damaged: " + w.benign + "-1; outbox_unknown: \\x1B[31m " + w.waiting + "-0; ");
}
