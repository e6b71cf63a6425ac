// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever is wrong with what a plugin says of itself is refused with one sentence that says what and what to do.
#include "plugin/gate.hpp"

#include "plugin_files.hpp"
#include "support/catch.h"

namespace {
std::string of(const char* id) {
  return refused(plugin_path(id));
}
const std::string kAsk = " Ask its vendor for a plugin built with the SignalFoundry SDK.";
}  // namespace

TEST_CASE("gate: versions are judged by the frozen part of the entry") {
  CHECK(of("bad_magic") == "its entry has the magic 12345678 instead of 4c504653." + kAsk);
  CHECK(of("wrong_major") == "built for plugin ABI 2.9; this host speaks 1.1. Rebuild it with SDK 1.x.");
  CHECK(of("needs_minor") == "needs host ABI 1.9 or newer; this is 1.1. Upgrade SignalFoundry.");
}

TEST_CASE("gate: a plugin of a newer minor that needs nothing newer is taken") {
  const auto& plugin = signalfoundry::plugin::load(plugin_path("no_verdict"));
  CHECK(plugin.abi_minor == 9);
  CHECK(plugin.needs_minor == 0);
}

TEST_CASE("gate: nothing is read past the end of the entry") {
  CHECK(of("tiny_symbol") == "its entry is too short (8 bytes; ABI 1.0 has 32)." + kAsk);
  CHECK(of("short_struct") == "its entry is too short (16 bytes; ABI 1.0 has 32)." + kAsk);
  CHECK(of("long_struct") == "its entry says 4294967295 bytes and has 32." + kAsk);
}

TEST_CASE("gate: the descriptor is complete, UTF-8, and says what the file name says") {
  CHECK(of("no_descriptor") == "its entry has no descriptor." + kAsk);
  CHECK(of("short_descriptor") == "its descriptor is too short (24 bytes; ABI 1.0 has 72)." + kAsk);
  CHECK(of("null_id") == "its descriptor has no id." + kAsk);
  CHECK(of("null_summary") == "its descriptor has no summary." + kAsk);
  CHECK(of("blank_version") == "its version is blank." + kAsk);
  CHECK(of("wrong_id") ==
        "its id is \"someone_else\", its file name says \"wrong_id\". Name the file someone_else.sfplugin.so.");
  CHECK(of("id..dots") == "its id \"id..dots\" is not made of letters, digits, \"_\", \"-\" and single dots." + kAsk);
  CHECK(of("bad_version") == "its version \"1.0\" is not a semantic version such as 1.0.0." + kAsk);
  CHECK(of("not_utf8") == "its summary is not UTF-8: \"bell \\x07 and \\xFF\"." + kAsk);
}

TEST_CASE("gate: kinds and needs are lists of what this host knows") {
  CHECK(of("no_kinds") == "it names no kind, such as sf.triage/1." + kAsk);
  CHECK(of("unknown_kind") == "is a plugin of kind sf.future/1, which this host does not know. Upgrade SignalFoundry.");
  CHECK(of("endless_kinds") == "its kinds have no end (NULL) among the first 64." + kAsk);
  CHECK(of("needs_service") == "needs the service sf.future/1, which this host does not have. Upgrade SignalFoundry.");
}

TEST_CASE("gate: the settings schema is JSON within the subset") {
  CHECK_THAT(of("schema_not_json"), Catch::Matchers::StartsWith("its settings schema is refused: not JSON at byte 2"));
  const std::string outside = of("schema_outside");
  CHECK_THAT(outside, Catch::Matchers::StartsWith("its settings schema is refused: "));
  CHECK_THAT(outside, ContainsSubstring("patternProperties"));
  CHECK_THAT(outside, Catch::Matchers::EndsWith(". docs/formats/settings-schema.md says what a schema may hold."));
}

TEST_CASE("gate: a settings schema that nests without end is refused") {
  // Goal: a copy of it would recurse once a level, and end the process at some hundred thousand.
  const std::string schema = R"({"type":"object","properties":{"a":{"type":"string","enum":)" +
                             std::string(200'000, '[') + std::string(200'000, ']') + "}}}";
  const char* const kinds[] = {SF_STAGE, nullptr};
  const char* const needs[] = {nullptr};
  sf_descriptor self{};
  self.struct_size = sizeof self;
  self.id = "deep";
  self.version = "1.0.0";
  self.summary = self.license = self.vendor = "";
  self.config_schema = schema.c_str();
  self.kinds = kinds;
  self.needs = needs;
  sf_plugin_entry entry{};
  entry.magic = SF_PLUGIN_MAGIC;
  entry.abi_major = SF_ABI_MAJOR;
  entry.struct_size = sizeof entry;
  entry.descriptor = &self;
  entry.get_interface = [](const char*) -> const void* { return nullptr; };
  CHECK_THROWS_WITH(signalfoundry::plugin::check_entry("/p/deep.sfplugin.so", &entry, sizeof entry),
                    ContainsSubstring("its settings schema is refused: nested deeper than 64 levels"));
}

TEST_CASE("gate: every kind has its table, with every slot that is not optional") {
  CHECK(of("no_table") == "names the kind sf.triage/1, but has no table for it." + kAsk);
  CHECK(of("short_table") == "its sf.triage/1 table is too short (16 bytes; ABI 1.0 has 48)." + kAsk);
  CHECK(of("missing_slot") == "its sf.triage/1 table has no configure()." + kAsk);
  CHECK(of("throws_in_get") == "get_interface(\"sf.triage/1\") threw an exception." + kAsk);
}
