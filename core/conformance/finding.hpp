// SPDX-License-Identifier: Apache-2.0
//
// finding.hpp - what a check came to, and how it says so. [any-thread]
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

namespace signalfoundry::conformance {

// passed: what the check promises holds. failed: it does not. skipped: it does not apply here, or cannot be tried.
// warning: it holds, and something is worth a look. crashed: the plugin took its process with it.
enum class Status : std::uint8_t { passed, failed, skipped, warning, crashed };
const char* status_name(Status status);  // "passed"

// Ends a check. what(): one sentence.
class Finding : public std::runtime_error {
 public:
  Finding(Status status, const std::string& why) : std::runtime_error(why), status_(status) {}
  Status status() const noexcept { return status_; }

 private:
  Status status_;
};

[[noreturn]] inline void fail(const std::string& why) {
  throw Finding(Status::failed, why);
}
[[noreturn]] inline void skip(const std::string& why) {
  throw Finding(Status::skipped, why);
}
inline void require(bool holds, const std::string& why) {
  if (!holds) fail(why);
}

}  // namespace signalfoundry::conformance
