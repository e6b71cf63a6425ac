// SPDX-License-Identifier: Apache-2.0
//
// mini_host.hpp - just enough of a runner for source_wazuh: a clock that only waiting moves, a scripted sf.http/1, and
// everything that the plugin said or handed over. One thread.
#pragma once
#include <signalfoundry/abi/all.h>
#include <signalfoundry/source.hpp>

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../../../../plugins/source_wazuh/wazuh_source.hpp"
#include "base/digest.hpp"

struct HttpReply {
  sf_status status = SF_OK;  // not SF_OK: the exchange failed, and body is the sentence
  unsigned http = 200;
  std::string body{};
  std::map<std::string, std::string> headers{};
};

class MiniHost {
 public:
  using Http = std::function<HttpReply(const std::string& url, const std::string& body)>;

  MiniHost()
      : host_{sizeof(sf_host), SF_ABI_MAJOR, SF_ABI_MINOR, "mini", "1.0.0", "poll", this, &MiniHost::get_service} {}
  MiniHost(const MiniHost&) = delete;
  MiniHost& operator=(const MiniHost&) = delete;
  const sf_host* raw() const { return &host_; }

  Http http;
  std::string password = "s3cret-of-test";
  std::int64_t now_ms = 1'795'549'345'000;  // 2026-11-24T19:42:25Z
  std::int64_t monotonic_ms = 1000;
  bool stopping = false;
  std::vector<std::uint32_t> waits;
  std::vector<std::string> log;
  std::map<std::string, std::uint64_t> counters;
  std::map<std::string, double> gauges;
  bool keeps_state = false;  // an older host does not
  std::map<std::string, std::string> state;
  bool state_fails = false;  // what is kept cannot be read
  bool logged(const std::string& part) const {
    for (const auto& line : log)
      if (line.find(part) != std::string::npos) return true;
    return false;
  }

 private:
  static MiniHost& self(const sf_host* host) { return *static_cast<MiniHost*>(host->impl); }
  static sf_status request(const sf_host* host, const sf_http_request* q, const sf_response_sink* sink,
                           sf_error* error) {
    auto& me = self(host);
    const auto reply = me.http(std::string(sf::from_c(q->url)), std::string(sf::from_c(q->body)));
    if (reply.status != SF_OK) {
      *error = sf_error{};
      error->code = reply.status;
      std::strncpy(error->message, reply.body.c_str(), sizeof error->message - 1);
      return reply.status;
    }
    if (reply.body.size() > q->max_bytes) return SF_TOO_LARGE;
    std::vector<sf_http_header> headers;
    for (const auto& [name, value] : reply.headers) headers.push_back({sf::to_c(name), sf::to_c(value)});
    const sf_http_response response{sizeof(sf_http_response), reply.http, headers.data(), headers.size(),
                                    sf::to_c(reply.body)};
    sink->on_response(sink, &response);
    return SF_OK;
  }
  static const void* get_service(const sf_host* host, const char* id) {
    static constexpr sf_http_api http_api{sizeof(sf_http_api), 0, &MiniHost::request, nullptr};
    static constexpr sf_clock_api clock_api{sizeof(sf_clock_api), 0, [](const sf_host* h) { return self(h).now_ms; },
                                            [](const sf_host* h) { return self(h).monotonic_ms; },
                                            [](const sf_host* h, std::uint32_t ms) -> sf_status {
                                              auto& me = self(h);
                                              me.waits.push_back(ms);
                                              me.now_ms += ms;
                                              me.monotonic_ms += ms;
                                              return me.stopping ? SF_CANCELLED : SF_OK;
                                            }};
    static constexpr sf_log_api log_api{sizeof(sf_log_api), 0, [](const sf_host* h, std::int32_t, sf_str text) {
                                          self(h).log.emplace_back(sf::from_c(text));
                                        }};
    static constexpr sf_metrics_api metrics_api{sizeof(sf_metrics_api), 0,
                                                [](const sf_host* h, sf_str name, std::uint64_t by) -> sf_status {
                                                  return self(h).counters[std::string(sf::from_c(name))] += by, SF_OK;
                                                },
                                                [](const sf_host* h, sf_str name, double value) -> sf_status {
                                                  return self(h).gauges[std::string(sf::from_c(name))] = value, SF_OK;
                                                },
                                                nullptr};
    static constexpr sf_digest_api digest_api{sizeof(sf_digest_api), 0,
                                              [](const sf_host*, sf_str bytes, char out[65]) -> sf_status {
                                                const auto hex = signalfoundry::sha256_hex(sf::from_c(bytes));
                                                return std::memcpy(out, hex.c_str(), 65), SF_OK;
                                              }};
    static constexpr sf_secret_api secret_api{
        sizeof(sf_secret_api), 0, [](const sf_host* h, sf_str, const sf_bytes_sink* sink, sf_error*) -> sf_status {
          return sink->put(sink, sf::to_c(self(h).password));
        }};
    static constexpr sf_state_api state_api{
        sizeof(sf_state_api), 0,
        [](const sf_host* h, sf_str key, const sf_bytes_sink* sink) -> sf_status {
          if (self(h).state_fails) return SF_FAILED;
          const auto found = self(h).state.find(std::string(sf::from_c(key)));
          return found == self(h).state.end() ? SF_ABSENT : sink->put(sink, sf::to_c(found->second));
        },
        [](const sf_host* h, sf_str key, sf_str value) -> sf_status {
          if (value.size > 65'536) return SF_TOO_LARGE;
          return self(h).state[std::string(sf::from_c(key))] = std::string(sf::from_c(value)), SF_OK;
        }};
    if (std::strcmp(id, SF_SERVICE_STATE) == 0 && self(host).keeps_state) return &state_api;
    if (std::strcmp(id, SF_SERVICE_HTTP) == 0) return &http_api;
    if (std::strcmp(id, SF_SERVICE_CLOCK) == 0) return &clock_api;
    if (std::strcmp(id, SF_SERVICE_LOG) == 0) return &log_api;
    if (std::strcmp(id, SF_SERVICE_METRICS) == 0) return &metrics_api;
    if (std::strcmp(id, SF_SERVICE_DIGEST) == 0) return &digest_api;
    if (std::strcmp(id, SF_SERVICE_SECRET) == 0) return &secret_api;
    return nullptr;
  }
  sf_host host_;
};

struct Interval {
  std::int64_t from_ms;
  std::int64_t to_ms;
  std::uint64_t fetched;
  bool complete;
};

// One run of the source through its C table, as the runner would make it.
class SourceRun {
 public:
  SourceRun(MiniHost& host, const std::string& settings, const std::string& from = {})
      : sink_{sizeof(sf_record_sink), 0, this, &SourceRun::push, &SourceRun::checkpoint, &SourceRun::interval, nullptr},
        self_(table().create(host.raw(), &error)) {
    status = table().configure(self_, sf::to_c(settings), &error);
    if (status == SF_OK) status = table().open(self_, sf::to_c(from), &error);
    position = from;
  }
  SourceRun(const SourceRun&) = delete;
  SourceRun& operator=(const SourceRun&) = delete;
  ~SourceRun() { table().destroy(self_); }

