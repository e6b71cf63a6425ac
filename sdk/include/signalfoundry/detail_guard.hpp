// SPDX-License-Identifier: Apache-2.0
//
// detail_guard.hpp - the wall that no exception passes, and the instance behind each table. Not for authors.
#pragma once
#include <signalfoundry/host.hpp>

#include <cstring>

namespace sf __attribute__((visibility("hidden"))) {
  namespace detail {

  inline void fill(sf_error* error, sf_status code, const char* where, const char* what,
                   uint32_t retry_after_ms) noexcept {
    if (error == nullptr) return;
    *error = sf_error{};
    error->code = code;
    error->retry_after_ms = retry_after_ms;
    std::strncpy(error->where, where, sizeof error->where - 1);
    std::strncpy(error->message, what, sizeof error->message - 1);
  }

  template <class F>
  sf_status guard(const char* where, sf_error* error, F&& f) noexcept {
    try {
      return f();
    } catch (const Error& x) {
      fill(error, x.code(), where, x.what(), x.retry_after_ms());
      return x.code();
    } catch (const std::exception& x) {
      fill(error, SF_PANIC, where, x.what(), 0);
    } catch (...) {
      fill(error, SF_PANIC, where, "unknown exception", 0);
    }
    return SF_PANIC;
  }

  template <class Base>
  struct Instance {
    Host host;
    Base* impl;
  };
  template <class T, class Base>
  void* create(const sf_host* host, sf_error* error) noexcept {
    void* out = nullptr;
    guard("create", error, [&]() -> sf_status {
      auto impl = new T;
      out = new Instance<Base>{Host(host), impl};
      return SF_OK;
    });
    return out;
  }
  template <class Base>
  void destroy(void* self) noexcept {
    guard("destroy", nullptr, [&]() -> sf_status {
      auto* instance = static_cast<Instance<Base>*>(self);
      delete instance->impl;
      delete instance;
      return SF_OK;
    });
  }
  template <class Base>
  Base& impl(void* self) noexcept {
    return *static_cast<Instance<Base>*>(self)->impl;
  }
  template <class Base>
  sf_status configure(void* self, sf_str settings, sf_error* error) noexcept {
    return guard("configure", error, [&]() -> sf_status {
      impl<Base>(self).configure(static_cast<Instance<Base>*>(self)->host, from_c(settings));
      return SF_OK;
    });
  }

  }  // namespace detail
}  // namespace )
