// SPDX-License-Identifier: Apache-2.0
//
// json.hpp - hostile JSON in: bounded depth, no duplicate keys, valid UTF-8, or a reason. [any-thread]
#pragma once
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace signalfoundry {

using Json = nlohmann::json;

// What could not be read as an alert, and why, in one printable sentence: becomes <name>.reason.json.
class Rejected : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

constexpr unsigned kJsonDepthMax = 64;  // genuine alerts stay under 8 (siem.md 1.1)

// Parses one JSON value (a UTF-8 byte order mark is skipped). Throws Rejected.
Json parse_json(std::string_view bytes);

// Is it one JSON value and nothing else? Unlike Json::accept, no byte order mark before it and no NUL after it.
bool is_json(std::string_view text);

// The text of a scalar: a string as it is, numbers and booleans as JSON writes them; "" for null, objects, arrays.
std::string scalar_text(const Json& value);

// `text` as a JSON string with its quotes; text must be valid UTF-8.
std::string json_quote(std::string_view text);

}  // namespace signalfoundry
