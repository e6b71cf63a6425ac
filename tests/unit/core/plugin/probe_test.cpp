// SPDX-License-Identifier: Apache-2.0
//
// Goal: a plugin that crashes, hangs, exits or talks while it is loaded is told of, and nothing happens to this
// process.
#include "plugin/probe.hpp"

#include "plugin_files.hpp"
#include "support/catch.h"

using signalfoundry::plugin::probe;

namespace {
std::string said(const std::string& id, std::int64_t limit_ms = 60'000) {
  const auto path = plugin_path(id);
  const auto seen = probe(path, limit_ms);
  if (seen.plugin) return "loaded";
  return seen.refusal.starts_with(path + ": ") ? seen.refusal.substr(path.size() + 2)
                                               : "without its path: " + seen.refusal;
}
const std::string kHarmless = " It was tried in a process of its own; nothing else came to harm. Ask its vendor.";
}  // namespace

TEST_CASE("probe: a good plugin is described as load() would, without its tables") {
  const auto seen = probe(plugin_path("c_triage"), 60'000);
  REQUIRE(seen.plugin);
  CHECK(seen.refusal.empty());
  CHECK(seen.plugin->id == "c_triage");
  CHECK(seen.plugin->version == "1.2.3-rc.1+c11");
  CHECK(seen.plugin->kinds == std::vector<std::string>{"sf.triage/1"});
  CHECK(seen.plugin->path == plugin_path("c_triage"));
  CHECK(seen.plugin->sha256.size() == 64);
  CHECK(seen.plugin->abi_major == 1);
  CHECK(seen.plugin->triage == nullptr);
}

TEST_CASE("probe: the gate's sentence comes through") {
  CHECK(said("wrong_major") == "built for plugin ABI 2.9; this host speaks 1.1. Rebuild it with SDK 1.x.");
  CHECK(said("none") == "there is no such file. If it was listed a moment ago, someone removed it; install it again.");
}

TEST_CASE("probe: a crash is told by its signal") {
  CHECK(said("constructor_crashes") == "crashed with SIGSEGV while it was loaded." + kHarmless);
}

TEST_CASE("probe: an exception of a constructor is caught, or ends the child, as the compiler has it") {
  const auto seen = said("throws_in_constructor");
  CHECK((seen == "crashed with SIGABRT while it was loaded." + kHarmless ||
         seen == "threw an exception while it was loaded. Ask its vendor."));
}

TEST_CASE("probe: a hang ends at the limit") {
  CHECK(said("constructor_hangs", 300) == "did not load within 0.3 s." + kHarmless);
}

TEST_CASE("probe: one that ends the process is told by its exit code") {
  CHECK(said("constructor_exits") == "ended the process with exit code 3 while it was loaded." + kHarmless);
}

TEST_CASE("probe: what a plugin prints while it is loaded goes nowhere") {
  CHECK(said("constructor_prints") == "loaded");
}
