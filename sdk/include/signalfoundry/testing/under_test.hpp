// SPDX-License-Identifier: Apache-2.0
//
// under_test.hpp - drives one plugin instance through its hooks as the runner does, and keeps what it handed over.
//
// Each driver takes the plugin's entry (its schema's defaults are then filled in) or one table (settings as given).
// It creates and configures in its constructor and closes and destroys in its destructor. A hook that fails throws
// sf::Error with the plugin's code and message; a rule broken on the way throws Misuse. Whatever the plugin was lent
// is overwritten when the hook returns.
#pragma once
#include <signalfoundry/testing/mock_host.hpp>
#include <signalfoundry/testing/settings.hpp>

namespace sf __attribute__((visibility("hidden"))) {
  namespace testing {
  namespace detail {

  // One hook: phase, poison, misuse, errors.
  class Driver {
   public:
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;
    // The last hook's status, for tests of outcomes >= 0, and its error as the plugin filled it in.
    sf_status status() const noexcept { return status_; }
    const sf_error& error() const noexcept { return error_; }

   protected:
    explicit Driver(MockHost& host) : host_(host) {}
    ~Driver() = default;

    template <class F>
    sf_status call(Phase phase, F&& hook) {
      auto& parts = host_.parts();
      const auto before = parts.misuses.size();
      const auto trees = host_.fs.open_trees();
      error_ = sf_error{};
      parts.phase = phase;
      status_ = hook(&error_);
      parts.phase = Phase::none;
      parts.arena.poison();
      if (host_.fs.open_trees() != trees) parts.misuse("sf.fs/1: a tree was neither published nor aborted");
      if (parts.misuses.size() != before) throw Misuse(parts.misuses[before]);
      if (status_ < 0)
        throw Error(status_, error_.message[0] != '\0' ? error_.message : "the plugin gave no message",
                    error_.retry_after_ms);
      return status_;
    }
    sf_str lend(std::string_view text) { return host_.parts().arena.lend(text); }

    template <class Table>
    void* start(const Table& table, const std::string& settings) {
      void* self = nullptr;
      call(Phase::create, [&](sf_error* e) {
        self = table.create(host_.raw(), e);
        return self != nullptr ? SF_OK : (e->code < 0 ? e->code : sf_status{SF_FATAL});
      });
      try {
        call(Phase::configure, [&](sf_error* e) { return table.configure(self, lend(settings), e); });
      } catch (...) {
        table.destroy(self);
        throw;
      }
      return self;
    }

    MockHost& host_;

   private:
    sf_status status_ = SF_OK;
    sf_error error_{};
  };

  // The records of one hook; they end with it.
  class Lease {
   public:
    explicit Lease(MockHost& host) : host_(host) {}
    const sf_record* add(const MockRecord& record) {
      live_.push_back(
          std::make_unique<LiveRecord>(LiveRecord{record.content(), &host_.parts().arena, &host_.parts(), false}));
      raw_.push_back(reinterpret_cast<const sf_record*>(live_.back().get()));
      return raw_.back();
    }
    const std::vector<const sf_record*>& raw() const noexcept { return raw_; }
    // Ended records stay, so that a late reader is told instead of crashing.
    void end(std::vector<std::unique_ptr<LiveRecord>>& grave) {
      for (auto& record : live_) {
        record->ended = true;
        record->content.reset();
        grave.push_back(std::move(record));
      }
    }

   private:
    MockHost& host_;
    std::vector<std::unique_ptr<LiveRecord>> live_;
    std::vector<const sf_record*> raw_;
  };

  template <class Table>
  const Table& table_of(const sf_plugin_entry& entry, const char* id) {
    const auto* table = static_cast<const Table*>(entry.get_interface(id));
    if (table == nullptr) throw std::invalid_argument(std::string("the plugin has no interface ") + id);
    return *table;
  }
  inline std::string settings_of(const sf_plugin_entry& entry, const nlohmann::json& given) {
    return settings_for(nlohmann::json::parse(entry.descriptor->config_schema), given).dump();
  }
  inline nlohmann::json parsed(MockHost& host, const char* what, std::string_view text) {
    auto out = nlohmann::json::parse(text, nullptr, false);
    if (out.is_discarded()) {
      host.parts().misuse(std::string(what) + ": not JSON: " + std::string(text.substr(0, 200)));
      return {};
    }
    return out;
  }

  }  // namespace detail

  struct MockVerdict {
    uint32_t disposition = SF_PASS;
    std::string reason;
    nlohmann::json trail = nlohmann::json::array();
  };

