// SPDX-License-Identifier: Apache-2.0
//
// alert_view.hpp - one alert as the policy sees it, whatever holds it: a runner's record, a file, a test's map.
//
// Used by one thread at a time, for the length of one verdict.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace triage_policy {

class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual void take(std::string_view text) = 0;  // `text` is borrowed until take() returns
};

class AlertView {
 public:
  virtual ~AlertView() = default;
  // Gives every text of Policy::fields()[field] to `sink`: the one text, or each of a list; numbers as text, nothing
  // for an absent field, an object or null.
  virtual void each_text(std::size_t field, TextSink& sink) const = 0;
  // rule.level; nothing when it is absent or no integer.
  virtual std::optional<std::int64_t> level() const = 0;
};

}  // namespace triage_policy
