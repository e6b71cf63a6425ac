// SPDX-License-Identifier: Apache-2.0
//
// fields.hpp - members of JSON that may be damaged or foreign, and times for a person. [any-thread]
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "app/common.hpp"
#include "fs/dir.hpp"

namespace signalfoundry::app {

// A member at "/a/b", or nothing where it is absent or has another type. As found: not yet printable.
std::optional<std::string> text_at(const OrderedJson& json, const char* pointer);
std::optional<double> number_at(const OrderedJson& json, const char* pointer);
std::uint64_t count_at(const OrderedJson& json, const char* pointer);  // 0 where absent

// A file as JSON; discarded where it is gone, larger than 64 MiB, no JSON or nested without end.
OrderedJson json_file(const fs::Dir& dir, std::string_view name);

// JSON on one line; bytes that are not UTF-8 are replaced.
std::string one_line(const OrderedJson& json);

// "0.4 s", "12 s", "5 min", "3 h", "12 d"; negative counts as 0.
std::string span(std::int64_t ms);

}  // namespace signalfoundry::app