  class TriageUnderTest : public detail::Driver {
   public:
    TriageUnderTest(MockHost& host, const sf_plugin_entry& entry,
                    const nlohmann::json& settings = nlohmann::json::object())
        : Driver(host),
          table_(detail::table_of<sf_triage>(entry, SF_TRIAGE)),
          self_(start(table_, detail::settings_of(entry, settings))) {}
    TriageUnderTest(MockHost& host, const sf_triage& table, const nlohmann::json& settings = nlohmann::json::object())
        : Driver(host), table_(table), self_(start(table_, settings.dump())) {}
    ~TriageUnderTest() { table_.destroy(self_); }

    // The verdict; a triage() that returned without one is a Misuse. Logical time: the mock clock's unless given.
    MockVerdict triage(const MockRecord& alert) { return triage(alert, host_.clock.now_ms); }
    MockVerdict triage(const MockRecord& alert, int64_t logical_time_ms) {
      Taken taken{&host_, 0, {}};
      const sf_verdict_sink sink{sizeof(sf_verdict_sink), 0, &taken, &TriageUnderTest::decide};
      detail::Lease lease(host_);
      call(Phase::triage, [&](sf_error* e) {
        const auto status = table_.triage(self_, lease.add(alert), logical_time_ms, &sink, e);
        lease.end(grave_);
        if (status == SF_OK && taken.count != 1)
          host_.parts().misuse("sf.triage/1: decide() was called " + std::to_string(taken.count) +
                               " times for one alert");
        return status;
      });
      return taken.verdict;
    }
    nlohmann::json inputs() {
      ::sf::detail::StringSink sink;
      call(Phase::other,
           [&](sf_error* e) { return SF_HAS(&table_, inputs) ? table_.inputs(self_, sink.get(), e) : SF_OK; });
      return nlohmann::json::parse(sink.take());
    }

   private:
    struct Taken {
      MockHost* host;
      int count;
      MockVerdict verdict;
    };
    static sf_status decide(const sf_verdict_sink* sink, uint32_t disposition, sf_str reason, sf_str trail) {
      auto& taken = *static_cast<Taken*>(sink->impl);
      ++taken.count;
      if (disposition > SF_ESCALATED) {
        taken.host->parts().misuse("sf.triage/1 decide: there is no disposition " + std::to_string(disposition));
        return SF_INVALID;
      }
      taken.verdict.disposition = disposition;
      taken.verdict.reason = from_c(reason);
      taken.verdict.trail = detail::parsed(*taken.host, "sf.triage/1 decide: trail", from_c(trail));
      return SF_OK;
    }
    const sf_triage& table_;
    void* self_;
    std::vector<std::unique_ptr<detail::LiveRecord>> grave_;
  };

  // What one batch() handed over.
  struct MockBatch {
    struct Note {
      uint32_t index;
      std::string kind;
      nlohmann::json fields;
    };
    struct Fail {
      uint32_t index;
      std::string reason;
    };
    struct Send {
      uint32_t index;
      nlohmann::json payload;
    };
    std::vector<Note> notes;
    std::vector<Fail> fails;
    std::vector<Send> sends;
  };

  class StageUnderTest : public detail::Driver {
   public:
    StageUnderTest(MockHost& host, const sf_plugin_entry& entry,
                   const nlohmann::json& settings = nlohmann::json::object())
        : Driver(host),
          table_(detail::table_of<sf_stage>(entry, SF_STAGE)),
          self_(start(table_, detail::settings_of(entry, settings))) {}
    StageUnderTest(MockHost& host, const sf_stage& table, const nlohmann::json& settings = nlohmann::json::object())
        : Driver(host), table_(table), self_(start(table_, settings.dump())) {}
    ~StageUnderTest() { table_.destroy(self_); }

    void begin() {
      call(Phase::begin, [&](sf_error* e) { return SF_HAS(&table_, begin) ? table_.begin(self_, e) : SF_OK; });
    }
    MockBatch batch(const std::vector<MockRecord>& alerts) {
      Taken taken{&host_, static_cast<uint32_t>(alerts.size()), {}};
      const sf_batch_sink sink{sizeof(sf_batch_sink), 0, &taken, &StageUnderTest::note, &StageUnderTest::fail,
                               &StageUnderTest::send};
      detail::Lease lease(host_);
      for (const auto& alert : alerts) lease.add(alert);
      call(Phase::batch, [&](sf_error* e) {
        const auto status =
            SF_HAS(&table_, batch) ? table_.batch(self_, lease.raw().data(), taken.count, &sink, e) : sf_status{SF_OK};
        lease.end(grave_);
        return status;
      });
      return taken.out;
    }
    void end() {
      call(Phase::end, [&](sf_error* e) { return SF_HAS(&table_, end) ? table_.end(self_, e) : SF_OK; });
    }

