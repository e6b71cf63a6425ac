// SPDX-License-Identifier: Apache-2.0
//
// Goal: what one topic or partition meets keeps no other from being read, and moves no place. The brokers are
// librdkafka's own mock cluster, since a real one is not made to lose a leader or a right at a chosen moment.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include <chrono>
#include <set>
#include <string>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::MockHost;
using sf::testing::MockPoll;
using sf::testing::SourceUnderTest;

namespace {

constexpr std::int16_t kFetch = 1;  // the protocol's number of that request

// Two brokers; partition 0 of a topic is led by broker 1, partition 1 by broker 2.
class Brokers {
 public:
  Brokers() {
    auto* conf = rd_kafka_conf_new();
    char why[300] = {};
    for (const auto& [key, value] : {std::pair{"test.mock.num.brokers", "2"}, {"log_level", "2"}})
      REQUIRE(rd_kafka_conf_set(conf, key, value, why, sizeof why) == RD_KAFKA_CONF_OK);
    kafka_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    REQUIRE(kafka_ != nullptr);
    mock_ = rd_kafka_handle_mock_cluster(kafka_);
  }
  ~Brokers() { rd_kafka_destroy(kafka_); }
  Brokers(const Brokers&) = delete;
  Brokers& operator=(const Brokers&) = delete;