  // Polls to the end of the run; the last status.
  sf_status drain(std::uint32_t max_records = 1000) {
    for (int i = 0; i < 100'000 && status == SF_OK; ++i) poll(max_records);
    return status;
  }
  sf_status poll(std::uint32_t max_records) {
    error = {};
    const auto before = documents.size();
    status = table().poll(self_, &sink_, max_records, 0, &error);
    most_at_once = std::max(most_at_once, documents.size() - before);
    return status;
  }
  void request_stop() { table().request_stop(self_); }
  std::string sentence() const { return error.message; }
  bool says(const std::string& part) const { return sentence().find(part) != std::string::npos; }

  sf_status status = SF_OK;
  sf_error error{};
  std::string position;                // the last checkpoint
  std::vector<std::string> documents;  // in the order of the pushes
  std::vector<std::string> ids;
  std::vector<Interval> intervals;
  std::size_t most_at_once = 0;
  std::function<bool()> take = [] { return true; };

 private:
  static const sf_source& table() { return sf::detail::source_table<source_wazuh::WazuhSource>; }
  static SourceRun& me(const sf_record_sink* sink) { return *static_cast<SourceRun*>(sink->impl); }
  static sf_status push(const sf_record_sink* sink, sf_str document, sf_str id, sf_str) {
    if (!me(sink).take()) return SF_FULL;
    me(sink).documents.emplace_back(sf::from_c(document));
    me(sink).ids.emplace_back(sf::from_c(id));
    return SF_OK;
  }
  static sf_status checkpoint(const sf_record_sink* sink, sf_str position) {
    return me(sink).position.assign(sf::from_c(position)), SF_OK;
  }
  static sf_status interval(const sf_record_sink* sink, const sf_interval* i) {
    return me(sink).intervals.push_back({i->from_ms, i->to_ms, i->fetched, i->complete != 0}), SF_OK;
  }
  sf_record_sink sink_;
  void* self_;
};