   private:
    struct Taken {
      MockHost* host;
      uint32_t count;
      MockBatch out;
      bool has(const char* what, uint32_t index) {
        if (index < count) return true;
        host->parts().misuse(std::string("sf.stage/1 ") + what + ": there is no record " + std::to_string(index));
        return false;
      }
    };
    static Taken& taken_of(const sf_batch_sink* sink) { return *static_cast<Taken*>(sink->impl); }
    static sf_status note(const sf_batch_sink* sink, uint32_t index, sf_str kind, sf_str fields) {
      auto& taken = taken_of(sink);
      if (!taken.has("note", index)) return SF_INVALID;
      auto json = detail::parsed(*taken.host, "sf.stage/1 note", from_c(fields));
      if (!json.is_object()) return SF_INVALID;
      taken.out.notes.push_back({index, std::string(from_c(kind)), std::move(json)});
      return SF_OK;
    }
    static sf_status fail(const sf_batch_sink* sink, uint32_t index, sf_str reason) {
      auto& taken = taken_of(sink);
      if (!taken.has("fail", index)) return SF_INVALID;
      taken.out.fails.push_back({index, std::string(from_c(reason))});
      return SF_OK;
    }
    static sf_status send(const sf_batch_sink* sink, uint32_t index, sf_str payload) {
      auto& taken = taken_of(sink);
      if (!taken.has("send", index)) return SF_INVALID;
      taken.out.sends.push_back({index, detail::parsed(*taken.host, "sf.stage/1 send", from_c(payload))});
      return SF_OK;
    }
    const sf_stage& table_;
    void* self_;
    std::vector<std::unique_ptr<detail::LiveRecord>> grave_;
  };

  // What one poll() came to and handed over.
  struct MockPoll {
    struct Push {
      std::string document;
      std::string doc_id;
      std::string position;
    };
    struct Interval {
      int64_t from_ms;
      int64_t to_ms;
      uint32_t pages;
      uint64_t fetched;
      std::string filter;
      bool complete;
    };
    struct Reject {
      std::string bytes;
      std::string reason;
    };
    sf_status status = SF_OK;  // SF_OK, SF_AGAIN, SF_END, SF_CANCELLED
    std::vector<Push> pushed;
    std::vector<std::string> checkpoints;
    std::vector<Interval> intervals;
    std::vector<Reject> rejected;
  };

  class SourceUnderTest : public detail::Driver {
   public:
    SourceUnderTest(MockHost& host, const sf_plugin_entry& entry,
                    const nlohmann::json& settings = nlohmann::json::object())
        : Driver(host),
          table_(detail::table_of<sf_source>(entry, SF_SOURCE)),
          self_(start(table_, detail::settings_of(entry, settings))) {}
    SourceUnderTest(MockHost& host, const sf_source& table, const nlohmann::json& settings = nlohmann::json::object())
        : Driver(host), table_(table), self_(start(table_, settings.dump())) {}
    ~SourceUnderTest() {
      if (SF_HAS(&table_, close)) table_.close(self_);
      table_.destroy(self_);
    }

    uint64_t room = UINT64_MAX;          // pushes taken before the sink answers SF_FULL; counts down
    uint64_t cancel_after = UINT64_MAX;  // pushes taken before it answers SF_CANCELLED; counts down

    nlohmann::json mapping() {
      ::sf::detail::StringSink sink;
      call(Phase::other, [&](sf_error* e) { return table_.mapping(self_, sink.get(), e); });
      return nlohmann::json::parse(sink.take());
    }
    void open(std::string_view position = "") {
      position_ = position;
      call(Phase::other, [&](sf_error* e) { return table_.open(self_, lend(position), e); });
    }
    MockPoll poll(uint32_t max_records = 1000, uint32_t wait_ms = 0) {
      Taken taken{this, max_records, {}};
      const sf_record_sink sink{sizeof(sf_record_sink),
                                0,
                                &taken,
                                &SourceUnderTest::push,
                                &SourceUnderTest::checkpoint,
                                &SourceUnderTest::interval,
                                &SourceUnderTest::reject};
      last_ = {};
      try {
        taken.out.status =
            call(Phase::poll, [&](sf_error* e) { return table_.poll(self_, &sink, max_records, wait_ms, e); });
      } catch (...) {
        last_ = std::move(taken.out);
        throw;
      }
      last_ = taken.out;
      return std::move(taken.out);
    }
    // Polls until the source has nothing more for now, at most `times`, and adds up what came.
    MockPoll poll_all(uint32_t max_records = 1000, unsigned times = 1000) {
      MockPoll sum;
      for (unsigned i = 0; i < times; ++i) {
        auto one = poll(max_records);
        sum.status = one.status;
        append(sum.pushed, one.pushed);
        append(sum.checkpoints, one.checkpoints);
        append(sum.intervals, one.intervals);
        append(sum.rejected, one.rejected);
        if (one.status != SF_OK) return sum;
      }
      throw Misuse("sf.source/1 poll: said \"more\" " + std::to_string(times) + " times");
    }
    // What a poll() that threw had handed over before.
    const MockPoll& last() const noexcept { return last_; }
    // Where the next run would open: the last position or checkpoint that was handed over.
    const std::string& position() const noexcept { return position_; }
    void ack(std::string_view position) {
      call(Phase::other,
           [&](sf_error* e) { return SF_HAS(&table_, ack) ? table_.ack(self_, lend(position), e) : SF_OK; });
    }
    void request_stop() {
      if (SF_HAS(&table_, request_stop)) table_.request_stop(self_);
    }

