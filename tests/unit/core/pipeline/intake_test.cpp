// SPDX-License-Identifier: Apache-2.0
//
// Goal: a page of a source is in the books and in the queue as a whole or not at all, and a crash at any step is
// settled.
#include "pipeline/intake.hpp"

#include "alert/alert.hpp"
#include "process.hpp"
#include "store/sqlite.hpp"
#include "support/catch.h"

using signalfoundry::Json;
using signalfoundry::pipeline::Intake;
using signalfoundry::store::AlertState;
using Names = std::set<std::string>;

namespace {

struct Source : Machine {
  std::unique_ptr<Intake> intake = make();

  std::unique_ptr<Intake> make() const { return std::make_unique<Intake>(process->context, "poll", process->mapping); }
  sf_status push(const std::string& bytes, const char* position = "", const char* id = "") const {
    return intake->sink()->push(intake->sink(), c_str(bytes), c_str(id), c_str(position));
  }
  sf_status reject(std::string_view bytes, std::string_view reason) const {
    return intake->sink()->reject(intake->sink(), c_str(bytes), c_str(reason));
  }
  signalfoundry::Alert alert(int number) const {
    return signalfoundry::read_alert(wazuh_alert(number), "poll", process->mapping, "", 0);
  }
  std::string name(int number) const { return signalfoundry::queue::make_name(alert(number)); }
  // Books an alert as waiting, its file nowhere yet.
  void book_waiting(int number) const {
    process->store->begin();
    const auto seq = process->store->append("accepted", "run-0", alert(number).key, "");
    process->store->put(
        {alert(number).key, AlertState::waiting, signalfoundry::store::Disposition::none, seq, 0, 0, false});
    signalfoundry::store::Counts counts;
    counts[signalfoundry::store::Count::fetched] = counts[signalfoundry::store::Count::accepted] = 1;
    process->store->add(counts);
    process->store->commit();
  }
};

}  // namespace

