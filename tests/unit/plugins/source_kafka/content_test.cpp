// SPDX-License-Identifier: Apache-2.0
//
// Goal: the alert in a message is found byte for byte; what holds none is told apart, whatever it is.
#include <signalfoundry/testing/mock_host.hpp>

#include <string>

#include "../../../../plugins/source_kafka/content.hpp"
#include "support/catch.h"

using namespace source_kafka;

namespace {

struct Found {
  std::string alert;
  std::string reason;
};

Found find(const std::string& message, const std::string& member = "", std::size_t most = 1000) {
  Settings settings;
  settings.member = member;
  settings.max_message_bytes = most;
  std::string buffer;
  const auto content = find_alert(message, settings, buffer);
  return {std::string(content.alert), content.reason};
}

}  // namespace

TEST_CASE("source_kafka content: the whole message, or the object in the member, byte for byte", "[source_kafka]") {
  const std::string alert = R"({ "id" : "1.2",	"n":1.50, "e":"é" })";
  CHECK(find(alert).alert == alert);
  CHECK(find("{\"a\":[1,{}],\"message\": " + alert + " ,\"b\":null}", "message").alert == alert);
}

TEST_CASE("source_kafka content: text in the member is the alert that it spells", "[source_kafka]") {
  const auto out = find(R"({"message":"{\"id\":\"1.2\",\"full_log\":\"a\\nb \u00e9\"}\n"})", "message");
  CHECK(out.alert == "{\"id\":\"1.2\",\"full_log\":\"a\\nb \xc3\xa9\"}\n");
  CHECK(out.reason.empty());
}

TEST_CASE("source_kafka content: what holds no alert has a reason", "[source_kafka]") {
  CHECK(find("").reason == "it is not JSON");
  CHECK(find("no").reason == "it is not JSON");
  CHECK(find("{\"a\":1").reason == "it is not JSON");
  CHECK(find("{}{}").reason == "it is not JSON");
  CHECK(find("{\"a\":\"\xff\"}").reason == "it is not JSON");
  CHECK(find("[{}]").reason == "it is JSON, but not an object");
  CHECK(find("null", "message").reason == "it is JSON, but not an object");
  CHECK(find("[{}]", "message").reason == "it is JSON, but not an object");
  CHECK(find("{}", "message").reason == "it has the member \"message\" not");
  CHECK(find(R"({"message":{},"message":{}})", "message").reason == "it has the member \"message\" more than once");
  CHECK(find(R"({"message":5})", "message").reason == "the member \"message\" is neither an object nor text");
  CHECK(find(R"({"message":[{}]})", "message").reason == "the member \"message\" is neither an object nor text");
  CHECK(find(R"({"message":"no"})", "message").reason == "the text in the member \"message\" is not JSON");
  CHECK(find(R"({"message":"[]"})", "message").reason ==
        "the text in the member \"message\" is JSON, but not an object");
  CHECK(find(R"({"message":"{\u0000}"})", "message").reason == "the text in the member \"message\" is not JSON");
}

TEST_CASE("source_kafka content: size and depth are bounded, of what is taken and of what is said", "[source_kafka]") {
  CHECK(find("{\"a\":\"" + std::string(2000, 'x') + "\"}").reason ==
        "it is larger than max_message_bytes (2008 bytes)");
  const std::string deep = "{\"message\":" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";
  CHECK(find(deep, "message", 4'000'000).reason == "the member \"message\" is neither an object nor text");
  CHECK(find("{}", std::string(5000, 'm')).reason.size() < 120);
}

// Goal: what is kept of a message is its identity, so messages that begin the same are not taken for one.
TEST_CASE("source_kafka content: of a long message its beginning is kept, and what tells it from others",
          "[source_kafka]") {
  sf::testing::MockHost host("poll");
  Settings settings;
  settings.max_message_bytes = 1000;
  const std::string start(70'000, 'x');
  const auto one = kept_of(start + "1", settings, host.host());
  CHECK(one != kept_of(start + "2", settings, host.host()));
  CHECK(one == kept_of(start + "1", settings, host.host()));
  CHECK(one.substr(0, 65'536) == start.substr(0, 65'536));
  CHECK(one.size() < 65'536 + 200);
  CHECK(kept_of(start.substr(0, 65'536), settings, host.host()) == start.substr(0, 65'536));
  settings.max_message_bytes = 70'000;  // not too large: what is no JSON is kept whole
  CHECK(kept_of(start, settings, host.host()) == start);
}
