// SPDX-License-Identifier: Apache-2.0
//
// coverage.hpp - silence is not health: who was heard of in this run's alerts, and who should have been.
//
// The instances of one stage, one per worker, share one Watch: what an alert shows is read by the worker, and noted
// under a lock once a batch. The first instance judges at the end of a run and keeps the state.
#pragma once
#include <signalfoundry/plugin.hpp>

#include <memory>
#include <mutex>

#include "watch.hpp"

namespace coverage {

// What the instances share.
struct Shared {
  explicit Shared(Settings settings) : watch(std::move(settings)) {}
  std::mutex mutex;
  Watch watch;
  std::vector<std::string> warned;  // by the last pass
  std::vector<std::string> kept;    // the pieces of the state as they were stored last
};

class Coverage final : public sf::Stage {
 public:
  void configure(const sf::Host& host, std::string_view settings) override;
  void batch(std::span<const sf::Record> alerts, const sf::BatchSink& out) override;
  void end() override;

 private:
  struct Paths;
  Seen seen(const sf::Record& alert) const;
  void load();
  void keep();

  sf::Host host_;
  std::shared_ptr<const Paths> paths_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace coverage
