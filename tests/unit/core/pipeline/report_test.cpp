// SPDX-License-Identifier: Apache-2.0
//
// Goal: the heartbeat says what happened: the first cause, the worst status, an exit code that fits, and every part
// with the run that it is of.
#include "pipeline/report.hpp"

#include <set>

#include "support/catch.h"

using signalfoundry::Exit;
using signalfoundry::pipeline::new_run_id;
using signalfoundry::pipeline::OrderedJson;
using signalfoundry::pipeline::Report;
using signalfoundry::store::Count;

namespace {

// "degraded 69 poll: no answer"
std::string state(const Report& r) {
  return r.status + " " + std::to_string(static_cast<int>(r.exit)) + " " + r.failed_stage + ": " + r.error;
}

std::string keys(const OrderedJson& object) {
  std::string out;
  for (const auto& [key, value] : object.items()) out += key + " ";
  return out;
}

Report finished() {
  Report r;
  r.run_id = "run-2";
  r.pipeline = "demo";
  r.started_ms = 1'726'653'704'788;
  r.finished_ms = 1'726'650'000'000;  // the wall clock was put back meanwhile
  r.started_monotonic_ms = 4'000;
  r.finished_monotonic_ms = 5'500;
  r.status = "ok";
  return r;
}

}  // namespace

TEST_CASE("report: a fault outside degrades the run with the exit code that names it, a fault inside fails it") {
  for (const Exit exit : {Exit::unavailable, Exit::cant_create, Exit::io, Exit::denied}) {
    Report r;
    r.blame("poll", "no answer", exit, false);
    CHECK(state(r) == "degraded " + std::to_string(static_cast<int>(exit)) + " poll: no answer");
  }
  Report r;
  r.blame("", "bug", Exit::internal, true);
  CHECK(state(r) == "failed 70 : bug");
  CHECK(r.stages.empty());
  Report mild;
  mild.blame("x", "odd", Exit::data, false);
  CHECK(state(mild) == "degraded 0 x: odd");
}

TEST_CASE("report: the first cause stays, the status only gets worse") {
  Report r;
  r.blame("poll", "no answer", Exit::unavailable, false);
  r.blame("cases", "disk full", Exit::cant_create, false);
  CHECK(state(r) == "degraded 69 poll: no answer");
  r.blame("policy", "bug", Exit::internal, true);
  CHECK(state(r) == "failed 69 poll: no answer");
  r.blame("poll", "again", Exit::unavailable, false);
  CHECK(state(r) == "failed 69 poll: no answer");
}

TEST_CASE("report: a run that failed never exits with 0") {
  Report r;
  r.blame("x", "odd", Exit::data, false);
  r.blame("policy", "bug", Exit::internal, true);
  CHECK(state(r) == "failed 70 x: odd");
}

TEST_CASE("report: a fault after the end of the run degrades it, a run that was locked out stays that") {
  Report r;
  r.status = "ok";
  r.blame("notify", "no answer", Exit::unavailable, false);
  CHECK(r.status == "degraded");
  Report locked;
  locked.status = "skipped_locked";
  locked.blame("", "x", Exit::io, false);
  CHECK(locked.status == "skipped_locked");
}

TEST_CASE("report: each stage that was blamed is marked with its own error") {
  Report r;
  r.stage("poll").plugin = "source_wazuh 1.0.0";
  r.blame("poll", "no answer", Exit::unavailable, false);
  r.blame("new", "bug", Exit::internal, true);
  REQUIRE(r.stages.size() == 2);
  CHECK(r.stage("poll").status == "failed");
  CHECK(r.stage("poll").error == "no answer");
  CHECK(r.stage("poll").plugin == "source_wazuh 1.0.0");
  CHECK(r.stage("new").error == "bug");
}

TEST_CASE("report: the members of the heartbeat, in order") {
  const OrderedJson json = finished().json();
  CHECK(keys(json) ==
        "schema run_id pipeline started finished duration_s status failed_stage error exit_code passes epoch counts "
        "queue ledger totals reconcile poll outbox disk stages ");
  const std::string counts =
      "fetched accepted duplicate triaged benign known_fp review escalated quarantined vanished packs notified ";
  CHECK(keys(json.at("counts")) == counts + "changed failed ");
  CHECK(keys(json.at("totals")) == counts + "waiting ");
  CHECK(keys(json.at("queue")) == "depth_start depth_end active deferred drop_ins left_alone oldest_age_s ");
  CHECK(json.at("started") == "2024-09-18T10:01:44.788Z");
  CHECK(json.at("finished") == "2024-09-18T09:00:00.000Z");
  CHECK(json.at("duration_s") == 1.5);
  CHECK(json.at("exit_code") == 0);
}