TEST_CASE("intake: nothing is in books or queue before the page is flushed, everything is after it") {
  Source source;
  CHECK(source.push(wazuh_alert(1), "after 1") == SF_OK);
  CHECK(source.push(wazuh_alert(2), "after 2") == SF_OK);
  const sf_interval interval{sizeof(sf_interval), 3, 1'000, 2'000, 2, c_str("level>3"), 1, 0};
  CHECK(source.intake->sink()->interval(source.intake->sink(), &interval) == SF_OK);
  CHECK(source->dirs.queue.empty());
  CHECK(source->ledger() == "");
  source.intake->flush();
  CHECK(names_in(source->dirs.queue) == Names{source.name(1), source.name(2)});
  CHECK(source->dirs.accept.empty());
  CHECK(bytes_of(source->dirs.queue, source.name(1)) == wazuh_alert(1));
  CHECK(source->ledger() == "accepted:1 accepted:2");
  CHECK(source->counted() == "fetched 2, accepted 2");
  CHECK(source->store->cursor("poll") == "after 2");
  const auto intervals = source->store->intervals("poll");
  REQUIRE(intervals.size() == 1);
  CHECK(intervals[0].from_ms == 1'000);
  CHECK(intervals[0].to_ms == 2'000);
  CHECK(intervals[0].pages == 3);
  CHECK(intervals[0].fetched == 2);
  CHECK(intervals[0].filter == "level>3");
  CHECK(intervals[0].complete);
  CHECK(source->store->find(source.alert(1).key)->state == AlertState::waiting);
  CHECK(source->queue.added_in_all() == 2);
  CHECK(source->mismatches() == "");
  source.intake->flush();
  CHECK(source->counted() == "fetched 2, accepted 2");
}

TEST_CASE("intake: what is known is a duplicate: in the page, from an earlier page, from an earlier run") {
  Source source;
  source.push(wazuh_alert(1));
  source.push(wazuh_alert(1, R"(,"@timestamp":"x")"));
  source.intake->flush();
  source.push(wazuh_alert(1));
  source.intake->flush();
  CHECK(source->counted() == "fetched 3, accepted 1, duplicate 2");
  source.intake.reset();
  source.restart();
  source.intake = source.make();
  source.push(wazuh_alert(1));
  source.intake->flush();
  CHECK(source->counted() == "fetched 1, duplicate 1");
  CHECK(source->ledger() == "accepted:1");
  CHECK(source->mismatches() == "");
}

TEST_CASE("intake: a position alone, and an interval alone, are kept") {
  Source source;
  CHECK(source.intake->sink()->checkpoint(source.intake->sink(), c_str("here")) == SF_OK);
  source.intake->flush();
  CHECK(source->store->cursor("poll") == "here");
  source.intake->flush();
  const sf_interval interval{sizeof(sf_interval), 1, 0, 10, 0, c_str(""), 0, 0};
  source.intake->sink()->interval(source.intake->sink(), &interval);
  source.intake->flush();
  CHECK(source->store->intervals("poll").size() == 1);
  CHECK(source->store->cursor("poll") == "here");
  CHECK(source->ledger() == "");
}

TEST_CASE("intake: what is no alert, or too large, is quarantined and booked, once") {
  Source source;
  source->config.max_alert_bytes = 1'000;
  CHECK(source.push("no json", "p1") == SF_OK);
  CHECK(source.push(wazuh_alert(1, R"(,"x":")" + std::string(1'000, 'x') + "\""), "p2") == SF_OK);
  CHECK(source.push("[]", "p3") == SF_OK);
  CHECK(source.push("no json", "p4") == SF_OK);
  source.intake->flush();
  CHECK(source->counted() == "fetched 4, accepted 3, duplicate 1, quarantined 3");
  CHECK(source->ledger() == "accepted:1 quarantined:2 accepted:3 quarantined:4 accepted:5 quarantined:6");
  CHECK(names_in(source->dirs.quarantine).size() == 6);
  CHECK(source->store->cursor("poll") == "p4");
  CHECK(source->mismatches() == "");
}

TEST_CASE("intake: a source's reason of any bytes becomes a line of JSON, bounded and printable") {
  Source source;
  source.reject("bytes", "bad\nline \x1b[2J \xff\xfe " + std::string(5'000, 'x'));
  source.intake->flush();
  const std::string line = source->store->entry(2).value();
  CHECK(line.find_first_of("\n\x1b\xff\xfe") == std::string::npos);
  CHECK(line.size() < 1'000);
  const Json entry = Json::parse(line);
  CHECK(entry.at("kind") == "quarantined");
  CHECK(entry.at("reason").get<std::string>().starts_with("bad\\x0Aline \\x1B[2J \\xFF\\xFE xxx"));
  CHECK(bytes_of(source->dirs.quarantine, entry.at("file").get<std::string>()) == "bytes");
}

TEST_CASE("intake: a page is flushed by itself when it is full") {
  Source source;
  for (int i = 0; i < 1'000; ++i) source.push(wazuh_alert(i));
  CHECK(source->report.counts[signalfoundry::store::Count::accepted] == 1'000);
  source.push(wazuh_alert(1'000));
  CHECK(source->report.counts[signalfoundry::store::Count::accepted] == 1'000);
  source.intake->flush();
  CHECK(source->report.counts[signalfoundry::store::Count::accepted] == 1'001);
}

TEST_CASE("intake: what is no page yet is durable after the first rest, whatever the source then waits for") {
  Source source;
  source.push(wazuh_alert(1), "p1");
  source.intake->rest();
  CHECK(source->ledger() == "accepted:1");
  CHECK(names_in(source->dirs.queue) == Names{source.name(1)});
  CHECK(source->store->cursor("poll") == "p1");
  source->store->begin();  // and the store is free
  source->store->commit();
}

TEST_CASE("intake: a page that cannot be booked at a rest is told to the source and to the run") {
  Source source;
  source->dirs.accept.make(source.name(1));
  source.push(wazuh_alert(1), "p1");
  source.intake->rest();
  REQUIRE(source.intake->fault());
  CHECK(source.push(wazuh_alert(2)) == SF_FATAL);
  CHECK(source->ledger() == "");
}

TEST_CASE("intake: a run that is stopping takes nothing more") {
  Source source;
  source->stop = true;
  CHECK(source.push(wazuh_alert(1)) == SF_CANCELLED);
  CHECK(source.reject("x", "y") == SF_CANCELLED);
  source->stop = false;
  source.intake->flush();
  CHECK(source->ledger() == "");
}

TEST_CASE("intake: a page that cannot be booked leaves books, cursor and disk as they were") {
  Source source;
  signalfoundry::store::Database raw(source.temp / "state/state.db", false);
  raw.exec("CREATE TRIGGER full BEFORE INSERT ON cursor BEGIN SELECT RAISE(ABORT, 'no room'); END");
  source.push(wazuh_alert(1), "p1");
  source.push(wazuh_alert(2), "p2");
  CHECK_THROWS_WITH(source.intake->flush(), ContainsSubstring("no room"));
  CHECK(source->ledger() == "");
  CHECK(source->counted() == "");
  CHECK(source->store->head().entries == 0);
  CHECK(source->store->totals().values == signalfoundry::store::Counts{}.values);
  CHECK(source->dirs.queue.empty());
  CHECK(source->dirs.accept.empty());
  raw.exec("DROP TRIGGER full");
  source.intake = source.make();
  source.push(wazuh_alert(1), "p1");
  source.intake->flush();
  CHECK(source->counted() == "fetched 1, accepted 1");
  CHECK(source->mismatches() == "");
}

TEST_CASE("intake: a page that is given up before it is flushed leaves nothing, and the store is free") {
  Source source;
  source.push(wazuh_alert(1), "p1");
  source.intake.reset();
  CHECK(source->ledger() == "");
  CHECK(source->dirs.accept.empty());
  source->store->begin();
  source->store->commit();
}

TEST_CASE("intake: a fault on our side is told to the source as SF_FATAL and to the run as what it was") {
  Source source;
  for (int i = 0; i < 999; ++i) source.push(wazuh_alert(i));
  source->dirs.accept.make(source.name(0));
  CHECK(!source.intake->fault());
  CHECK(source.push(wazuh_alert(999)) == SF_FATAL);
  REQUIRE(source.intake->fault());
  CHECK_THAT(source.intake->fault()->what(), ContainsSubstring("cannot create"));
  CHECK(source.push(wazuh_alert(1'000)) == SF_FATAL);
  CHECK(source->ledger() == "");
}

TEST_CASE(
    "recover: a file whose entry is in the books moves into the queue, any other is offered again by the source") {
  Source source;
  source.book_waiting(1);
  source->dirs.accept.create_file(source.name(1), wazuh_alert(1));
  source->dirs.accept.create_file(source.name(2), wazuh_alert(2));
  source->dirs.accept.create_file("garbage", "");
  source->dirs.accept.sub("folder").create_file("x", "");
  Intake::recover(source->context);
  CHECK(source->dirs.accept.empty());
  CHECK(names_in(source->dirs.queue) == Names{source.name(1)});
  CHECK(source->mismatches() == "");
  Intake::recover(source->context);
  CHECK(names_in(source->dirs.queue) == Names{source.name(1)});
}

TEST_CASE(
    "recover: an accepted alert whose name somebody took in the queue is not lost; what took it becomes a drop-in") {
  Source source;
  const bool crash = GENERATE(false, true);
  CAPTURE(crash);
  const std::string aside = "foreign-" + signalfoundry::sha256_hex(source.name(1)).substr(0, 16);
  source->dirs.queue.create_file(source.name(1), "somebody else's");
  if (crash) {
    source.book_waiting(1);
    source->dirs.accept.create_file(source.name(1), wazuh_alert(1));
    source->dirs.queue.create_file(aside + "-0.json", "another one's");
    Intake::recover(source->context);
  } else {
    source.push(wazuh_alert(1));
    source.intake->flush();
  }
  CHECK(source->dirs.accept.empty());
  CHECK(bytes_of(source->dirs.queue, source.name(1)) == wazuh_alert(1));
  CHECK(bytes_of(source->dirs.queue, aside + (crash ? "-1.json" : "-0.json")) == "somebody else's");
  CHECK(source->mismatches() == "");
}
