// SPDX-License-Identifier: Apache-2.0
//
// settings.hpp - a TOML table checked against a schema of the subset and turned into settings. [any-thread]
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/pipeline_config.hpp"
#include "config/problems.hpp"
#include "config/value.hpp"

namespace signalfoundry::config {

struct Settings {
  nlohmann::json values = nlohmann::json::object();
  std::map<std::string, SecretRef> secrets;
  std::map<std::string, std::string> paths;  // "policy", "tls.ca_file", "files[0]"
};

struct CheckOptions {
  std::string where;          // "[stage.settings] of stage \"poll\"", for messages
  bool check_files = true;    // false: paths and secrets are not looked for on disk
  bool check_secrets = true;  // false: secrets are not
};

// `schema` has passed check_schema(). Every problem is added with the place of the value or key that it is about, a
// missing key with the place of the table; the result is meaningful only when none was.
Settings check_settings(const Value& table, const nlohmann::json& schema, const CheckOptions& options,
                        Problems& problems);

// Adds `unknown key "retires" in <where>. Did you mean "retries"?` for a key that stands at `place`.
void add_unknown_key(const std::string& key, const Place& place, const std::vector<std::string>& known,
                     const std::string& where, Problems& problems);

// The "properties" of an object's schema; an object may have none.
const nlohmann::json& properties_of(const nlohmann::json& schema);

// The schema of a member "tls.ca_file", or null.
const nlohmann::json* find_schema(const nlohmann::json& schema, const std::string& dotted_key);

// True when `text` is within what `schema` says of one value; else false and why, as a sentence.
bool satisfies(const nlohmann::json& value, const nlohmann::json& schema, std::string& why);

// "30s" for 30000: the largest unit that divides it.
std::string duration_text(std::int64_t ms);

}  // namespace signalfoundry::config
