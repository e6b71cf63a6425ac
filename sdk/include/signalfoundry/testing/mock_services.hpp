// SPDX-License-Identifier: Apache-2.0
//
// mock_services.hpp - the small services in memory: log, metrics, clock, secrets, state, queue, run.
//
// Members are public: a test sets what the plugin shall find and reads what it did.
#pragma once
#include <signalfoundry/testing/lend.hpp>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

namespace sf __attribute__((visibility("hidden"))) {
  namespace testing {

  class MockLog {
   public:
    struct Line {
      int level;
      std::string text;
    };
    std::vector<Line> lines;
    bool contains(std::string_view text) const {
      for (const auto& line : lines)
        if (line.text.find(text) != std::string::npos) return true;
      return false;
    }
  };

  class MockMetrics {
   public:
    std::map<std::string, uint64_t, std::less<>> counters;
    std::map<std::string, double, std::less<>> gauges;
    std::string text;  // what render() gives instead of the metrics above, when not ""

    uint64_t counter(std::string_view name) const {
      const auto it = counters.find(name);
      return it == counters.end() ? 0 : it->second;
    }
    std::string render(const std::string& stage) const {
      if (!text.empty()) return text;
      std::ostringstream out;
      for (const auto& [name, value] : counters)
        out << "# TYPE signalfoundry_" << name << "_total counter\nsignalfoundry_" << name << "_total{stage=\"" << stage
            << "\"} " << value << '\n';
      for (const auto& [name, value] : gauges)
        out << "# TYPE signalfoundry_" << name << " gauge\nsignalfoundry_" << name << "{stage=\"" << stage << "\"} "
            << value << '\n';
      return out.str();
    }
  };

  // Stands still until a test moves it; wait() moves it by the time waited and returns at once.
  class MockClock {
   public:
    int64_t now_ms = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
    int64_t monotonic_ms = 1'000;
    bool stopping = false;                  // wait() answers SF_CANCELLED
    std::vector<uint32_t> waits;            // every wait asked for
    std::function<void(uint32_t)> on_wait;  // called after each wait, e.g. to set `stopping`
    void advance(int64_t ms) {
      now_ms += ms;
      monotonic_ms += ms;
    }
  };

  class MockSecrets {
   public:
    std::map<std::string, std::string, std::less<>> values;      // by setting name
    std::map<std::string, std::string, std::less<>> unreadable;  // setting name to the host's message
    std::vector<std::string> asked;
  };

  class MockState {
   public:
    std::map<std::string, std::string, std::less<>> values;
    bool fail_puts = false;
  };

  class MockQueue {
   public:
    struct Waiting {
      std::string name;
      int64_t time_ms = 0;
      uint32_t group = 0;
      uint32_t severity = SF_SEVERITY_UNKNOWN;
    };
    std::vector<Waiting> waiting;  // found by SF_SCAN_ALL
    std::vector<Waiting> queued;   // queued since the last scan; found by both modes, then part of `waiting`
    std::vector<std::string> admitted;
    std::vector<uint32_t> scans;  // the modes asked for
    std::string scan_error;       // not "": the next scans fail with SF_RETRY and this message
    uint64_t depth = 0;           // what the last scan saw
    uint64_t new_max = 10'000;    // where more are queued, SF_SCAN_NEW gives SF_TOO_LARGE
  };

  class MockRun {
   public:
    std::string report = "{}";
    std::map<std::string, std::string, std::less<>> reconcile{
        {"run", R"({"checked":0,"mismatches":0,"categories":{}})"},
        {"all", R"({"checked":0,"mismatches":0,"categories":{}})"}};
    std::string reconcile_error;          // not "": reconcile fails with SF_FAILED and this message
    std::vector<std::string> reconciled;  // the scopes asked for
    struct Watched {
      nlohmann::json content;
      std::vector<std::string> findings;
    };
    std::map<std::string, Watched, std::less<>> watched;  // by name of the part, as put last
  };

  namespace detail {

  inline bool metric_name(std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
  }

  inline void log_write(const sf_host* host, int32_t level, sf_str message) {
    const std::lock_guard lock(parts(host).mutex);
    parts(host).log->lines.push_back({level, std::string(from_c(message))});
  }
  inline sf_status metrics_add(const sf_host* host, sf_str name, uint64_t by) {
    const std::lock_guard lock(parts(host).mutex);
    if (!metric_name(from_c(name))) {
      parts(host).misuse("sf.metrics/1 add: \"" + std::string(from_c(name)) + "\" is not [a-z_]+");
      return SF_INVALID;
    }
    parts(host).metrics->counters[std::string(from_c(name))] += by;
    return SF_OK;
  }
  inline sf_status metrics_set(const sf_host* host, sf_str name, double value) {
    const std::lock_guard lock(parts(host).mutex);
    if (!metric_name(from_c(name))) {
      parts(host).misuse("sf.metrics/1 set: \"" + std::string(from_c(name)) + "\" is not [a-z_]+");
      return SF_INVALID;
    }
    parts(host).metrics->gauges[std::string(from_c(name))] = value;
    return SF_OK;
  }
  inline sf_status metrics_render(const sf_host* host, const sf_bytes_sink* sink) {
    std::string text;
    {
      const std::lock_guard lock(parts(host).mutex);
      text = parts(host).metrics->render(parts(host).stage);
    }
    return put(sink, text);
  }

