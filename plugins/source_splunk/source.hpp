// SPDX-License-Identifier: Apache-2.0
//
// source.hpp - the source: one run reads index time from the cursor to just before the server's clock, slice by slice,
// one export call each (docs/sources/splunk.md). [stage-thread], request_stop() [any-thread]
#pragma once
#include <signalfoundry/source.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client.hpp"
#include "cursor.hpp"

namespace source_splunk {

class Source : public sf::Source {
 public:
  void configure(const sf::Host& host, std::string_view settings_json) override;
  std::string mapping() override;
  void open(std::string_view position) override;
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t wait_ms) override;
  void close() override { reset(); }
  void request_stop() noexcept override { stop_.store(true); }
  bool preflight(const sf::Checks& out) override;

 private:
  void reset();
  void begin(const sf::Emitter& out);
  void checkpoint(const sf::Emitter& out);
  void next_slice();
  bool offer(const sf::Emitter& out);
  void end_of_slice(const sf::Emitter& out);
  void report_incomplete(const sf::Emitter& out) noexcept;
  sf_interval interval(std::uint32_t complete) const;

  sf::Host host_;
  Settings settings_;
  std::string filter_text_;  // borrowed by the intervals
  std::string filter_;       // its digest
  std::atomic<bool> stop_{false};

  std::optional<Cursor> cursor_;  // as it was checkpointed last
  std::unique_ptr<Client> client_;
  bool begun_ = false;
  bool asked_ = false;  // answer_ is that of slice_
  bool done_ = false;
  Plan plan_;
  Slice slice_;
  Answer answer_;
  std::optional<Row> row_;  // the next one to push
  std::uint64_t slice_fetched_ = 0;
  std::uint64_t run_fetched_ = 0;
};

}  // namespace source_splunk
