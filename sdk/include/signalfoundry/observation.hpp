// SPDX-License-Identifier: Apache-2.0
//
// observation.hpp - what touching a listed file gave: a value, or the news that the file is gone.
//
// A listing is a snapshot, never a contract. An Observation has no way to its value but match(), and match() wants both
// answers, so the vanished case cannot be forgotten: leaving it out does not compile (tests/unit/must_not_compile).
#pragma once
#include <cstdint>
#include <optional>
#include <utility>

namespace sf __attribute__((visibility("hidden"))) {

  enum class Gone : std::uint8_t {
    vanished,  // the name is not there any more: someone else took the file
    changed,   // something stands there, but not what was listed
  };

  template <class T>
  class [[nodiscard]] Observation {
   public:
    Observation(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): `return value;`
    Observation(Gone gone) : gone_(gone) {}             // NOLINT(google-explicit-constructor): `return Gone::vanished;`

    // Calls present(T&&) or gone(Gone) and returns what it returns. Both must return the same type.
    template <class Present, class OnGone>
    auto match(Present&& present, OnGone&& gone) && {
      if (value_) return std::forward<Present>(present)(std::move(*value_));
      return std::forward<OnGone>(gone)(gone_);
    }

   private:
    std::optional<T> value_;
    Gone gone_ = Gone::vanished;
  };

}  // namespace )
