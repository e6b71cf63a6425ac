// SPDX-License-Identifier: Apache-2.0
//
// Goal: credentials that were refused are tried after a growing pause, and at once when they change.
#include "pipeline/refusal.hpp"

#include "pipeline/run.hpp"
#include "process.hpp"
#include "support/catch.h"

using namespace signalfoundry::pipeline;
using signalfoundry::Exit;
using signalfoundry::config::StageConfig;

namespace {

constexpr std::int64_t kNow = 1'795'549'345'000;
constexpr std::int64_t kMinute = 60'000;

// A stage with a password in a file.
struct Stage {
  TempDir temp;
  StageConfig config = scripted::stage_config("poll");
  Stage() {
    write("first");
    config.secrets["password"] = {temp / "pass", ""};
  }
  void write(const std::string& secret) const { std::ofstream(temp / "pass") << secret << "\n"; }
};

}  // namespace

TEST_CASE("refusal: the pause begins with a minute, doubles with each refusal, and ends at an hour", "[refusal]") {
  std::optional<Refusal> last;
  std::vector<std::int64_t> minutes;
  for (int i = 0; i < 9; ++i) {
    last = refused_again(last, "a", kNow, "no");
    minutes.push_back((last->not_before_ms - kNow) / kMinute);
  }
  CHECK(minutes == std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60, 60});
  CHECK(refused_again(last, "b", kNow, "no").not_before_ms == kNow + kMinute);  // another credential begins anew
}

TEST_CASE("refusal: of a day of runs, one every 30 s, thirty try", "[refusal]") {
  std::optional<Refusal> last;
  int tried = 0;
  for (std::int64_t at = kNow; at < kNow + 24 * 60 * kMinute; at += kMinute / 2) {
    if (last && held_back(*last, "a", at)) continue;
    ++tried;
    last = refused_again(last, "a", at, "no");
  }
  CHECK(tried == 6 + 23);  // the six that double, then one an hour
}

TEST_CASE("refusal: a clock that is set back holds nothing for longer than an hour", "[refusal]") {
  const auto once = refused_again(std::nullopt, "a", kNow, "no");
  CHECK(held_back(once, "a", kNow));
  CHECK(held_back(once, "a", kNow + kMinute - 1));
  CHECK_FALSE(held_back(once, "a", kNow + kMinute));
  CHECK(held_back(once, "a", kNow - 10 * kMinute));
  CHECK_FALSE(held_back(once, "a", kNow - 60 * kMinute));
  CHECK_FALSE(held_back(once, "b", kNow));
}

TEST_CASE("refusal: credentials are known by their file and the settings, never by their bytes", "[refusal]") {
  Stage stage;
  const auto first = credentials_of(stage.config);
  CHECK(first == credentials_of(stage.config));
  CHECK(first.size() == 32);
  stage.write("secnd");  // as long as before
  const auto second = credentials_of(stage.config);
  CHECK(second != first);
  ::chmod((stage.temp / "pass").c_str(), 0600);
  const auto third = credentials_of(stage.config);
  CHECK(third != second);
  stage.config.settings["url"] = "https://other.example:9200";
  CHECK(credentials_of(stage.config) != third);
  StageConfig variable = scripted::stage_config("poll");
  variable.secrets["password"] = {"", "SF_TEST_SECRET"};
  const auto named = credentials_of(variable);
  ::setenv("SF_TEST_SECRET", "value", 1);
  CHECK(credentials_of(variable) == named);
  ::unsetenv("SF_TEST_SECRET");
}

TEST_CASE("refusal: what the state keeps is read again; anything else is no refusal", "[refusal]") {
  const auto once = refused_again(std::nullopt, "a", kNow, "user \"x\" is \x1b[31mrefused");
  const auto again = refusal_from(to_state(once));
  REQUIRE(again);
  CHECK(to_state(*again) == to_state(once));
  CHECK(again->sentence.find('\x1b') == std::string::npos);
  for (const char* text : {"", "{}", "[]", "null", R"({"v":1})", R"({"v":2,"credentials":"a"})",
                           R"({"v":1,"credentials":"a","times":-1.5,"at_ms":"x","not_before_ms":0,"sentence":""})"})
    CHECK_FALSE(refusal_from(text));
}

namespace {

// A pipeline whose source counts how often it is asked, and answers as told.
struct Runs : Machine {
  Stage stage;
  Script poll{"poll"};
  int asked = 0;
  sf_status answer = SF_DENIED;
  Report report;

