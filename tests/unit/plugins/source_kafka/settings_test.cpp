// SPDX-License-Identifier: Apache-2.0
//
// Goal: settings that the schema cannot judge are refused with a sentence, before anything is connected to.
#include <signalfoundry/error.hpp>

#include <nlohmann/json.hpp>
#include <string>

#include "../../../../plugins/source_kafka/settings.hpp"
#include "support/catch.h"

using namespace source_kafka;
using nlohmann::json;

namespace {

json with(const json& more = json::object()) {
  json out{{"brokers", {"k1.example:9093"}}, {"topics", {"wazuh-alerts"}}};
  out.update(more);
  return out;
}

std::string refusal(const json& settings) {
  try {
    read_settings(settings.dump());
  } catch (const sf::Error& error) {
    CHECK(error.code() == SF_INVALID);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("source_kafka settings: what is not set is TLS, everything from the start, the whole message",
          "[source_kafka]") {
  const auto s = read_settings(with().dump());
  CHECK(s.tls);
  CHECK(s.start.kind == Start::Kind::earliest);
  CHECK(s.member.empty());
  CHECK(s.mechanism == "SCRAM-SHA-512");
  CHECK(s.where() == "k1.example:9093");
  CHECK(s.filter() == "topics=wazuh-alerts member=");
}

TEST_CASE("source_kafka settings: a topic that is named twice is read once", "[source_kafka]") {
  CHECK(read_settings(with({{"topics", {"b", "a", "b"}}}).dump()).topics == std::vector<std::string>{"a", "b"});
}

TEST_CASE("source_kafka settings: start is earliest, latest or a duration", "[source_kafka]") {
  CHECK(read_settings(with({{"start", "latest"}}).dump()).start.kind == Start::Kind::latest);
  const auto back = read_settings(with({{"start", "24h"}}).dump()).start;
  CHECK(back.kind == Start::Kind::back);
  CHECK(back.back_ms == 86'400'000);
  CHECK(read_settings(with({{"start", "7d"}}).dump()).start.back_ms == 604'800'000);
  for (const char* text : {"", "Earliest", "24", "h", "-1h", "+1h", " 1h", "1h ", "0s", "1w", "1.5h", "99999999d",
                           "99999999999999999999s", "1h30m"}) {
    INFO(text);
    CHECK(refusal(with({{"start", text}})).find("is no start") != std::string::npos);
  }
}

TEST_CASE("source_kafka settings: a broker is host:port and nothing that librdkafka would read otherwise",
          "[source_kafka]") {
  for (const char* text : {"k1:9093", "10.0.0.1:1", "[2001:db8::1]:65535", "kafka_1.ex-ample:9092"}) {
    INFO(text);
    CHECK(refusal(with({{"brokers", {text}}})).empty());
  }
  for (const char* text :
       {"k1", "k1:", ":9093", "k1:0", "k1:65536", "k1:9093x", "k1:-1", "k1:9093,k2:9093", "PLAINTEXT://k1:9093",
        "k1:9093 ", "2001:db8::1:9093", "[]:9093", "k1\n:9093", "u@k1:9093"}) {
    INFO(text);
    const auto said = refusal(with({{"brokers", {text}}}));
    CHECK(said.find("which is no host:port") != std::string::npos);
    CHECK(said.find('\n') == std::string::npos);
  }
}

TEST_CASE("source_kafka settings: a topic has a name that a topic may have, never a pattern", "[source_kafka]") {
  CHECK(is_topic("wazuh-alerts_4.x"));
  CHECK(is_topic(std::string(249, 'a')));
  for (const auto& text : {std::string(), std::string("."), std::string(".."), std::string("^wazuh.*"),
                           std::string("a b"), std::string("a/b"), std::string("a\0b", 3), std::string(250, 'a')})
    CHECK_FALSE(is_topic(text));
  CHECK(refusal(with({{"topics", {"^wazuh"}}})).find("no patterns") != std::string::npos);
}

TEST_CASE("source_kafka settings: what belongs together is set together", "[source_kafka]") {
  CHECK_FALSE(refusal(with({{"client_cert", "/c"}})).empty());
  CHECK_FALSE(refusal(with({{"client_key", "/k"}})).empty());
  CHECK_FALSE(refusal(with({{"user", "u"}})).empty());
  CHECK_FALSE(refusal(with({{"password", "secret"}})).empty());
  CHECK_FALSE(refusal(with({{"tls", false}, {"ca_file", "/ca"}})).empty());
  CHECK(refusal(with({{"user", "u"}, {"password", "secret"}})).empty());
  CHECK(refusal(with({{"tls", false}})).empty());
}

TEST_CASE("source_kafka settings: a password is never sent readable", "[source_kafka]") {
  const json sasl{{"user", "u"}, {"password", "secret"}, {"tls", false}};
  auto plain = sasl;
  plain["mechanism"] = "PLAIN";
  CHECK(refusal(with(plain)).find("would send the password readable") != std::string::npos);
  CHECK(refusal(with(sasl)).empty());  // SCRAM does not send it
}
