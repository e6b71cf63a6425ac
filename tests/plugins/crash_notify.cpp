// SPDX-License-Identifier: Apache-2.0
//
// crash_notify.cpp - a stage that sends a message of each alert, and a notifier that crashes on some,
// {"on": "event 3 "}, or on none. {"log": "PATH"}: a file that gets a line for each message it was handed.
#include <signalfoundry/plugin.hpp>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

namespace {

class Sender : public sf::Stage {
  std::optional<sf::Path> log_;
  void configure(const sf::Host& host, std::string_view) override { log_.emplace(host, "/full_log"); }
  void batch(std::span<const sf::Record> alerts, const sf::BatchSink& out) override {
    for (uint32_t i = 0; i < alerts.size(); ++i) out.send(i, nlohmann::json(alerts[i].text_or(*log_, "")).dump());
  }
};

class Notifier : public sf::Notifier {
  std::string on_;
  std::string log_;
  void configure(const sf::Host&, std::string_view settings) override {
    const auto json = nlohmann::json::parse(settings);
    on_ = json.value("on", "");
    log_ = json.value("log", "");
  }
  void notify(std::string_view payload, std::string_view, uint32_t) override {
    if (!log_.empty()) std::ofstream(log_, std::ios::app) << payload << std::endl;
    if (!on_.empty() && payload.find(on_) != std::string_view::npos) std::raise(SIGSEGV);
  }
};

}  // namespace

SF_STAGE_NOTIFIER_PLUGIN(
    Sender, Notifier, .id = "crash_notify", .version = "1.0.0", .summary = "A notifier that crashes on some messages",
    .license = "Apache-2.0",
    .config_schema = R"({"type":"object","properties":{"on":{"type":"string"},"log":{"type":"string"}}})");
