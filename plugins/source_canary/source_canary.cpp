// SPDX-License-Identifier: Apache-2.0
#include "source_canary.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include "../shared/cursor_json.hpp"
#include "../shared/instant.hpp"

namespace source_canary {

namespace {

struct Cursor {
  uint64_t number = 0;
  int64_t emitted_ms = 0;
};
constexpr uint64_t kNumberMax = uint64_t{1} << 53U;
constexpr std::size_t kCursorMax = 256;

}  // namespace

void SourceCanary::configure(const sf::Host& host, std::string_view settings) {
  host_ = host;
  settings_ = nlohmann::json::parse(settings);
  every_ms_ = settings_.value("every", int64_t{3'600'000});
}

std::string SourceCanary::mapping() {
  return std::string(sf::kWazuhMapping);
}

void SourceCanary::open(std::string_view position) {
  const auto cursor =
      shared::read_cursor(position, "source_canary", kCursorMax, 1, [](const nlohmann::json& json, int /*version*/) {
        if (!json.at("number").is_number_unsigned() || json.at("number").get<uint64_t>() >= kNumberMax)
          throw std::out_of_range("number");
        return Cursor{json.at("number").get<uint64_t>(), shared::time_at(json, "emitted")};
      });
  if (!cursor) return;
  number_ = cursor->number;
  emitted_ms_ = cursor->emitted_ms;
}

// The id has Wazuh's form: seconds, a dot, a number.
std::string SourceCanary::document(int64_t now_ms) const {
  const auto number = std::to_string(number_);
  const nlohmann::json out = {
      {"timestamp", shared::instant_text(now_ms)},
      {"id", std::to_string(now_ms / 1000) + "." + number},
      {"rule",
       {{"id", settings_.value("rule_id", "signalfoundry-canary")},
        {"level", settings_.value("level", 5)},
        {"description", "Canary of the pipeline's own: no incident"},
        {"groups", settings_.value("groups", nlohmann::json::array({"signalfoundry_canary"}))}}},
      {"agent", {{"id", "canary"}, {"name", settings_.value("host", "signalfoundry-canary")}}},
      {"manager", {{"name", "signalfoundry"}}},
      {"data", {{"canary", {{"number", number}}}}},
      {"location", "signalfoundry"},
      {"full_log", "canary " + number + " of stage " + std::string(host_.stage())}};
  return out.dump();
}

sf::Poll SourceCanary::poll(const sf::Emitter& out, uint32_t /*max_records*/, uint32_t /*wait_ms*/) {
  const auto now = host_.now_ms();
  // A clock that was put back must not keep the next one waiting until it is there again.
  const bool due = number_ == 0 || now - emitted_ms_ >= every_ms_ || now < emitted_ms_;
  if (!due || emitted_) return sf::Poll::end;
  ++number_;
  const auto position = nlohmann::json{{"v", 1}, {"number", number_}, {"emitted", now}}.dump();
  if (!out.push(document(now), "", position)) {
    --number_;
    return sf::Poll::more;
  }
  emitted_ms_ = now;
  emitted_ = true;
  host_.count("canaries_emitted");
  return sf::Poll::end;
}

}  // namespace source_canary

SF_SOURCE_PLUGIN(source_canary::SourceCanary, .id = "source_canary", .version = "1.0.0",
                 .summary = "Sends a numbered synthetic alert through the pipeline, for stage coverage to look for.",
                 .license = "Apache-2.0", .config_schema = source_canary::kSchema);
