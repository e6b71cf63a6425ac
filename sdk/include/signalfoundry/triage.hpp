// SPDX-License-Identifier: Apache-2.0
//
// triage.hpp - write a triage stage: subclass sf::Triage, end the file with SF_TRIAGE_PLUGIN (plugin.hpp).
#pragma once
#include <signalfoundry/detail_guard.hpp>
#include <signalfoundry/record.hpp>

namespace sf __attribute__((visibility("hidden"))) {

  struct Verdict {
    uint32_t disposition = SF_PASS;
    std::string reason;
    std::string trail_json = "[]";  // what was considered, in order, and what each said
  };
  inline Verdict pass() {
    return {};
  }
  inline Verdict benign(std::string why) {
    return {SF_BENIGN, std::move(why)};
  }
  inline Verdict known_fp(std::string why) {
    return {SF_KNOWN_FP, std::move(why)};
  }
  inline Verdict review(std::string why) {
    return {SF_REVIEW, std::move(why)};
  }
  inline Verdict escalate(std::string why) {
    return {SF_ESCALATED, std::move(why)};
  }

  class Triage {
   public:
    virtual ~Triage() = default;
    virtual void configure(const Host& host, std::string_view settings_json) = 0;
    // Nothing but the alert, the inputs and logical_time_ms may enter the verdict.
    virtual Verdict triage(const Record& alert, int64_t logical_time_ms) = 0;
    virtual std::string inputs() { return "{}"; }  // {"policy":"sha256:…"}
  };

  namespace detail {
  template <class T>
  constexpr sf_triage triage_table{
      sizeof(sf_triage),
      0,
      create<T, Triage>,
      destroy<Triage>,
      configure<Triage>,
      [](void* p, const sf_record* r, int64_t time, const sf_verdict_sink* s, sf_error* e) noexcept -> sf_status {
        return guard("triage", e, [&]() -> sf_status {
          const Verdict v = impl<Triage>(p).triage(Record(r), time);
          return s->decide(s, v.disposition, to_c(v.reason), to_c(v.trail_json));
        });
      },
      [](void* p, const sf_bytes_sink* s, sf_error* e) noexcept -> sf_status {
        return guard("inputs", e, [&]() -> sf_status { return s->put(s, to_c(impl<Triage>(p).inputs())); });
      }};
  }  // namespace detail
}  // namespace )