  void topic(const char* name) {
    REQUIRE(rd_kafka_mock_topic_create(mock_, name, 2, 1) == RD_KAFKA_RESP_ERR_NO_ERROR);
    lead(name, 0, 1);
    lead(name, 1, 2);
  }
  void lead(const char* topic, std::int32_t partition, std::int32_t broker) {
    REQUIRE(rd_kafka_mock_partition_set_leader(mock_, topic, partition, broker) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void produce(const char* topic, std::int32_t partition, int count) {
    for (int i = 0; i < count; ++i) {
      const auto value =
          json{{"id", std::string(topic) + std::to_string(partition) + "." + std::to_string(made_++)}}.dump();
      REQUIRE(rd_kafka_producev(kafka_, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    REQUIRE(rd_kafka_flush(kafka_, 30'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void refuse_topic(const char* topic, rd_kafka_resp_err_t code) { rd_kafka_mock_topic_set_error(mock_, topic, code); }
  void refuse_fetch(std::int32_t broker, rd_kafka_resp_err_t code) {
    REQUIRE(rd_kafka_mock_broker_push_request_error_rtts(mock_, broker, kFetch, 1, code, 0) ==
            RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  // It answers its next request for records so late.
  void delay_fetch(std::int32_t broker, int ms) {
    REQUIRE(rd_kafka_mock_broker_push_request_error_rtts(mock_, broker, kFetch, 1, RD_KAFKA_RESP_ERR_NO_ERROR, ms) ==
            RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  // It answers so much later from now on.
  void slow(std::int32_t broker, int ms) {
    REQUIRE(rd_kafka_mock_broker_set_rtt(mock_, broker, ms) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  json settings_of(const json& topics) const {
    json out = {{"brokers", json::array()}, {"topics", topics}, {"tls", false}, {"retry_for", 1000}, {"timeout", 2000}};
    const std::string all = rd_kafka_mock_cluster_bootstraps(mock_);
    for (std::size_t at = 0; at <= all.size();) {
      const auto end = std::min(all.find(',', at), all.size());
      out["brokers"].push_back(all.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }

 private:
  rd_kafka_t* kafka_ = nullptr;
  rd_kafka_mock_cluster_t* mock_ = nullptr;
  int made_ = 0;
};

// A host whose clock is the machine's: librdkafka waits by that one.
struct Host : MockHost {
  Host() : MockHost("poll") {
    clock.on_wait = [this, last = std::chrono::steady_clock::now()](std::uint32_t) mutable {
      const auto now = std::chrono::steady_clock::now();
      clock.advance(std::chrono::duration_cast<std::chrono::milliseconds>(now - last).count());
      last = now;
    };
  }
};

struct Outcome {
  sf_status code = SF_OK;
  std::string said;
  std::multiset<std::string> got;  // "t0": topic and partition of each record
  json position;
  bool complete = true;
};

// One run from `position` to its end.
Outcome run(const json& settings, const std::string& position = "") {
  Host host;
  SourceUnderTest source(host, signalfoundry_plugin, settings);
  source.open(position);
  Outcome out;
  const auto take = [&](const MockPoll& poll) {
    for (const auto& record : poll.pushed) {
      const auto id = json::parse(record.document)["id"].get<std::string>();
      out.got.insert(id.substr(0, id.find('.')));
    }
    for (const auto& interval : poll.intervals) out.complete = out.complete && interval.complete;
  };
  try {
    for (int i = 0; i < 1000; ++i) {
      const auto poll = source.poll(10);
      take(poll);
      if (poll.status != SF_OK) break;
    }
  } catch (const sf::Error& error) {
    take(source.last());
    out.code = error.code();
    out.said = error.what();
  }
  if (!source.position().empty()) out.position = json::parse(source.position());
  return out;
}

std::int64_t next(const Outcome& outcome, const char* topic, const char* partition) {
  INFO(outcome.position.dump());
  REQUIRE(outcome.position["topics"][topic].contains(partition));
  return outcome.position["topics"][topic][partition][0].get<std::int64_t>();
}

}  // namespace

TEST_CASE("source_kafka: a partition without a leader keeps no other from being read, and is read when it has one",
          "[source_kafka]") {
  Brokers brokers;
  brokers.topic("t");
  brokers.produce("t", 0, 15);
  brokers.produce("t", 1, 15);
  brokers.lead("t", 0, -1);
  for (const std::string start : {"earliest", "latest"}) {
    INFO(start);
    auto settings = brokers.settings_of({"t"});
    settings["start"] = start;
    const bool all = start == "earliest";
    auto first = run(settings);
    INFO(first.said);
    CHECK(first.code == SF_RETRY);
    CHECK(first.said.find("partition t/0 of ") == 0);
    CHECK(first.said.find("has no leader") != std::string::npos);
    CHECK(first.got.count("t1") == (all ? 15 : 0));
    CHECK(next(first, "t", "1") == 15);
    CHECK(next(first, "t", "0") == -1);
    CHECK_FALSE(first.complete);
    brokers.lead("t", 0, 1);
    const auto second = run(settings, first.position.dump());
    INFO(second.said);
    CHECK(second.code == SF_OK);
    CHECK(second.complete);
    CHECK(second.got.count("t0") == (all ? 15 : 0));
    CHECK(second.got.count("t1") == 0);
    CHECK(next(second, "t", "0") == 15);
    brokers.lead("t", 0, -1);
    const auto third = run(settings, second.position.dump());
    CHECK(third.code == SF_RETRY);
    CHECK(next(third, "t", "0") == 15);
  }
}

TEST_CASE("source_kafka: a partition that is refused in the middle is left where it is, and the others are read",
          "[source_kafka]") {
  for (const auto& [code, status, sentence] :
       {std::tuple{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, sf_status{SF_DENIED}, "do not let this client go on"},
        {RD_KAFKA_RESP_ERR_INVALID_MSG, sf_status{SF_FAILED}, "failed, reading t/0"}}) {
    Brokers brokers;
    brokers.topic("t");
    brokers.produce("t", 0, 15);
    brokers.produce("t", 1, 15);
    auto settings = brokers.settings_of({"t"});
    settings["retry_for"] = 30'000;
    const auto first = run(settings);
    CHECK(first.code == SF_OK);
    CHECK(first.got.size() == 30);
    brokers.produce("t", 0, 15);
    brokers.produce("t", 1, 35);
    for (int i = 0; i < 5; ++i) brokers.refuse_fetch(1, code);
    brokers.slow(2, 200);  // the refusal comes first
    const auto second = run(settings, first.position.dump());
    INFO(second.said);
    CHECK(second.code == status);
    CHECK(second.said.find(sentence) != std::string::npos);
    CHECK(second.got == [] {
      std::multiset<std::string> out;
      for (int i = 0; i < 35; ++i) out.insert("t1");
      return out;
    }());
    CHECK(next(second, "t", "0") == 15);
    CHECK(next(second, "t", "1") == 50);
    CHECK_FALSE(second.complete);
  }
}

TEST_CASE("source_kafka: a topic that the user may not read keeps no other from being read", "[source_kafka]") {
  Brokers brokers;
  brokers.topic("a");
  brokers.topic("b");
  brokers.produce("b", 0, 3);
  brokers.refuse_topic("a", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto out = run(brokers.settings_of({"a", "b"}));
  INFO(out.said);
  CHECK(out.code == SF_FAILED);  // not SF_DENIED: the runner would leave b alone, too
  CHECK(out.said.find("topic a") != std::string::npos);
  CHECK(out.got.count("b0") == 3);
  CHECK(next(out, "b", "0") == 3);
}

TEST_CASE("source_kafka: places of another cluster are not gone on from, also of a topic that was away when it changed",
          "[source_kafka]") {
  Brokers brokers;
  brokers.topic("t");
  brokers.topic("later");
  brokers.produce("t", 0, 8);
  brokers.refuse_topic("later", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto settings = brokers.settings_of({"t", "later"});
  const auto first = run(settings, R"({"v":1,"cluster":"old","until_ms":5,"topics":{"gone":{"0":[4,-1]},)"
                                   R"("later":{"0":[5,-1]},"t":{"0":[6,-1],"1":[0,-1]}}})");
  INFO(first.said);
  CHECK(first.code == SF_OK);
  CHECK(first.got.count("t0") == 8);
  CHECK(first.position["cluster"] != "old");
  CHECK(first.position["topics"]["later"]["0"] == json({5, -1, true}));
  CHECK(first.position["topics"]["gone"]["0"] == json({4, -1, true}));
  brokers.refuse_topic("later", RD_KAFKA_RESP_ERR_NO_ERROR);
  brokers.produce("later", 0, 9);
  brokers.produce("later", 1, 9);
  const auto second = run(settings, first.position.dump());
  INFO(second.said);
  CHECK(second.code == SF_OK);
  CHECK(second.got.count("later0") == 9);
  CHECK(second.got.count("later1") == 9);
  CHECK_FALSE(second.complete);  // the gap of later/0
  CHECK(second.position["topics"]["later"]["0"][0] == 9);
  CHECK(second.position["topics"]["later"]["0"].size() == 2);
}

TEST_CASE("source_kafka: a position that is handed over is one that is read again", "[source_kafka]") {
  Brokers brokers;
  brokers.topic("t");
  brokers.produce("t", 0, 1);
  json position = {{"v", 1}, {"cluster", ""}, {"until_ms", 5}, {"topics", {{"gone", json::object()}}}};
  for (int i = 0; i < 9'999; ++i) position["topics"]["gone"][std::to_string(i)] = {1, 2};
  const auto first = run(brokers.settings_of({"t"}), position.dump());
  CHECK(first.code == SF_OK);
  CHECK(first.got.count("t0") == 1);
  CHECK_FALSE(first.position["topics"].contains("gone"));
  CHECK(run(brokers.settings_of({"t"}), first.position.dump()).code == SF_OK);
  // What is only away is in topics: it is not forgotten, so it counts.
  brokers.topic("gone");
  brokers.refuse_topic("gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto away = run(brokers.settings_of({"t", "gone"}), position.dump());
  CHECK(away.said.find("more than 10000 partitions together") != std::string::npos);
}

TEST_CASE("source_kafka: a partition that falls silent is left where it is, and what is too large is thought of",
          "[source_kafka]") {
  Brokers brokers;
  brokers.topic("t");
  brokers.produce("t", 0, 3);
  brokers.produce("t", 1, 4);
  brokers.delay_fetch(1, 60'000);
  const auto out = run(brokers.settings_of({"t"}));
  INFO(out.said);
  CHECK(out.code == SF_RETRY);
  CHECK(out.said.find("reading t/0 at offset 0 of 3") != std::string::npos);
  CHECK(out.said.find("more than 35651584 bytes") != std::string::npos);
  CHECK(out.got.count("t1") == 4);
  CHECK(next(out, "t", "0") == 0);
  CHECK(next(out, "t", "1") == 4);
}
