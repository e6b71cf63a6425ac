// SPDX-License-Identifier: Apache-2.0
//
// Goal: what the plugin does where no broker answers: it says so, keeps nothing running, and moves nothing. What it
// does with a broker is tests/e2e/kafka's to show.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "support/catch.h"

using nlohmann::json;
using sf::testing::MockHost;
using sf::testing::SourceUnderTest;

namespace {

// A port of this machine where nobody listens, for as long as the object lives.
class ClosedPort {
 public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    broker_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~ClosedPort() { ::close(socket_); }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  const std::string& broker() const { return broker_; }

 private:
  int socket_;
  std::string broker_;
};

json settings_for(const ClosedPort& port) {
  return {{"brokers", {port.broker()}}, {"topics", {"t"}}, {"retry_for", 300}};
}

int threads() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("Threads:", 0) == 0) return std::stoi(line.substr(8));
  return -1;
}

}  // namespace

TEST_CASE("source_kafka: brokers that are away are named, the stretch counts as not read, no place moves",
          "[source_kafka]") {
  const ClosedPort port;
  MockHost host("poll");
  SourceUnderTest source(host, signalfoundry_plugin, settings_for(port));
  source.open(R"({"v":1,"cluster":"c","until_ms":1767225000000,"topics":{"t":{"0":[5,1]}}})");
  try {
    source.poll_all();
    FAIL("a poll without a broker was no failure");
  } catch (const sf::Error& error) {
    CHECK(error.code() == SF_RETRY);
    const std::string said = error.what();
    INFO(said);
    CHECK(said.find("no broker of " + port.broker() + " answered") == 0);
    CHECK(said.find("check brokers") != std::string::npos);
  }
  const auto& left = source.last();
  CHECK(left.pushed.empty());
  CHECK(left.checkpoints.empty());
  REQUIRE(left.intervals.size() == 1);
  CHECK_FALSE(left.intervals[0].complete);
  CHECK(left.intervals[0].from_ms == 1'767'225'000'000);
}

TEST_CASE("source_kafka: no thread of librdkafka is left when a run failed, or when it is closed", "[source_kafka]") {
  const ClosedPort port;
  const auto before = threads();
  REQUIRE(before > 0);
  MockHost host("poll");
  int meanwhile = 0;
  host.clock.on_wait = [&](uint32_t) { meanwhile = std::max(meanwhile, threads()); };
  {
    SourceUnderTest source(host, signalfoundry_plugin, settings_for(port));
    source.open();
    CHECK(threads() == before);
    CHECK_THROWS_AS(source.poll(), sf::Error);
    CHECK(meanwhile > before);  // there were some
    CHECK(threads() == before);
  }
  CHECK(threads() == before);
}

TEST_CASE("source_kafka: a run that stops does not wait for a broker", "[source_kafka]") {
  const ClosedPort port;
  MockHost host("poll");
  auto settings = settings_for(port);
  settings["retry_for"] = 3'600'000;
  {
    SourceUnderTest source(host, signalfoundry_plugin, settings);
    source.open();
    host.clock.on_wait = [&](uint32_t) { source.request_stop(); };
    CHECK(source.poll().status == SF_CANCELLED);
    host.clock.on_wait = nullptr;
  }
  SourceUnderTest source(host, signalfoundry_plugin, settings);
  source.open();
  host.clock.stopping = true;
  CHECK(source.poll().status == SF_CANCELLED);
}

TEST_CASE("source_kafka: a password is asked for by its name and never told", "[source_kafka]") {
  const ClosedPort port;
  MockHost host("poll");
  auto settings = settings_for(port);
  settings.update({{"user", "reader"}, {"password", "secret"}});
  host.secrets.values["password"] = std::string("pass\0word-of-test", 17);
  SourceUnderTest source(host, signalfoundry_plugin, settings);
  source.open();
  try {
    source.poll();
    FAIL("a password with a NUL was taken");
  } catch (const sf::Error& error) {
    CHECK(error.code() == SF_INVALID);
    CHECK(std::string(error.what()).find("word-of-test") == std::string::npos);
  }
  CHECK(host.secrets.asked == std::vector<std::string>{"password"});
}

TEST_CASE("source_kafka: a CA file that is none is told before anything is connected to", "[source_kafka]") {
  const ClosedPort port;
  MockHost host("poll");
  auto settings = settings_for(port);
  settings["ca_file"] = "/dev/null";
  SourceUnderTest source(host, signalfoundry_plugin, settings);
  source.open();
  CHECK_THROWS_WITH(source.poll(), ContainsSubstring("check ca_file"));
}

TEST_CASE("source_kafka: plain text is warned of", "[source_kafka]") {
  const ClosedPort port;
  MockHost host("poll");
  auto settings = settings_for(port);
  settings["tls"] = false;
  const SourceUnderTest source(host, signalfoundry_plugin, settings);
  CHECK(host.log.contains("tls = false"));
}
