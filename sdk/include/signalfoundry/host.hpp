// SPDX-License-Identifier: Apache-2.0
//
// host.hpp - the runner as one instance sees it: log, clock, metrics, secrets, state, digests, queue, run.
//
// Copy it freely; it lives as long as the instance. Services answer from configure() on, not in a constructor.
#pragma once
#include <signalfoundry/abi/all.h>
#include <signalfoundry/error.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sf __attribute__((visibility("hidden"))) {

  class Host {
   public:
    Host() = default;
    explicit Host(const sf_host* host) noexcept : host_(host) {}
    const sf_host* raw() const noexcept { return host_; }
    std::string_view stage() const noexcept { return host_->stage; }

    // The table of a service, or null where this host has none.
    template <class Api>
    const Api* find(const char* id) const noexcept {
      return static_cast<const Api*>(host_->get_service(host_, id));
    }
    // As find(); throws SF_UNSUPPORTED where there is none.
    template <class Api>
    const Api& service(const char* id) const {
      const auto* api = find<Api>(id);
      if (api == nullptr) throw Error(SF_UNSUPPORTED, std::string("this host has no service ") + id);
      return *api;
    }

    void log(int level, std::string_view message) const noexcept {
      if (const auto* api = find<sf_log_api>(SF_SERVICE_LOG)) api->log(host_, level, to_c(message));
    }
    void info(std::string_view message) const noexcept { log(SF_LOG_INFO, message); }
    void warn(std::string_view message) const noexcept { log(SF_LOG_WARN, message); }

    int64_t now_ms() const { return service<sf_clock_api>(SF_SERVICE_CLOCK).now_ms(host_); }
    int64_t monotonic_ms() const { return service<sf_clock_api>(SF_SERVICE_CLOCK).monotonic_ms(host_); }
    // False: the run is stopping.
    bool wait(uint32_t ms) const { return service<sf_clock_api>(SF_SERVICE_CLOCK).wait(host_, ms) == SF_OK; }

    void count(std::string_view name, uint64_t by = 1) const {
      service<sf_metrics_api>(SF_SERVICE_METRICS).add(host_, to_c(name), by);
    }
    void gauge(std::string_view name, double value) const {
      service<sf_metrics_api>(SF_SERVICE_METRICS).set(host_, to_c(name), value);
    }
    // Every metric of the run, Prometheus text format. Throws Error where the host has no memory for it.
    std::string metrics_text() const {
      detail::StringSink sink;
      given(service<sf_metrics_api>(SF_SERVICE_METRICS).render(host_, sink.get()), "the run's metrics");
      return sink.take();
    }

    // SHA-256 as 64 hex digits. Throws Error where it cannot be computed: never a digest that is none.
    std::string sha256(std::string_view bytes) const {
      char hex[65] = {};
      given(service<sf_digest_api>(SF_SERVICE_DIGEST).sha256(host_, to_c(bytes), hex), "a SHA-256");
      return hex;
    }

    // The secret that a setting refers to; nothing where the setting is absent.
    std::optional<std::string> secret(std::string_view key) const {
      detail::StringSink sink;
      sf_error error{};
      const auto status = service<sf_secret_api>(SF_SERVICE_SECRET).get(host_, to_c(key), sink.get(), &error);
      if (check(status, error) == SF_ABSENT) return std::nullopt;
      return sink.take();
    }

    // What set_state() stored; nothing where it never did. Throws Error where it cannot be read.
    std::optional<std::string> state(std::string_view key) const {
      detail::StringSink sink;
      const auto status = service<sf_state_api>(SF_SERVICE_STATE).get(host_, to_c(key), sink.get());
      if (status == SF_ABSENT) return std::nullopt;
      given(status, "the stage's state");
      return sink.take();
    }
    void set_state(std::string_view key, std::string_view value) const {
      if (service<sf_state_api>(SF_SERVICE_STATE).put(host_, to_c(key), to_c(value)) < 0)
        throw Error(SF_FAILED, "the stage's state was not stored: " + std::string(key));
    }

    // Calls visit(const sf_waiting&) -> bool for every waiting alert (or the new ones only); false stops. Gives false
    // where more are new than the runner keeps the names of: none was visited, SF_SCAN_ALL has them. Throws Error.
    template <class Visit>
    [[nodiscard]] bool scan_queue(uint32_t mode, Visit&& visit) const {
      sf_error error{};
      auto call = [](void* impl, const sf_waiting* waiting) -> int32_t {
        return (*static_cast<std::remove_reference_t<Visit>*>(impl))(*waiting) ? 0 : 1;
      };
      const auto status = service<sf_queue_api>(SF_SERVICE_QUEUE)
                              .scan(host_, mode, call, const_cast<void*>(static_cast<const void*>(&visit)), &error);
      return check(status, error) != SF_TOO_LARGE;
    }
    // Puts a waiting alert into the active set; false when it is there already.
    bool admit(std::string_view name) const {
      return service<sf_queue_api>(SF_SERVICE_QUEUE).admit(host_, to_c(name)) == SF_OK;
    }

    // The run's report so far, JSON.
    std::string report() const {
      detail::StringSink sink;
      given(service<sf_run_api>(SF_SERVICE_RUN).report(host_, sink.get()), "the runner's report");
      return sink.take();
    }
    // Checks the books: scope "run" or "all"; JSON {"checked","mismatches","categories"}.
    std::string reconcile(std::string_view scope) const {
      detail::StringSink sink;
      sf_error error{};
      check(service<sf_run_api>(SF_SERVICE_RUN).reconcile(host_, to_c(scope), sink.get(), &error), error);
      return sink.take();
    }

    // A part of the report that this stage answers for (abi/service/run.h): `json` one object, `findings` what is
    // wrong, a sentence each. Throws SF_UNSUPPORTED on a runner older than ABI 1.1.
    void watch(std::string_view name, std::string_view json, const std::vector<std::string>& findings) const {
      const auto& api = service<sf_run_api>(SF_SERVICE_RUN);
      if (!SF_HAS(&api, watch))
        throw Error(SF_UNSUPPORTED, "this runner takes no part of a report; it is older than ABI 1.1");
      std::vector<sf_str> sentences;
      sentences.reserve(findings.size());
      for (const auto& finding : findings) sentences.push_back(to_c(finding));
      sf_error error{};
      check(api.watch(host_, to_c(name), to_c(json), sentences.data(), sentences.size(), &error), error);
    }

   private:
    static void given(sf_status status, const char* what) {
      if (status < 0) throw Error(status, std::string(what) + " could not be had from the runner; the log says why");
    }

    const sf_host* host_ = nullptr;
  };

}  // namespace )
