// SPDX-License-Identifier: Apache-2.0
//
// error.hpp - the error that a plugin throws, and text views across the boundary.
#pragma once
#include <signalfoundry/abi/base.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace sf __attribute__((visibility("hidden"))) {

  inline sf_str to_c(std::string_view text) noexcept {
    return {text.data(), text.size()};
  }
  inline std::string_view from_c(sf_str text) noexcept {
    return text.data != nullptr ? std::string_view{text.data, text.size} : std::string_view{};
  }

  // Throw this from any hook. The code tells the runner what to do: SF_RETRY try again later, SF_FAILED this record
  // only, SF_DENIED credentials or permissions, SF_INVALID settings, SF_FATAL stop the stage. The message is one
  // sentence that says what, where and what to do.
  class Error : public std::runtime_error {
   public:
    Error(sf_status code, const std::string& message, uint32_t retry_after_ms = 0)
        : std::runtime_error(message), code_(code), retry_after_ms_(retry_after_ms) {}
    sf_status code() const noexcept { return code_; }
    uint32_t retry_after_ms() const noexcept { return retry_after_ms_; }

   private:
    sf_status code_;
    uint32_t retry_after_ms_;
  };

  // Throws the host's error as an Error; passes outcomes >= 0 through.
  inline sf_status check(sf_status status, const sf_error& error) {
    if (status < 0)
      throw Error(status, error.message[0] != '\0' ? error.message : "the host refused the call", error.retry_after_ms);
    return status;
  }

  namespace detail {
  // A sf_bytes_sink that appends to a string.
  class StringSink {
   public:
    StringSink() : sink_{sizeof(sf_bytes_sink), 0, &text_, &StringSink::put} {}
    StringSink(const StringSink&) = delete;
    StringSink& operator=(const StringSink&) = delete;
    const sf_bytes_sink* get() const noexcept { return &sink_; }
    std::string take() noexcept { return std::move(text_); }

   private:
    static sf_status put(const sf_bytes_sink* sink, sf_str piece) {
      static_cast<std::string*>(sink->impl)->append(from_c(piece));
      return SF_OK;
    }
    std::string text_;
    sf_bytes_sink sink_;
  };
  }  // namespace detail
}  // namespace )
