// SPDX-License-Identifier: Apache-2.0
//
// source.hpp - the source: one run reads the time line from the cursor to just before the server's clock, window by
// window, page by page (docs/sources/wazuh.md). A plugin derives its own and says which dialect. [stage-thread],
// request_stop() [any-thread]
#pragma once
#include <signalfoundry/source.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cursor.hpp"
#include "indexer.hpp"
#include "query.hpp"

namespace search {

class Source : public sf::Source {
 public:
  void configure(const sf::Host& host, std::string_view settings_json) override;
  std::string mapping() override;
  void open(std::string_view position) override;
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t wait_ms) override;
  void close() override { reset(); }
  void request_stop() noexcept override { stop_.store(true); }

 protected:
  // The dialect that these settings, checked by the schema, ask for. It lives as long as the program.
  virtual const Dialect& dialect(std::string_view settings_json) const = 0;

 private:
  void warn_of_default_password() const;
  void reset();
  void begin(const sf::Emitter& out);
  void next_window();
  void next_page(const sf::Emitter& out);
  void after_page();
  void check_order(std::int64_t first_ms, std::int64_t last_ms) const;
  void after_page_by_time(std::int64_t first_ms, std::int64_t last_ms);
  void end_of_part(const sf::Emitter& out);
  bool offer(const sf::Emitter& out);
  void report_incomplete(const sf::Emitter& out) noexcept;
  sf_interval interval(std::uint32_t complete) const;

  sf::Host host_;
  Settings settings_;
  std::string filter_text_;  // borrowed by the intervals
  std::string filter_;       // its digest
  std::atomic<bool> stop_{false};

  std::optional<Cursor> cursor_;  // as it was checkpointed last
  std::unique_ptr<Indexer> indexer_;
  bool begun_ = false;
  bool done_ = false;
  Plan plan_;
  std::int64_t window_from_ms_ = 0;
  std::int64_t window_to_ms_ = 0;
  std::uint32_t window_pages_ = 0;
  std::uint64_t window_fetched_ = 0;
  std::uint64_t run_fetched_ = 0;
  Query query_;              // what the next page is asked with; its size is the indexer's, or more
  std::uint32_t asked_ = 0;  // the size that the present page was asked with
  Page page_;
  std::size_t next_ = 0;  // the first hit of page_ that was not taken yet
};

}  // namespace search
