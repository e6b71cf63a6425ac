// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include "preflight.hpp"

namespace source_kafka {

void Source::configure(const sf::Host& host, std::string_view settings_json) {
  host_ = host;
  settings_ = read_settings(settings_json);
  if (!settings_.tls)
    host_.warn("tls = false: the alerts of " + settings_.where() +
               " can be read and changed by whoever is on the way; use the brokers' TLS listener");
}

bool Source::preflight(const sf::Checks& out) {
  source_kafka::preflight(host_, settings_, stop_, out);
  return true;
}

std::string Source::mapping() {
  return sf::kWazuhMapping;
}

void Source::open(std::string_view position) {
  run_.reset();
  position_ = from_text(position);
  done_ = false;
}

sf::Poll Source::poll(const sf::Emitter& out, uint32_t max_records, uint32_t /*wait_ms*/) {
  if (done_) return sf::Poll::end;
  if (stop_.load(std::memory_order_relaxed)) throw sf::Stop{};
  try {
    if (!run_) {
      run_ = std::make_unique<Run>(host_, settings_, stop_, position_);
      run_->begin(out);
    }
    if (run_->step(out, max_records)) return sf::Poll::more;
    run_.reset();
    done_ = true;
    return sf::Poll::end;
  } catch (const sf::Error&) {
    if (run_) run_->leave(out);
    run_.reset();
    throw;
  }
}

}  // namespace source_kafka