  inline int64_t clock_now(const sf_host* host) {
    const std::lock_guard lock(parts(host).mutex);
    return parts(host).clock->now_ms;
  }
  inline int64_t clock_monotonic(const sf_host* host) {
    const std::lock_guard lock(parts(host).mutex);
    return parts(host).clock->monotonic_ms;
  }
  inline sf_status clock_wait(const sf_host* host, uint32_t ms) {
    std::function<void(uint32_t)> on_wait;
    {
      const std::lock_guard lock(parts(host).mutex);
      auto& clock = *parts(host).clock;
      if (clock.stopping) return SF_CANCELLED;
      clock.waits.push_back(ms);
      clock.advance(ms);
      on_wait = clock.on_wait;
    }
    if (on_wait) on_wait(ms);
    return SF_OK;
  }

  inline sf_status secret_get(const sf_host* host, sf_str key, const sf_bytes_sink* sink, sf_error* error) {
    std::string value;
    {
      const std::lock_guard lock(parts(host).mutex);
      auto& secrets = *parts(host).secrets;
      secrets.asked.emplace_back(from_c(key));
      if (const auto bad = secrets.unreadable.find(from_c(key)); bad != secrets.unreadable.end())
        return refuse(error, SF_DENIED, "secret", bad->second);
      const auto it = secrets.values.find(from_c(key));
      if (it == secrets.values.end()) return SF_ABSENT;
      value = it->second;
    }
    return put(sink, value);
  }

  inline sf_status state_get(const sf_host* host, sf_str key, const sf_bytes_sink* sink) {
    const auto& values = parts(host).state->values;
    const auto it = values.find(from_c(key));
    return it == values.end() ? SF_ABSENT : put(sink, it->second);
  }
  inline sf_status state_put(const sf_host* host, sf_str key, sf_str value) {
    auto& state = *parts(host).state;
    if (state.fail_puts) return SF_RETRY;
    if (value.size > 64U * 1024U) return SF_INVALID;
    state.values[std::string(from_c(key))] = std::string(from_c(value));
    return SF_OK;
  }

  inline sf_status queue_scan(const sf_host* host, uint32_t mode,
                              int32_t (*visit)(void* impl, const sf_waiting* waiting), void* impl, sf_error* error) {
    auto& queue = *parts(host).queue;
    queue.scans.push_back(mode);
    if (!queue.scan_error.empty()) return refuse(error, SF_RETRY, "scan", queue.scan_error);
    if (mode == SF_SCAN_NEW && queue.queued.size() > queue.new_max) return SF_TOO_LARGE;
    auto seen = mode == SF_SCAN_ALL ? queue.waiting : std::vector<MockQueue::Waiting>{};
    seen.insert(seen.end(), queue.queued.begin(), queue.queued.end());
    queue.waiting.insert(queue.waiting.end(), queue.queued.begin(), queue.queued.end());
    queue.queued.clear();
    queue.depth = seen.size();
    for (const auto& one : seen) {
      Arena arena;
      const sf_waiting waiting{arena.lend(one.name), one.time_ms, one.group, one.severity};
      const bool stop = visit(impl, &waiting) != 0;
      arena.poison();
      if (stop) break;
    }
    return SF_OK;
  }
  inline sf_status queue_admit(const sf_host* host, sf_str name) {
    auto& queue = *parts(host).queue;
    const std::string text(from_c(name));
    bool known = false;
    for (const auto& one : queue.waiting) known = known || one.name == text;
    if (!known) {
      parts(host).misuse("sf.queue/1 admit: \"" + text + "\" does not wait in the queue");
      return SF_INVALID;
    }
    for (const auto& one : queue.admitted)
      if (one == text) return SF_EXISTS;
    queue.admitted.push_back(text);
    return SF_OK;
  }
  inline sf_status queue_depth(const sf_host* host, uint64_t* out) {
    *out = parts(host).queue->depth;
    return SF_OK;
  }

  inline sf_status run_report(const sf_host* host, const sf_bytes_sink* sink) {
    return put(sink, parts(host).run->report);
  }
  inline sf_status run_reconcile(const sf_host* host, sf_str scope, const sf_bytes_sink* sink, sf_error* error) {
    auto& run = *parts(host).run;
    run.reconciled.emplace_back(from_c(scope));
    if (!run.reconcile_error.empty()) return refuse(error, SF_FAILED, "reconcile", run.reconcile_error);
    const auto it = run.reconcile.find(from_c(scope));
    if (it == run.reconcile.end()) return refuse(error, SF_INVALID, "reconcile", "the scope is \"run\" or \"all\"");
    return put(sink, it->second);
  }
  inline sf_status run_watch(const sf_host* host, sf_str name, sf_str json, const sf_str* findings, uint64_t count,
                             sf_error* error) {
    MockRun::Watched part{nlohmann::json::parse(from_c(json), nullptr, false), {}};
    if (!metric_name(from_c(name)) || name.size > 32 || !part.content.is_object() || count > 100)
      return refuse(error, SF_INVALID, "watch", "no name, no JSON object, or too many findings");
    for (uint64_t i = 0; i < count; ++i) part.findings.emplace_back(from_c(findings[i]));
    parts(host).run->watched[std::string(from_c(name))] = std::move(part);
    return SF_OK;
  }

  }  // namespace detail
  }  // namespace testing
}  // namespace )
