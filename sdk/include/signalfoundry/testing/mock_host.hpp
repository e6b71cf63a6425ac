// SPDX-License-Identifier: Apache-2.0
//
// mock_host.hpp - the runner as a plugin's unit test needs it: every service in memory, every act inspectable.
//
//   sf::testing::MockHost host("triage");
//   host.fs.put("parent:policy", "soc.toml", "...");
//   sf::testing::TriageUnderTest triage(host, signalfoundry_plugin, {{"policy", "/etc/soc.toml"}});
//   auto verdict = triage.triage(alert);
//
// Needs nlohmann_json and OpenSSL::Crypto (link SignalFoundry::testing); neither the core nor a test framework.
// Thread: the test's, except where the ABI says [any-thread].
#pragma once
#include <signalfoundry/testing/mock_fs.hpp>
#include <signalfoundry/testing/mock_http.hpp>
#include <signalfoundry/testing/mock_record.hpp>
#include <signalfoundry/testing/mock_services.hpp>

#include <set>

namespace sf __attribute__((visibility("hidden"))) {
  namespace testing {

  class MockHost {
   public:
    explicit MockHost(std::string stage = "stage") {
      parts_.stage = std::move(stage);
      parts_.log = &log;
      parts_.metrics = &metrics;
      parts_.clock = &clock;
      parts_.secrets = &secrets;
      parts_.state = &state;
      parts_.queue = &queue;
      parts_.run = &run;
      parts_.fs = &fs;
      parts_.http = &http;
      parts_.host = this;
      host_.struct_size = sizeof host_;
      host_.abi_major = SF_ABI_MAJOR;
      host_.abi_minor = SF_ABI_MINOR;
      host_.name = "mock";
      host_.version = "1.0.0";
      host_.stage = parts_.stage.c_str();
      host_.impl = &parts_;
      host_.get_service = &MockHost::get_service;
    }
    MockHost(const MockHost&) = delete;
    MockHost& operator=(const MockHost&) = delete;

    MockLog log;
    MockMetrics metrics;
    MockClock clock;
    MockSecrets secrets;
    MockState state;
    MockQueue queue;
    MockRun run;
    MockFs fs;
    MockHttp http;

    const sf_host* raw() const noexcept { return &host_; }
    // For code that takes an sf::Host and is tested without a driver.
    Host host() const noexcept { return Host(&host_); }
    // From now on this host has no such service ("sf.http/1").
    void withhold(std::string service) { withheld_.insert(std::move(service)); }
    // What the plugin did against the rules so far. Drivers throw it; a test without a driver may look here.
    const std::vector<std::string>& misuses() const noexcept { return parts_.misuses; }
    detail::Parts& parts() noexcept { return parts_; }

   private:
    static const void* get_service(const sf_host* host, const char* id);
    static const sf_path* compile_path(const sf_host* host, sf_str path);
    static sf_status sha256(const sf_host* host, sf_str bytes, char out_hex[65]);

    sf_host host_{};
    detail::Parts parts_;
    std::set<std::string, std::less<>> withheld_;
    std::list<detail::MockPath> paths_;
  };

  inline const sf_path* MockHost::compile_path(const sf_host* host, sf_str path) {
    auto& parts = detail::parts(host);
    if (parts.phase != Phase::configure && parts.phase != Phase::none)
      parts.misuse("sf.record/1 compile_path: only in configure()");
    return detail::compile_path(parts.host->paths_, from_c(path));
  }

  inline sf_status MockHost::sha256(const sf_host* /*host*/, sf_str bytes, char out_hex[65]) {
    const auto hex = detail::sha256_hex(from_c(bytes));
    std::memcpy(out_hex, hex.c_str(), 65);
    return SF_OK;
  }

  inline const void* MockHost::get_service(const sf_host* host, const char* id) {
    static const sf_record_api record{
        sizeof(sf_record_api), 0, compile_path, detail::record_get, detail::record_each_text, detail::record_bytes};
    static const sf_log_api log{sizeof(sf_log_api), 0, detail::log_write};
    static const sf_metrics_api metrics{sizeof(sf_metrics_api), 0, detail::metrics_add, detail::metrics_set,
                                        detail::metrics_render};
    static const sf_clock_api clock{sizeof(sf_clock_api), 0, detail::clock_now, detail::clock_monotonic,
                                    detail::clock_wait};
    static const sf_digest_api digest{sizeof(sf_digest_api), 0, sha256};
    static const sf_secret_api secret{sizeof(sf_secret_api), 0, detail::secret_get};
    static const sf_state_api state{sizeof(sf_state_api), 0, detail::state_get, detail::state_put};
    static const sf_queue_api queue{sizeof(sf_queue_api), 0, detail::queue_scan, detail::queue_admit,
                                    detail::queue_depth};
    static const sf_run_api run{sizeof(sf_run_api), 0, detail::run_report, detail::run_reconcile, detail::run_watch};
    static const sf_http_api http{sizeof(sf_http_api), 0, detail::http_request, nullptr};
    static const sf_fs_api fs{sizeof(sf_fs_api),         0,
                              detail::fs_open_dir,       detail::fs_list,
                              detail::fs_stat,           detail::fs_read,
                              detail::fs_write_file,     detail::fs_append_line,
                              detail::fs_tree_begin,     detail::fs_tree_add,
                              detail::fs_tree_add_alert, detail::fs_tree_publish,
                              detail::fs_tree_abort};
    static const std::map<std::string_view, const void*> services{
        {SF_SERVICE_RECORD, &record}, {SF_SERVICE_LOG, &log},       {SF_SERVICE_METRICS, &metrics},
        {SF_SERVICE_CLOCK, &clock},   {SF_SERVICE_DIGEST, &digest}, {SF_SERVICE_SECRET, &secret},
        {SF_SERVICE_STATE, &state},   {SF_SERVICE_QUEUE, &queue},   {SF_SERVICE_RUN, &run},
        {SF_SERVICE_HTTP, &http},     {SF_SERVICE_FS, &fs}};
    auto& parts = detail::parts(host);
    if (parts.phase == Phase::create) {
      parts.misuse(std::string("get_service ") + id + ": no services in create()");
      return nullptr;
    }
    const auto it = services.find(id);
    return it == services.end() || parts.host->withheld_.contains(id) ? nullptr : it->second;
  }

  }  // namespace testing
}  // namespace )