TEST_CASE("report: what is not known is null, not zero and not empty") {
  Report r = finished();
  r.finished_ms = 0;
  const OrderedJson json = r.json();
  CHECK(json.at("finished").is_null());
  CHECK(json.at("failed_stage").is_null());
  CHECK(json.at("error").is_null());
  CHECK(json.at("queue").at("oldest_age_s").is_null());
  CHECK(json.at("poll").at("watermark").is_null());
  CHECK(json.at("poll").at("lag_s").is_null());
}

TEST_CASE("report: a part that was not renewed says which run it is of") {
  Report r = finished();
  CHECK(r.json().at("reconcile").at("as_of_run_id").is_null());
  r.reconciled_run = "run-1";
  r.polled_run = "run-2";
  CHECK(r.json().at("reconcile").at("as_of_run_id") == "run-1");
  CHECK(!r.json().at("poll").contains("as_of_run_id"));
}

TEST_CASE("report: waiting is what was accepted and has no end yet") {
  Report r = finished();
  r.totals[Count::accepted] = 10;
  r.totals[Count::triaged] = 6;
  r.totals[Count::quarantined] = 1;
  CHECK(r.json().at("totals").at("waiting") == 3);
}

TEST_CASE("report: ages and lags are told from now, never below zero for the queue") {
  Report r = finished();
  r.watermark_ms = 1'726'653'704'788;
  r.oldest_ms = 9'000'000'000'000;
  CHECK(r.json().at("poll").at("watermark") == "2024-09-18T10:01:44.788Z");
  CHECK(r.json().at("poll").at("lag_s").get<double>() > 0);
  CHECK(r.json().at("queue").at("oldest_age_s") == 0.0);
}

TEST_CASE("run id: sorts by time, and two of one second differ") {
  const std::string id = new_run_id(1'726'653'704'788);
  CHECK(id.size() == 22);
  CHECK(id.substr(0, 16) == "20240918T100144-");
  CHECK(id.find_first_not_of("0123456789abcdef", 16) == std::string::npos);
  CHECK(new_run_id(1'726'653'705'000).substr(0, 16) > id.substr(0, 16));
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(new_run_id(0));
  CHECK(ids.size() > 15);
}

TEST_CASE("report: a part of a stage is a member, and its findings make the run degraded") {
  Report r = finished();
  r.status = "running";
  r.put_part("watch", "coverage", R"({"hosts":2})", {});
  r.conclude();
  CHECK(r.status == "ok");
  CHECK(r.json().at("coverage").dump() == R"({"hosts":2,"stage":"watch","findings":[]})");
  r.status = "running";
  r.put_part("watch", "coverage", R"({"hosts":3})", {"a is silent", "b is silent"});
  r.conclude();
  CHECK(r.status == "degraded");
  CHECK(r.error == "a is silent (and 1 more in \"coverage\")");
  CHECK(r.exit == Exit::ok);
  CHECK(r.json().at("failed_stage").is_null());
  CHECK(r.json().at("coverage").at("hosts") == 3);
}

TEST_CASE("report: of a drain, what the last pass found counts") {
  Report r = finished();
  r.status = "running";
  r.put_part("watch", "coverage", "{}", {"a is silent"});
  r.put_part("watch", "coverage", "{}", {});
  r.conclude();
  CHECK(r.status == "ok");
}

TEST_CASE("report: no stage takes a member of the report or of another stage") {
  Report r = finished();
  for (const char* name : {"queue", "status", "stages", "", "Big", "a1", "a.b", "abcdefghijklmnopqrstuvwxyzabcdefg"})
    CHECK_THROWS_AS(r.put_part("watch", name, "{}", {}), signalfoundry::Error);
  for (const char* json : {"", "[]", "1", "{", "{}x"})
    CHECK_THROWS_AS(r.put_part("watch", "coverage", json, {}), signalfoundry::Error);
  r.put_part("watch", "coverage", "{}", {});
  CHECK_THROWS_AS(r.put_part("other", "coverage", "{}", {}), signalfoundry::Error);
}

TEST_CASE("report: a part that was not renewed is of the run that put it, and degrades nothing") {
  Report first = finished();
  first.run_id = "run-1";
  first.put_part("watch", "coverage", R"({"hosts":2})", {"a is silent"});
  const auto before = nlohmann::json::parse(first.json().dump());
  Report second = finished();
  second.status = "running";
  second.run_id = "run-2";
  second.carry_parts(before, "gone");
  CHECK(!second.json().contains("coverage"));
  second.carry_parts(before, "watch");
  second.conclude();
  CHECK(second.status == "ok");
  CHECK(second.json().at("coverage").at("as_of_run_id") == "run-1");
  CHECK(second.json().at("coverage").at("findings").at(0) == "a is silent");
  Report third = finished();
  third.run_id = "run-3";
  third.carry_parts(nlohmann::json::parse(second.json().dump()), "watch");
  CHECK(third.json().at("coverage").at("as_of_run_id") == "run-1");
  third.put_part("watch", "coverage", "{}", {});
  CHECK(!third.json().at("coverage").contains("as_of_run_id"));
}
