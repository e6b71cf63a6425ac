// SPDX-License-Identifier: Apache-2.0
//
// probe.hpp - looks at a plugin in a child process, so that one that crashes or hangs takes nobody with it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "plugin/plugin.hpp"

namespace signalfoundry::plugin {

constexpr std::int64_t kProbeLimitMs = 10'000;  // a machine that is busy is no broken plugin

// What a child that loaded it reported, or why it is refused, as one sentence: the gate's, "…: crashed with SIGSEGV
// while it was loaded. …" or "…: did not load within 10 s. …". Tables are null. The child's output goes nowhere.
// Thread: main.
struct Probe {
  std::optional<Plugin> plugin;
  std::string refusal;
};
Probe probe(const std::string& path, std::int64_t limit_ms = kProbeLimitMs);

}  // namespace signalfoundry::plugin
