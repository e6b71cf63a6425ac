// SPDX-License-Identifier: Apache-2.0
//
// policy_file.hpp - a policy's TOML read and checked as a whole: every problem, each with its place.
//
// Pure: bytes in, values out. [any-thread]
#pragma once
#include "policy_spec.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace triage_policy {

struct Problem {
  std::string file;
  Place place;
  std::string what;  // "what is wrong. What to do."
  // "file:line:column: what. What to do."
  std::string text() const;
};

struct SourceText {
  std::string file;  // as it is to be named in a problem
  std::string_view bytes;
};

struct LoadedPolicy {
  PolicySpec spec;                // meaningful only when problems is empty
  std::vector<Problem> problems;  // in file order, never only the first; a syntax error ends its file
};
// `aliases`: a file with an [aliases] table and nothing else, beside the one that the policy may have.
LoadedPolicy load_policy(const SourceText& policy, const std::optional<SourceText>& aliases = std::nullopt);

}  // namespace triage_policy