  Runs() {
    poll.poll = [this](const Made&, const sf_record_sink*, sf_error* error) -> sf_status {
      ++asked;
      return answer < 0 ? fail_with(error, answer, "the server refuses user \"x\" (401)") : answer;
    };
  }
  // One run in a new process.
  Exit run(bool try_refused = false) {
    restart();
    process->config.stages.push_back(stage.config);
    process->report.run_id = "run";
    {
      Run one(process->config, {&scripted::source_plugin()}, process->queue, *process->store, process->report,
              process->stop, [] {});
      one.execute(false, try_refused);
    }
    report = process->report;
    return report.exit;
  }
  // As if so much time had passed.
  void age(std::int64_t ms) {
    process->store->begin();
    process->store->each_state("poll", [&](const std::string& key, const std::string& value) {
      auto kept = refusal_from(value);
      if (key != kRefusalKey || !kept) return;
      kept->at_ms -= ms;
      kept->not_before_ms -= ms;
      process->store->set_state("poll", key, to_state(*kept));
    });
    process->store->commit();
  }
};

}  // namespace

TEST_CASE("refusal: fifty runs ask once, each says why, and a changed file is tried at once", "[refusal]") {
  Runs runs;
  CHECK(runs.run() == Exit::denied);
  for (int i = 1; i < 50; ++i) CHECK(runs.run() == Exit::denied);
  CHECK(runs.asked == 1);
  CHECK(runs.report.status == "degraded");
  CHECK_THAT(runs.report.error, ContainsSubstring("were refused once, at "));
  CHECK_THAT(runs.report.error,
             ContainsSubstring("(the server refuses user \"x\" (401)), and are not tried again before"));
  CHECK_THAT(runs.report.error,
             ContainsSubstring("as soon as the file \"" + (runs.stage.temp / "pass") + "\" changes"));
  runs.age(kMinute);
  CHECK(runs.run() == Exit::denied);
  CHECK(runs.run() == Exit::denied);
  CHECK(runs.asked == 2);
  CHECK_THAT(runs.report.error, ContainsSubstring("were refused 2 times, the last at "));
  runs.age(kMinute);  // it is two now
  CHECK(runs.run() == Exit::denied);
  CHECK(runs.asked == 2);
  CHECK(runs.run(true) == Exit::denied);  // --try-refused
  CHECK(runs.asked == 3);
  runs.stage.write("second");
  CHECK(runs.run() == Exit::denied);
  CHECK(runs.asked == 4);
  CHECK(runs.run() == Exit::denied);
  CHECK(runs.asked == 4);
}

TEST_CASE("refusal: what the runner keeps is no plugin's to read or write", "[refusal]") {
  Runs runs;
  REQUIRE(runs.run() == Exit::denied);
  runs.age(kMinute);
  sf_status got = SF_OK;
  sf_status put = SF_OK;
  runs.poll.poll = [&](const Made& made, const sf_record_sink*, sf_error*) -> sf_status {
    const auto* api = static_cast<const sf_state_api*>(made.host->get_service(made.host, SF_SERVICE_STATE));
    const sf_bytes_sink sink{sizeof(sf_bytes_sink), 0, nullptr,
                             [](const sf_bytes_sink*, sf_str) -> sf_status { return SF_OK; }};
    got = api->get(made.host, c_str(kRefusalKey), &sink);
    put = api->put(made.host, c_str(kRefusalKey), c_str("x"));
    return SF_END;
  };
  CHECK(runs.run() == Exit::ok);
  CHECK(got == SF_ABSENT);
  CHECK(put == SF_INVALID);
}

TEST_CASE("refusal: it is forgotten once the server lets them in, and no other fault makes one", "[refusal]") {
  Runs runs;
  runs.answer = SF_RETRY;
  CHECK(runs.run() == Exit::unavailable);
  CHECK(runs.run() == Exit::unavailable);
  CHECK(runs.asked == 2);
  runs.answer = SF_DENIED;
  CHECK(runs.run() == Exit::denied);
  runs.age(kMinute);
  runs.answer = SF_END;
  CHECK(runs.run() == Exit::ok);
  CHECK(runs.asked == 4);
  runs.answer = SF_DENIED;
  CHECK(runs.run() == Exit::denied);
  runs.age(kMinute);
  CHECK(runs.run() == Exit::denied);  // the first of a new row: a minute was enough
  CHECK(runs.asked == 6);
}
