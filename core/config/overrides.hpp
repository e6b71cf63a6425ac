// SPDX-License-Identifier: Apache-2.0
//
// overrides.hpp - settings given on the command line: --set stage.key=value. [any-thread]
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/problems.hpp"
#include "config/value.hpp"

namespace signalfoundry::config {

// One --set. Its origin is named "--set stage.key": the value may be a secret by mistake and is never shown.
struct Override {
  std::string stage;
  std::string key;  // "cap", "tls.ca_file"
  std::string text;
  std::shared_ptr<const Origin> origin;
};

// Relative paths in the values start at `directory`. One problem for each text that is not stage.key=value.
std::vector<Override> read_overrides(const std::vector<std::string>& texts, const std::string& directory,
                                     Problems& problems);
// Puts the value into the table; the table's own value of that key is gone. The text is taken as TOML, or as it is
// where it is not TOML or where `schema` wants a string and TOML would give something else.
void apply(const Override& override, const nlohmann::json& schema, Value& settings);

}  // namespace signalfoundry::config
