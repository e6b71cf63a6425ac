// SPDX-License-Identifier: Apache-2.0
//
// source.hpp - the source: one run reads what is new up to just before the server's clock, then what earlier runs left
// open, window by window, page by page (docs/sources/wazuh.md). A plugin derives its own and says which dialect.
// [stage-thread], request_stop() [any-thread]
#pragma once
#include <signalfoundry/source.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cursor.hpp"
#include "indexer.hpp"
#include "query.hpp"
#include "sweep.hpp"
#include "timeline.hpp"

namespace search {

class Source : public sf::Source {
 public:
  void configure(const sf::Host& host, std::string_view settings_json) override;
  std::string mapping() override;
  void open(std::string_view position) override;
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t wait_ms) override;
  void close() override { reset(); }
  void request_stop() noexcept override { stop_.store(true); }
  bool preflight(const sf::Checks& out) override;

 protected:
  // The dialect that these settings, checked by the schema, ask for. It lives as long as the program.
  virtual const Dialect& dialect(std::string_view settings_json) const = 0;

 private:
  void warn_of_default_password() const;
  void reset();
  void begin(const sf::Emitter& out);
  Page probe();
  std::optional<SweepMemory> remembered() const;
  bool counts() const;
  void look_at_counts(const sf::Emitter& out, const Page& probe, std::int64_t since_ms);
  void checkpoint(const sf::Emitter& out, const Cursor& cursor);
  void next_window();
  std::int64_t time_left() const;
  void begin_part();
  void skip_window(const sf::Emitter& out, const SearchFailed& why);
  void end_run();
  Holes tell_left() const;
  void next_page(const sf::Emitter& out);
  void after_page();
  void cut_window(std::int64_t last_ms);
  void check_order(std::int64_t first_ms, std::int64_t last_ms) const;
  void check_progress(std::string_view sort);
  void after_page_by_time(std::int64_t last_ms);
  void end_of_part(const sf::Emitter& out);
  bool offer(const sf::Emitter& out);
  // A stretch that was asked for, and what came of it.
  struct Asked {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    std::uint32_t pages = 0;
    std::uint64_t fetched = 0;
  };
  void note_incomplete(std::int64_t to_ms);
  void report_incomplete(const sf::Emitter& out) noexcept;
  sf_interval interval(const Asked& asked, std::uint32_t complete) const;

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
  std::optional<SweepMemory> seen_;  // what earlier runs counted
  SweepAsk counting_;
  TimeLine timeline_;
  Window window_;
  std::optional<std::int64_t> behind_since_;  // monotonic, of this run: its first window behind the live ones
  bool pause_ = false;                        // that window is next
  Asked asked_for_;                           // the present window, as far as it is read
  bool cut_short_ = false;                    // the present page is the window's last: the rest waits for the next run
  std::vector<Asked> incomplete_;             // of this run
  std::optional<SearchFailed> failure_;       // the first of this run that ended only its window
  std::uint64_t run_fetched_ = 0;
  Query query_;                  // what the next page is asked with; its size is the indexer's, or more
  std::uint32_t asked_ = 0;      // the size that the present page was asked with
  std::int64_t read_to_ms_ = 0;  // the last time of the page before, of this part of the window
  std::string met_;              // the last sort values of an earlier page of it
  std::uint32_t met_for_ = 0;    // pages until met_ is changed
  std::uint32_t met_pages_ = 0;
  Page page_;
  std::size_t next_ = 0;  // the first hit of page_ that was not taken yet
};

}  // namespace search
