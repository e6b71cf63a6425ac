// SPDX-License-Identifier: Apache-2.0
//
// source.hpp - the source: one run reads every partition from its place to the end that it had when the run began
// (docs/sources/kafka.md). Between runs there is no connection and no thread. [stage-thread], request_stop()
// [any-thread]
#pragma once
#include <signalfoundry/source.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "position.hpp"
#include "run.hpp"
#include "settings.hpp"

namespace source_kafka {

class Source : public sf::Source {
 public:
  void configure(const sf::Host& host, std::string_view settings_json) override;
  std::string mapping() override;
  void open(std::string_view position) override;
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t wait_ms) override;
  void close() override { run_.reset(); }
  void request_stop() noexcept override { stop_.store(true); }
  bool preflight(const sf::Checks& out) override;

 private:
  sf::Host host_;
  Settings settings_;
  std::atomic<bool> stop_{false};
  std::optional<Position> position_;  // as open() was told it
  std::unique_ptr<Run> run_;
  bool done_ = false;
};

}  // namespace source_kafka
