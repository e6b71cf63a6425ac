// SPDX-License-Identifier: Apache-2.0
#include "plugin/host.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "base/wipe.hpp"
#include "signalfoundry/version.hpp"

namespace signalfoundry::plugin {

namespace {

std::string_view text_of(sf_str s) {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.size);
}
sf_str c_of(std::string_view s) {
  return {s.data(), s.size()};
}

const sf_record_api kRecord{
    sizeof(sf_record_api),
    0,
    [](const sf_host* host, sf_str path) -> const sf_path* {
      auto compiled = compile_path(text_of(path));
      if (!compiled) return nullptr;
      Host::of(host).paths.push_back(std::move(compiled));
      return reinterpret_cast<const sf_path*>(Host::of(host).paths.back().get());
    },
    [](const sf_record* record, const sf_path* path, sf_value* out) -> sf_status {
      *out = sf_value{};
      return get_value(Record::of(record), *reinterpret_cast<const CompiledPath*>(path), *out);
    },
    [](const sf_record* record, const sf_path* path, int32_t (*visit)(void*, sf_str), void* impl) -> sf_status {
      return each_text(Record::of(record), *reinterpret_cast<const CompiledPath*>(path), visit, impl);
    },
    [](const sf_record* record, sf_str* out) -> sf_status {
      *out = c_of(Record::of(record).alert->bytes);
      return SF_OK;
    }};

const sf_log_api kLog{sizeof(sf_log_api), 0, [](const sf_host* host, int32_t level, sf_str message) {
                        log::write(static_cast<log::Level>(std::clamp(level, 0, 3)), Host::of(host).stage.name,
                                   text_of(message));
                      }};

const sf_clock_api kClock{sizeof(sf_clock_api), 0, [](const sf_host*) { return now_ms(); },
                          [](const sf_host*) { return monotonic_ms(); },
                          [](const sf_host* host, uint32_t ms) -> sf_status {
                            const auto& stop = *Host::of(host).shared.stop;
                            // A signal interrupts poll(2); the short slices bound the wait when it hit another thread.
                            for (const auto until = monotonic_ms() + ms; !stop.load();) {
                              const auto left = until - monotonic_ms();
                              if (left <= 0) return SF_OK;
                              ::poll(nullptr, 0, static_cast<int>(std::min<std::int64_t>(left, 200)));
                            }
                            return SF_CANCELLED;
                          }};

const sf_metrics_api kMetrics{
    sizeof(sf_metrics_api), 0,
    [](const sf_host* host, sf_str name, uint64_t by) -> sf_status {
      return Host::of(host).shared.metrics->add(Host::of(host).stage.name, text_of(name), by) ? SF_OK : SF_INVALID;
    },
    [](const sf_host* host, sf_str name, double value) -> sf_status {
      return Host::of(host).shared.metrics->set(Host::of(host).stage.name, text_of(name), value) ? SF_OK : SF_INVALID;
    },
    [](const sf_host* host, const sf_bytes_sink* sink) -> sf_status {
      return answer("render", nullptr, [&] { return sink->put(sink, c_of(Host::of(host).shared.metrics->render())); });
    }};

std::optional<std::string> secret_of(const Host& host, std::string_view key) {
  const auto it = host.stage.secrets.find(std::string(key));
  if (it == host.stage.secrets.end()) return std::nullopt;
  return config::read_secret(it->second);
}

const sf_secret_api kSecret{
    sizeof(sf_secret_api), 0,
    [](const sf_host* host, sf_str key, const sf_bytes_sink* sink, sf_error* error) -> sf_status {
      return answer("secret", error, [&]() -> sf_status {
        auto given = secret_of(Host::of(host), text_of(key));
        if (!given) return SF_ABSENT;
        const Secret value(std::move(*given));
        return sink->put(sink, c_of(value.text));
      });
    }};

constexpr std::size_t kStateValueMax = 64U << 10U;
// Keys of the runner itself, beside those of the stage.
bool of_runner(sf_str key) {
  return text_of(key).starts_with("sf.");
}
const sf_state_api kState{sizeof(sf_state_api), 0,
                          [](const sf_host* host, sf_str key, const sf_bytes_sink* sink) -> sf_status {
                            return answer("state", nullptr, [&]() -> sf_status {
                              auto& self = Host::of(host);
                              if (of_runner(key)) return SF_ABSENT;
                              const auto value = self.shared.state->get(self.stage.name, std::string(text_of(key)));
                              return value ? sink->put(sink, c_of(*value)) : static_cast<sf_status>(SF_ABSENT);
                            });
                          },
                          [](const sf_host* host, sf_str key, sf_str value) -> sf_status {
                            if (value.size > kStateValueMax || of_runner(key)) return SF_INVALID;
                            return answer("state", nullptr, [&]() -> sf_status {
                              auto& self = Host::of(host);
                              self.shared.state->put(self.stage.name, std::string(text_of(key)),
                                                     std::string(text_of(value)));
                              return SF_OK;
                            });
                          }};

const sf_digest_api kDigest{sizeof(sf_digest_api), 0, [](const sf_host*, sf_str bytes, char out[65]) -> sf_status {
                              return answer("digest", nullptr, [&]() -> sf_status {
                                std::memcpy(out, sha256_hex(text_of(bytes)).c_str(), 65);
                                return SF_OK;
                              });
                            }};

const sf_http_api kHttp{
    sizeof(sf_http_api), 0,
    [](const sf_host* host, const sf_http_request* request, const sf_response_sink* sink,
       sf_error* error) -> sf_status {
      return answer("request", error, [&]() -> sf_status {
        auto& self = Host::of(host);
        return self.shared.http->request(
            *request, [&](std::string_view key) { return secret_of(self, key).value_or(""); }, self.shared.stop, sink,
            error);
      });
    },
    [](const sf_host* host, const sf_http_request* request, const sf_check_sink* sink, sf_error* error) -> sf_status {
      return answer("reach", error, [&]() -> sf_status {
        return http::Client::reach(*request, Host::of(host).shared.stop, sink, error);
      });
    }};

sf_waiting waiting_of(const queue::Waiting& w) {
  return {c_of(w.name), w.ours ? w.ours->time_ms : 0, w.group,
          w.ours ? static_cast<uint32_t>(w.ours->severity) : static_cast<uint32_t>(SF_SEVERITY_UNKNOWN)};
}
const sf_queue_api kQueue{sizeof(sf_queue_api), 0,
                          [](const sf_host* host, uint32_t mode, int32_t (*visit)(void*, const sf_waiting*), void* impl,
                             sf_error* error) -> sf_status {
                            return answer("scan", error, [&]() -> sf_status {
                              auto& queue = *Host::of(host).shared.queue;
                              const auto give = [&](const queue::Waiting& w) {
                                const sf_waiting waiting = waiting_of(w);
                                return visit(impl, &waiting) == 0;
                              };
                              if (mode == SF_SCAN_NEW) return queue.scan_new(give) ? SF_OK : SF_TOO_LARGE;
                              queue.scan_all(give);
                              return SF_OK;
                            });
                          },
                          [](const sf_host* host, sf_str name) -> sf_status {
                            return answer("admit", nullptr, [&]() -> sf_status {
                              if (!fs::valid_name(text_of(name))) return SF_INVALID;
                              return Host::of(host).shared.queue->admit(text_of(name)) ? SF_OK : SF_EXISTS;
                            });
                          },
                          [](const sf_host* host, uint64_t* out) -> sf_status {
                            *out = Host::of(host).shared.queue->depth();
                            return SF_OK;
                          }};

constexpr std::uint64_t kPartMax = 256U << 10U;
constexpr std::uint64_t kFindingsMax = 100;
const sf_run_api kRun{
    sizeof(sf_run_api), 0,
    [](const sf_host* host, const sf_bytes_sink* sink) -> sf_status {
      return answer("report", nullptr, [&] { return sink->put(sink, c_of(Host::of(host).shared.report())); });
    },
    [](const sf_host* host, sf_str scope, const sf_bytes_sink* sink, sf_error* error) -> sf_status {
      return answer("reconcile", error, [&]() -> sf_status {
        if (text_of(scope) != "run" && text_of(scope) != "all")
          throw Error(Exit::config, "the scope of a reconcile is \"run\" or \"all\"");
        return sink->put(sink, c_of(Host::of(host).shared.reconcile(std::string(text_of(scope)))));
      });
    },
    [](const sf_host* host, sf_str name, sf_str json, const sf_str* findings, uint64_t count,
       sf_error* error) -> sf_status {
      return answer("watch", error, [&]() -> sf_status {
        const auto& self = Host::of(host);
        if (!self.shared.watch) return SF_OK;
        if (count > kFindingsMax || json.size > kPartMax)
          throw Error(Exit::config, "a part of a report has at most 256 KiB and 100 findings");
        std::vector<std::string> sentences;
        for (uint64_t i = 0; i < count; ++i) sentences.push_back(printable(text_of(findings[i]), 500));
        self.shared.watch(self.stage.name, std::string(text_of(name)), text_of(json), std::move(sentences));
        return SF_OK;
      });
    }};

struct Entry {
  const char* id;
  const void* table;
};
const Entry kServices[] = {{SF_SERVICE_RECORD, &kRecord},   {SF_SERVICE_LOG, &kLog},       {SF_SERVICE_CLOCK, &kClock},
                           {SF_SERVICE_METRICS, &kMetrics}, {SF_SERVICE_SECRET, &kSecret}, {SF_SERVICE_STATE, &kState},
                           {SF_SERVICE_DIGEST, &kDigest},   {SF_SERVICE_HTTP, &kHttp},     {SF_SERVICE_QUEUE, &kQueue},
                           {SF_SERVICE_RUN, &kRun},         {SF_SERVICE_FS, &kFsService}};

// A call without an sf_error has only a status to give; the sentence goes to the log.
void fill(sf_error* error, sf_status code, const char* where, const char* what) noexcept {
  if (error == nullptr) {
    try {
      log::error(where, what);
    } catch (const std::exception&) {  // no memory for a line
    }
    return;
  }
  *error = sf_error{};
  error->code = code;
  std::strncpy(error->where, where, sizeof error->where - 1);
  std::strncpy(error->message, what, sizeof error->message - 1);
}

}  // namespace

