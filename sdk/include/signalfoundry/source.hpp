// SPDX-License-Identifier: Apache-2.0
//
// source.hpp - write a source: subclass sf::Source, end the file with SF_SOURCE_PLUGIN (plugin.hpp).
#pragma once
#include <signalfoundry/detail_guard.hpp>

namespace sf __attribute__((visibility("hidden"))) {

  // Thrown out of poll() by Emitter when the host stops; let it pass.
  struct Stop {};

  class Emitter {
   public:
    explicit Emitter(const sf_record_sink* sink) noexcept : sink_(sink) {}
    // False: not taken; return from poll() and offer it again.
    [[nodiscard]] bool push(std::string_view document, std::string_view doc_id, std::string_view position) const {
      return ask(sink_->push(sink_, to_c(document), to_c(doc_id), to_c(position))) == SF_OK;
    }
    void checkpoint(std::string_view position) const { ask(sink_->checkpoint(sink_, to_c(position))); }
    void interval(const sf_interval& interval) const { ask(sink_->interval(sink_, &interval)); }
    void reject(std::string_view bytes, std::string_view reason) const {
      ask(sink_->reject(sink_, to_c(bytes), to_c(reason)));
    }

   private:
    static sf_status ask(sf_status status) {
      if (status == SF_CANCELLED) throw Stop{};
      if (status < 0) throw Error(status, "the host could not take what was pushed; its log says why");
      return status;
    }
    const sf_record_sink* sink_;
  };

  // Tells the steps of a preflight to the host, in their order (abi/source.h). Texts are one sentence each, without
  // secrets. [stage-thread]
  class Checks {
   public:
    explicit Checks(const sf_check_sink* sink) noexcept : sink_(sink) {}
    const sf_check_sink* raw() const noexcept { return sink_; }
    void ok(std::string_view name, std::string_view found) const { tell(SF_CHECK_OK, SF_OK, name, found, ""); }
    void warn(std::string_view name, std::string_view found, std::string_view advice) const {
      tell(SF_CHECK_WARN, SF_OK, name, found, advice);
    }
    // `status` as poll() would fail with it: SF_DENIED, SF_RETRY, SF_FAILED …
    void failed(std::string_view name, sf_status status, std::string_view found, std::string_view advice) const {
      tell(SF_CHECK_FAILED, status, name, found, advice);
    }
    void skipped(std::string_view name, std::string_view why) const { tell(SF_CHECK_SKIPPED, SF_OK, name, why, ""); }

   private:
    void tell(uint32_t outcome, sf_status status, std::string_view name, std::string_view found,
              std::string_view advice) const {
      const sf_check check{sizeof(sf_check), outcome, status, 0, to_c(name), to_c(found), to_c(advice)};
      if (sink_->report(sink_, &check) == SF_CANCELLED) throw Stop{};
    }
    const sf_check_sink* sink_;
  };

  enum class Poll : sf_status { more = SF_OK, idle = SF_AGAIN, end = SF_END };

  class Source {
   public:
    virtual ~Source() = default;
    virtual void configure(const Host& host, std::string_view settings_json) = 0;
    virtual std::string mapping() = 0;                 // JSON, docs/formats/alert.md
    virtual void open(std::string_view position) = 0;  // "": the very first run
    virtual Poll poll(const Emitter& out, uint32_t max_records, uint32_t wait_ms) = 0;
    virtual void close() {}
    // Tries what a run needs and tells of each step; after configure(), instead of open() and poll(). False: this
    // source has none, and the first page is asked for instead. What is thrown is told as a step that failed.
    virtual bool preflight(const Checks& /*out*/) { return false; }
    virtual void request_stop() noexcept {}  // [any-thread]
  };

  namespace detail {
  template <class T>
  constexpr sf_source source_table{
      sizeof(sf_source),
      0,
      create<T, Source>,
      destroy<Source>,
      configure<Source>,
      [](void* p, const sf_bytes_sink* s, sf_error* e) noexcept -> sf_status {
        return guard("mapping", e, [&]() -> sf_status { return s->put(s, to_c(impl<Source>(p).mapping())); });
      },
      [](void* p, sf_str position, sf_error* e) noexcept -> sf_status {
        return guard("open", e, [&]() -> sf_status { return impl<Source>(p).open(from_c(position)), SF_OK; });
      },
      [](void* p, const sf_record_sink* s, uint32_t n, uint32_t ms, sf_error* e) noexcept -> sf_status {
        return guard("poll", e, [&]() -> sf_status {
          try {
            return static_cast<sf_status>(impl<Source>(p).poll(Emitter(s), n, ms));
          } catch (const Stop&) {
            return SF_CANCELLED;
          }
        });
      },
      nullptr,
      [](void* p) noexcept { guard("close", nullptr, [&]() -> sf_status { return impl<Source>(p).close(), SF_OK; }); },
      [](void* p) noexcept { impl<Source>(p).request_stop(); },
      [](void* p, const sf_check_sink* s, sf_error* e) noexcept -> sf_status {
        return guard("preflight", e, [&]() -> sf_status {
          try {
            return impl<Source>(p).preflight(Checks(s)) ? SF_OK : SF_ABSENT;
          } catch (const Stop&) {
            return SF_CANCELLED;
          }
        });
      }};
  }  // namespace detail
}  // namespace )
