// SPDX-License-Identifier: Apache-2.0
//
// lend.hpp - what every part of the mock host needs: bytes that are lent for one call, misuse, and who is who.
//
// Bytes that a hook was given read 0xDD once it has returned, so a plugin that keeps a view fails its test.
// Thread: one test thread, except where the ABI says [any-thread].
#pragma once
#include <signalfoundry/detail_guard.hpp>

#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sf __attribute__((visibility("hidden"))) {
  namespace testing {

  // A plugin broke a rule of the ABI that no status can report. Drivers throw it after the hook in which it happened.
  class Misuse : public std::logic_error {
   public:
    using std::logic_error::logic_error;
  };

  // The hook that the plugin is in; `none` when a test calls the host by itself, where everything is allowed.
  enum class Phase { none, create, configure, begin, batch, end, triage, poll, other };

  class MockLog;
  class MockMetrics;
  class MockClock;
  class MockSecrets;
  class MockState;
  class MockQueue;
  class MockRun;
  class MockFs;
  class MockHttp;
  class MockHost;

  namespace detail {

  // Bytes for one call. poison() overwrites them; they are freed one generation later, where ASan sees a late reader
  // too.
  class Arena {
   public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    sf_str lend(std::string_view text) {
      auto bytes = std::make_unique<char[]>(text.size() + 1);  // never null, never NUL-terminated by luck
      if (!text.empty()) std::memcpy(bytes.get(), text.data(), text.size());
      bytes[text.size()] = '\x5f';
      live_.push_back({std::move(bytes), text.size() + 1});
      return {live_.back().bytes.get(), text.size()};
    }
    void poison() noexcept {
      for (auto& loan : live_) std::memset(loan.bytes.get(), 0xDD, loan.size);
      retired_ = std::move(live_);
      live_.clear();
    }

   private:
    struct Loan {
      std::unique_ptr<char[]> bytes;
      std::size_t size;
    };
    std::vector<Loan> live_;
    std::vector<Loan> retired_;
  };

  // What sf_host::impl points to.
  struct Parts {
    std::mutex mutex;  // guards every [any-thread] service
    Phase phase = Phase::none;
    std::vector<std::string> misuses;
    Arena arena;
    std::string stage;
    MockLog* log = nullptr;
    MockMetrics* metrics = nullptr;
    MockClock* clock = nullptr;
    MockSecrets* secrets = nullptr;
    MockState* state = nullptr;
    MockQueue* queue = nullptr;
    MockRun* run = nullptr;
    MockFs* fs = nullptr;
    MockHttp* http = nullptr;
    MockHost* host = nullptr;

    void misuse(std::string what) { misuses.push_back(std::move(what)); }
  };
  inline Parts& parts(const sf_host* host) noexcept {
    return *static_cast<Parts*>(host->impl);
  }

  // Fills the error as a host does, and gives its code back.
  inline sf_status refuse(sf_error* error, sf_status code, const char* where, const std::string& message,
                          uint32_t retry_after_ms = 0) noexcept {
    ::sf::detail::fill(error, code, where, message.c_str(), retry_after_ms);
    return code;
  }

  // Hands text to a sink in pieces, as a real host may.
  inline sf_status put(const sf_bytes_sink* sink, std::string_view text, std::size_t piece = 1024) {
    Arena arena;
    do {
      const auto part = text.substr(0, piece);
      text.remove_prefix(part.size());
      const sf_status status = sink->put(sink, arena.lend(part));
      arena.poison();
      if (status != SF_OK) return SF_CANCELLED;
    } while (!text.empty());
    return SF_OK;
  }

  }  // namespace detail
  }  // namespace testing
}  // namespace )
