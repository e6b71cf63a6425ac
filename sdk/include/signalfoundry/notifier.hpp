// SPDX-License-Identifier: Apache-2.0
//
// notifier.hpp - write a notifier: subclass sf::Notifier, end the file with SF_NOTIFIER_PLUGIN (plugin.hpp).
#pragma once
#include <signalfoundry/detail_guard.hpp>

namespace sf __attribute__((visibility("hidden"))) {

  class Notifier {
   public:
    virtual ~Notifier() = default;
    virtual void configure(const Host& host, std::string_view settings_json) = 0;
    // Deliver; the same delivery_id on every attempt. Throw SF_RETRY where the other side is away, SF_AGAIN where only
    // this message cannot be delivered now, SF_FAILED for dead letters.
    virtual void notify(std::string_view payload_json, std::string_view delivery_id, uint32_t attempt) = 0;
    virtual void close() {}
  };

  namespace detail {
  template <class T>
  constexpr sf_notify notify_table{
      sizeof(sf_notify),
      0,
      create<T, Notifier>,
      destroy<Notifier>,
      configure<Notifier>,
      [](void* p, sf_str payload, sf_str id, uint32_t attempt, sf_error* e) noexcept -> sf_status {
        return guard("notify", e, [&]() -> sf_status {
          return impl<Notifier>(p).notify(from_c(payload), from_c(id), attempt), SF_OK;
        });
      },
      [](void* p) noexcept {
        guard("close", nullptr, [&]() -> sf_status { return impl<Notifier>(p).close(), SF_OK; });
      }};
  }  // namespace detail
}  // namespace )
