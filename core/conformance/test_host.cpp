// SPDX-License-Identifier: Apache-2.0
#include "conformance/test_host.hpp"

#include <poll.h>

#include <string_view>

namespace signalfoundry::conformance {

namespace {

constexpr std::size_t kLogLinesMax = 10'000;

const sf_log_api kLog{sizeof(sf_log_api), 0, [](const sf_host* host, int32_t level, sf_str message) {
                        TestHost::of(host).write(level, std::string(message.data, message.size));
                      }};

const sf_clock_api kClock{sizeof(sf_clock_api), 0,
                          [](const sf_host* host) -> int64_t { return TestHost::of(host).clock.now_ms(); },
                          [](const sf_host* host) -> int64_t { return TestHost::of(host).clock.monotonic_ms(); },
                          [](const sf_host* host, uint32_t ms) -> sf_status {
                            auto& self = TestHost::of(host);
                            if (self.stopping()) return SF_CANCELLED;
                            ::poll(nullptr, 0, 1);  // who waits for another thread gives it a turn
                            self.clock.pass(ms);
                            return self.stopping() ? SF_CANCELLED : SF_OK;
                          }};

void look(const sf_host* host) {
  auto& self = TestHost::of(host);
  ++self.fs_calls;
  if (self.before_fs) self.before_fs(self.fs_calls);
}

// The host's own table, with a look before each call that a source has a use for.
const sf_fs_api& fs_table() {
  static const sf_fs_api table = [] {
    sf_fs_api t = plugin::kFsService;
    t.open_dir = [](const sf_host* h, sf_str which, const sf_dir** out, sf_error* e) -> sf_status {
      return look(h), plugin::kFsService.open_dir(h, which, out, e);
    };
    t.list = [](const sf_host* h, const sf_dir* dir, sf_str suffix, int32_t (*visit)(void*, const sf_entry*),
                void* impl, sf_error* e) -> sf_status {
      look(h);
      auto& self = TestHost::of(h);
      if (self.fs_first_list == 0) self.fs_first_list = self.fs_calls;
      return plugin::kFsService.list(h, dir, suffix, visit, impl, e);
    };
    t.stat = [](const sf_host* h, const sf_dir* dir, sf_str name, sf_entry* out, sf_error* e) -> sf_status {
      return look(h), plugin::kFsService.stat(h, dir, name, out, e);
    };
    t.read = [](const sf_host* h, const sf_dir* dir, const sf_entry* entry, uint64_t offset, uint64_t limit,
                const sf_bytes_sink* sink, sf_error* e) -> sf_status {
      return look(h), plugin::kFsService.read(h, dir, entry, offset, limit, sink, e);
    };
    return t;
  }();
  return table;
}

const void* service(const sf_host*, const char* id) {
  const std::string_view name(id);
  if (name == SF_SERVICE_LOG) return &kLog;
  if (name == SF_SERVICE_CLOCK) return &kClock;
  if (name == SF_SERVICE_FS) return &fs_table();
  return plugin::service(name);
}

}  // namespace

TestHost::TestHost(const config::StageConfig& stage, Clock& time, const std::string& state_dir)
    : clock(time), queue_(queue::StateDir::open(state_dir)), host_(shared_, stage), face_{*host_.raw(), this} {
  shared_.queue = &queue_;
  shared_.http = &http_;
  shared_.metrics = &metrics_;
  shared_.state = &state_;
  shared_.stop = &stop_;
  shared_.report = [] { return std::string("{}"); };
  shared_.reconcile = [](const std::string&) { return std::string("{}"); };
  face_.raw.get_service = service;
}

void TestHost::write(int level, std::string text) {
  const std::lock_guard lock(mutex_);
  if (log_.size() < kLogLinesMax) log_.push_back({level, std::move(text)});
}

std::vector<LogLine> TestHost::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

}  // namespace signalfoundry::conformance
