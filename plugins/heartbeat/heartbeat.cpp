// SPDX-License-Identifier: Apache-2.0
#include "heartbeat.hpp"

#include <nlohmann/json.hpp>

namespace heartbeat {

namespace {

// Runs each step, also when one before it failed; then throws the first failure.
class Steps {
 public:
  template <class Step>
  void run(Step&& step) {
    try {
      step();
    } catch (const sf::Error& error) {
      if (!first_) first_ = error;
    }
  }
  void finish() const {
    if (first_) throw sf::Error(*first_);
  }

 private:
  std::optional<sf::Error> first_;
};

}  // namespace

void Heartbeat::configure(const sf::Host& host, std::string_view settings) {
  host_ = host;
  history_max_ = nlohmann::json::parse(settings).value("history_max", uint64_t{16} << 20U);
}

void Heartbeat::end() {
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  const auto state = sf::fs::Dir::open(host_, "state");
  if (!state) throw sf::Error(SF_FATAL, "the pipeline has no state directory to write the heartbeat to");
  nlohmann::ordered_json report;
  Steps steps;
  steps.run([&] {
    report = nlohmann::ordered_json::parse(host_.report(), nullptr, false);
    if (!report.is_object())
      throw sf::Error(SF_FAILED, "the runner's report could not be read, so there is no heartbeat of this run");
  });
  if (report.is_object()) {
    steps.run([&] { state->write_file("heartbeat.json", report.dump(2, ' ', false, kReplace) + "\n"); });
    steps.run(
        [&] { state->append_line("heartbeat-history.jsonl", report.dump(-1, ' ', false, kReplace), history_max_); });
  }
  steps.run([&] { state->write_file("metrics.prom", host_.metrics_text()); });
  steps.finish();
}

}  // namespace heartbeat

SF_STAGE_PLUGIN(heartbeat::Heartbeat, .id = "heartbeat", .version = "1.0.0",
                .summary = "Writes heartbeat.json, its history and metrics.prom at the end of a run.",
                .license = "Apache-2.0", .config_schema = heartbeat::kSchema);
