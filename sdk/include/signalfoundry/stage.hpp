// SPDX-License-Identifier: Apache-2.0
//
// stage.hpp - write a stage: subclass sf::Stage, end the file with SF_STAGE_PLUGIN (plugin.hpp).
#pragma once
#include <signalfoundry/detail_guard.hpp>
#include <signalfoundry/record.hpp>

#include <span>

namespace sf __attribute__((visibility("hidden"))) {

  class BatchSink {
   public:
    explicit BatchSink(const sf_batch_sink* sink) noexcept : sink_(sink) {}
    // A ledger entry about record `index`: kind "pack", fields a JSON object.
    void note(uint32_t index, std::string_view kind, std::string_view fields_json) const {
      if (sink_->note(sink_, index, to_c(kind), to_c(fields_json)) < 0)
        throw Error(SF_INVALID, "the host refused the note " + std::string(kind));
    }
    // Record `index` failed here: not committed, tried again.
    void fail(uint32_t index, std::string_view reason) const { sink_->fail(sink_, index, to_c(reason)); }
    void send(uint32_t index, std::string_view payload_json) const { sink_->send(sink_, index, to_c(payload_json)); }

   private:
    const sf_batch_sink* sink_;
  };

  class Stage {
   public:
    virtual ~Stage() = default;
    virtual void configure(const Host& host, std::string_view settings_json) = 0;
    virtual void begin() {}
    virtual void batch(std::span<const Record> /*alerts*/, const BatchSink& /*out*/) {}
    virtual void end() {}
  };

  namespace detail {
  template <class T>
  constexpr sf_stage stage_table{sizeof(sf_stage),
                                 0,
                                 create<T, Stage>,
                                 destroy<Stage>,
                                 configure<Stage>,
                                 [](void* p, sf_error* e) noexcept -> sf_status {
                                   return guard("begin", e,
                                                [&]() -> sf_status { return impl<Stage>(p).begin(), SF_OK; });
                                 },
                                 [](void* p, const sf_record* const* records, uint32_t count, const sf_batch_sink* s,
                                    sf_error* e) noexcept -> sf_status {
                                   return guard("batch", e, [&]() -> sf_status {
                                     std::vector<Record> alerts;
                                     alerts.reserve(count);
                                     for (uint32_t i = 0; i < count; ++i) alerts.emplace_back(records[i]);
                                     return impl<Stage>(p).batch(alerts, BatchSink(s)), SF_OK;
                                   });
                                 },
                                 [](void* p, sf_error* e) noexcept -> sf_status {
                                   return guard("end", e, [&]() -> sf_status { return impl<Stage>(p).end(), SF_OK; });
                                 }};
  }  // namespace detail
}  // namespace )