   private:
    struct Taken {
      SourceUnderTest* driver;
      uint32_t max_records;
      MockPoll out;
    };
    template <class T>
    static void append(std::vector<T>& to, std::vector<T>& from) {
      to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    }
    static Taken& taken_of(const sf_record_sink* sink) { return *static_cast<Taken*>(sink->impl); }
    static sf_status push(const sf_record_sink* sink, sf_str document, sf_str doc_id, sf_str position) {
      auto& taken = taken_of(sink);
      auto& driver = *taken.driver;
      if (driver.cancel_after == 0) return SF_CANCELLED;
      if (driver.room == 0) return SF_FULL;
      if (taken.out.pushed.size() >= taken.max_records)
        driver.host_.parts().misuse("sf.source/1 poll: pushed more than max_records");
      --driver.cancel_after;
      --driver.room;
      taken.out.pushed.push_back(
          {std::string(from_c(document)), std::string(from_c(doc_id)), std::string(from_c(position))});
      if (position.size != 0) driver.position_ = from_c(position);
      return SF_OK;
    }
    static sf_status checkpoint(const sf_record_sink* sink, sf_str position) {
      auto& taken = taken_of(sink);
      taken.out.checkpoints.emplace_back(from_c(position));
      taken.driver->position_ = from_c(position);
      return SF_OK;
    }
    static sf_status interval(const sf_record_sink* sink, const sf_interval* i) {
      auto& taken = taken_of(sink);
      if (i->struct_size < sizeof(sf_interval) || i->from_ms > i->to_ms) {
        taken.driver->host_.parts().misuse("sf.source/1 interval: struct_size unset or from after to");
        return SF_INVALID;
      }
      taken.out.intervals.push_back(
          {i->from_ms, i->to_ms, i->pages, i->fetched, std::string(from_c(i->filter)), i->complete != 0});
      return SF_OK;
    }
    static sf_status reject(const sf_record_sink* sink, sf_str bytes, sf_str reason) {
      taken_of(sink).out.rejected.push_back({std::string(from_c(bytes)), std::string(from_c(reason))});
      return SF_OK;
    }
    const sf_source& table_;
    void* self_;
    std::string position_;
    MockPoll last_;
  };

  class NotifierUnderTest : public detail::Driver {
   public:
    NotifierUnderTest(MockHost& host, const sf_plugin_entry& entry,
                      const nlohmann::json& settings = nlohmann::json::object())
        : Driver(host),
          table_(detail::table_of<sf_notify>(entry, SF_NOTIFY)),
          self_(start(table_, detail::settings_of(entry, settings))) {}
    NotifierUnderTest(MockHost& host, const sf_notify& table, const nlohmann::json& settings = nlohmann::json::object())
        : Driver(host), table_(table), self_(start(table_, settings.dump())) {}
    ~NotifierUnderTest() {
      if (SF_HAS(&table_, close)) table_.close(self_);
      table_.destroy(self_);
    }
    // Throws Error for SF_AGAIN, too.
    void notify(const nlohmann::json& payload, std::string_view delivery_id, uint32_t attempt = 1) {
      std::string again;
      call(Phase::other, [&](sf_error* e) {
        const auto status = table_.notify(self_, lend(payload.dump()), lend(delivery_id), attempt, e);
        if (status == SF_AGAIN) again = e->message;
        return status;
      });
      if (!again.empty()) throw Error(SF_AGAIN, again);
    }

   private:
    const sf_notify& table_;
    void* self_;
  };

  }  // namespace testing
}  // namespace )
