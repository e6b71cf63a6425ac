// SPDX-License-Identifier: Apache-2.0
//
// preflight.hpp - what a run needs of Splunk, tried step by step, each once: `validate --connect`. [stage-thread]
#pragma once
#include <signalfoundry/source.hpp>

#include <atomic>

#include "settings.hpp"

namespace source_splunk {

// Tells of every step: name, connection, tls, credentials (who, and which capabilities), product, index (a search over
// the last hour of index time). Ends where the next one would say nothing; credentials that are refused are sent once.
// Throws sf::Stop when the host wants no more.
void preflight(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, const sf::Checks& out);

}  // namespace source_splunk
