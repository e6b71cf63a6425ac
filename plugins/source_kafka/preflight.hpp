// SPDX-License-Identifier: Apache-2.0
//
// preflight.hpp - what a run needs of the brokers, tried step by step: `validate --connect`. [stage-thread]
#pragma once
#include <signalfoundry/source.hpp>

#include <atomic>

#include "settings.hpp"

namespace source_kafka {

// Tells of every step: brokers (connection, TLS and SASL together, as librdkafka does them), and for each topic whether
// it is there, its partitions and what they hold, and that records can be fetched. A right that is missing is told by
// its name. A broker is waited for as long as one exchange may take, not as long as a run waits. Throws sf::Stop.
void preflight(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, const sf::Checks& out);

}  // namespace source_kafka
