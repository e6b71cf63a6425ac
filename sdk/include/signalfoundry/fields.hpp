// SPDX-License-Identifier: Apache-2.0
//
// fields.hpp - the names that a record is asked for: canonical fields of the alert, and facts that the runner keeps
// about it. What each holds: docs/formats/alert.md. Any other path is a JSON pointer into the raw document.
// [any-thread]
#pragma once
#include <array>
#include <string_view>

namespace sf __attribute__((visibility("hidden"))) {

  inline constexpr std::array<std::string_view, 28> kCanonicalFields = {"time",
                                                                        "rule.id",
                                                                        "rule.name",
                                                                        "rule.level",
                                                                        "rule.groups",
                                                                        "rule.mitre.id",
                                                                        "rule.mitre.tactic",
                                                                        "rule.mitre.technique",
                                                                        "severity",
                                                                        "host.id",
                                                                        "host.name",
                                                                        "host.ip",
                                                                        "user.name",
                                                                        "source.ip",
                                                                        "source.port",
                                                                        "destination.ip",
                                                                        "destination.port",
                                                                        "file.path",
                                                                        "file.hash",
                                                                        "process.executable",
                                                                        "process.command_line",
                                                                        "process.parent.executable",
                                                                        "event.provider",
                                                                        "event.code",
                                                                        "event.original",
                                                                        "observer.name",
                                                                        "decoder.name",
                                                                        "location"};

  inline constexpr std::array<std::string_view, 16> kFacts = {
      "alert.key",      "alert.id",       "alert.source",        "alert.sha256",   "alert.received", "alert.raised",
      "case.id",        "case.path",      "verdict.disposition", "verdict.reason", "verdict.trail",  "verdict.stage",
      "verdict.plugin", "verdict.inputs", "verdict.time",        "verdict.seq"};

}  // namespace sf
