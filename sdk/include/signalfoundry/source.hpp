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

  enum class Poll : sf_status { more = SF_OK, idle = SF_AGAIN, end = SF_END };

  class Source {
   public:
    virtual ~Source() = default;
    virtual void configure(const Host& host, std::string_view settings_json) = 0;
    virtual std::string mapping() = 0;                 // JSON, docs/formats/alert.md
    virtual void open(std::string_view position) = 0;  // "": the very first run
    virtual Poll poll(const Emitter& out, uint32_t max_records, uint32_t wait_ms) = 0;
    virtual void close() {}
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
      [](void* p) noexcept { impl<Source>(p).request_stop(); }};
  }  // namespace detail
}  // namespace )