sf_status failure(const char* where, sf_error* error) noexcept {
  sf_status code = SF_FAILED;
  try {
    throw;
  } catch (const Error& e) {
    if (e.code() == Exit::cant_create) code = SF_DENIED;
    if (e.code() == Exit::io) code = SF_RETRY;
    if (e.code() == Exit::config) code = SF_INVALID;
    fill(error, code, where, e.what());
  } catch (const std::exception& e) {
    fill(error, code, where, e.what());
  } catch (...) {
    fill(error, code, where, "unknown exception");
  }
  return code;
}

std::optional<std::string> StageState::get(const std::string& stage, const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = values_.find({stage, key});
  return it == values_.end() ? std::nullopt : std::optional(it->second);
}
void StageState::load(const std::string& stage, const std::string& key, std::string value) {
  const std::lock_guard lock(mutex_);
  values_[{stage, key}] = std::move(value);
}
void StageState::put(const std::string& stage, const std::string& key, std::string value) {
  const std::lock_guard lock(mutex_);
  changed_[{stage, key}] = value;
  values_[{stage, key}] = std::move(value);
}
StageState::Values StageState::changed() const {
  const std::lock_guard lock(mutex_);
  return changed_;
}
bool StageState::any_changed() const {
  const std::lock_guard lock(mutex_);
  return !changed_.empty();
}
void StageState::kept(const Values& written) {
  const std::lock_guard lock(mutex_);
  for (const auto& [where, value] : written)
    if (const auto it = changed_.find(where); it != changed_.end() && it->second == value) changed_.erase(it);
}
void StageState::forget_changed(const std::string& stage) {
  const std::lock_guard lock(mutex_);
  std::erase_if(changed_, [&](const auto& one) { return one.first.first == stage; });
}

Host::Host(Shared& run, const config::StageConfig& config)
    : shared(run), stage(config), raw_{sizeof(sf_host),
                                       SF_ABI_MAJOR,
                                       SF_ABI_MINOR,
                                       "signalfoundry",
                                       kVersion,
                                       config.name.c_str(),
                                       this,
                                       [](const sf_host*, const char* id) { return service(id); }} {}

Host::~Host() {
  for (auto& tree : trees) {
    try {
      shared.queue->dirs().staging.remove_tree(tree.name);
    } catch (const Error& e) {
      log::warn(stage.name, e.what());
    }
  }
}

const void* service(std::string_view id) {
  for (const auto& entry : kServices)
    if (id == entry.id) return entry.table;
  return nullptr;
}

const std::vector<std::string>& service_ids() {
  static const std::vector<std::string> ids = [] {
    std::vector<std::string> out;
    for (const auto& entry : kServices) out.emplace_back(entry.id);
    return out;
  }();
  return ids;
}

}  // namespace signalfoundry::plugin
