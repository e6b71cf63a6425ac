// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace search {
namespace {

constexpr std::int64_t kSkewToTellMs = 30'000;
constexpr std::uint32_t kLargestPage = 10'000;  // index.max_result_window

std::string unescaped(std::string_view inside_quotes) {
  if (inside_quotes.find('\\') == std::string_view::npos) return std::string(inside_quotes);
  const auto j = nlohmann::json::parse("\"" + std::string(inside_quotes) + "\"", nullptr, false);
  return j.is_string() ? j.get<std::string>() : std::string();
}

// "id or manager.name"
std::string ids_of(const Dialect& dialect) {
  return dialect.id_count() == 1 ? dialect.ids[0] : std::string(dialect.ids[0]) + " or " + dialect.ids[1];
}

}  // namespace

void Source::configure(const sf::Host& host, std::string_view settings_json) {
  host_ = host;
  settings_ = read_settings(settings_json, dialect(settings_json));
  filter_text_ = settings_.filter();
  filter_ = host_.sha256(filter_text_).substr(0, 16);
  warn_of_default_password();
}

void Source::warn_of_default_password() const {
  const auto& dialect = *settings_.dialect;
  if (settings_.user == dialect.superuser)
    host_.warn("user is \"" + settings_.user + "\", who may change everything on the " + dialect.server +
               "; make a read-only user (" + dialect.page + ")");
  if (!settings_.password || host_.find<sf_secret_api>(SF_SERVICE_SECRET) == nullptr) return;
  auto password = host_.secret("password").value_or("");
  const bool known = password == "admin" || password == "SecretPassword" || password == "changeme";
  volatile char* at = password.data();
  for (std::size_t i = 0; i < password.size(); ++i) at[i] = 0;
  if (known)
    host_.warn("the password of user \"" + printable(settings_.user, 60) +
               "\" is one that Wazuh ships with; anyone can read the alerts, so change it");
}

std::string Source::mapping() {
  return settings_.dialect->mapping;
}

void Source::reset() {
  begun_ = false;
  done_ = false;
  page_ = {};
  next_ = 0;
}

void Source::open(std::string_view position) {
  cursor_ = from_position(position, settings_.dialect->plugin);
  run_fetched_ = 0;
  reset();
}

sf::Poll Source::poll(const sf::Emitter& out, uint32_t max_records, uint32_t /*wait_ms*/) {
  uint32_t pushed = 0;
  try {
    if (!begun_) begin(out);
    while (!done_) {
      if (stop_.load(std::memory_order_relaxed)) throw sf::Stop{};
      if (next_ == page_.hits.size()) {
        if (pushed != 0 && pushed == max_records) return sf::Poll::more;
        next_page(out);
        continue;
      }
      if (pushed == max_records || !offer(out)) return sf::Poll::more;
      ++pushed;
    }
    return sf::Poll::end;
  } catch (const sf::Error&) {
    report_incomplete(out);
    reset();
    throw;
  }
}

bool Source::offer(const sf::Emitter& out) {
  const auto& hit = page_.hits[next_];
  if (!out.push(hit.source, unescaped(hit.id), "")) return false;
  ++next_;
  ++window_fetched_;
  ++run_fetched_;
  return true;
}

// Learns the indexer's clock, and from it the stretch that this run reads.
void Source::begin(const sf::Emitter& out) {
  // Until the indexer tells its clock, this machine's says what could not be read.
  plan_ = plan(cursor_, settings_, host_.now_ms(), host_.now_ms(), filter_);
  window_from_ms_ = plan_.from_ms;
  window_pages_ = 0;
  window_fetched_ = 0;
  indexer_ = std::make_unique<Indexer>(host_, settings_, stop_);
  const auto probe = indexer_->search([this](std::uint32_t) { return probe_body(settings_); });
  const auto local = host_.now_ms();
  const auto told = probe.clock_ms ? probe.clock_ms : indexer_->date_ms();
  const auto skew = told.value_or(local) - local;
  host_.gauge("source_clock_skew_seconds", static_cast<double>(skew) / 1000);
  if (!told && probe.shards != 0)
    host_.info(std::string("the ") + settings_.dialect->server + " does not tell its clock; this machine's is used");
  if (std::abs(skew) > kSkewToTellMs)
    host_.warn(std::string("the ") + settings_.dialect->server + "'s clock is " +
               std::to_string(std::abs(skew) / 1000) + " s " + (skew > 0 ? "ahead of" : "behind") +
               " this machine's; set both by NTP (the earlier is used)");
  // An indexer that is far ahead would put the cursor before alerts that are yet to come.
  plan_ = plan(cursor_, settings_, skew > kSkewToTellMs ? local : local + skew, local, filter_);
  if (!plan_.warning.empty()) host_.warn(plan_.warning);
  begun_ = true;
  if (probe.shards == 0) {
    host_.warn("no index matches " + printable(settings_.index) + " at " + settings_.where +
               ", or the user may not see it; the cursor stays until there is one");
    if (!cursor_) out.checkpoint(to_position(*(cursor_ = plan_.cursor)));
    done_ = true;
    return;
  }
  window_to_ms_ = plan_.from_ms;
  next_window();
}

// Goes on to the window after the present one, or ends the run.
void Source::next_window() {
  window_from_ms_ = window_to_ms_;
  window_to_ms_ = std::min(window_from_ms_ + settings_.window_ms, plan_.to_ms);
  window_pages_ = 0;
  window_fetched_ = 0;
  query_ = {};
  query_.from_ms = window_from_ms_;
  query_.to_ms = window_to_ms_;
  done_ = window_from_ms_ >= plan_.to_ms;
  if (done_) host_.info(std::to_string(run_fetched_) + " alerts read from " + settings_.where);
}

void Source::next_page(const sf::Emitter& out) {
  page_ = {};
  next_ = 0;
  page_ = indexer_->search([this](std::uint32_t size) {
    auto query = query_;
    asked_ = query.size = std::max(size, query_.size);
    return body_of(query, settings_);
  });
  ++window_pages_;
  if (page_.hits.empty()) return end_of_part(out);
  after_page();
}

// Says what the page after this one is asked with. A short page proves nothing: only an empty one is the end.
void Source::after_page() {
  const auto first = sort_key(page_.hits.front(), *settings_.dialect);
  const auto last = sort_key(page_.hits.back(), *settings_.dialect);
  if (!first.time_ms || !last.time_ms)
    throw sf::Error(SF_FAILED, settings_.who() + " gave alerts without a time to sort by; check that " +
                                   settings_.dialect->time + " is mapped as a date in " +
                                   printable(settings_.index, 60));
  if (query_.by_time) return after_page_by_time(*first.time_ms, *last.time_ms);
  if (!last.usable) {
    // A null in search_after makes OpenSearch fail, so go on by time; what shares the last millisecond comes again.
    check_order(*first.time_ms, *last.time_ms);
    query_.by_time = true;
    query_.after.clear();
    query_.from_ms = *last.time_ms;
    return;
  }
  if (page_.hits.back().sort == query_.after)
    throw sf::Error(SF_FAILED,
                    settings_.who() + " gave the same page twice; see its log, and whether a proxy before it caches");
  query_.after = std::string(page_.hits.back().sort);
}

// A time outside of what was asked for would carry the run past alerts that nobody read.
void Source::check_order(std::int64_t first_ms, std::int64_t last_ms) const {
  if (first_ms < query_.from_ms || last_ms < first_ms || last_ms >= query_.to_ms)
    throw sf::Error(
        SF_FAILED,
        settings_.who() + " does not keep to the order that was asked for; see whether a proxy before it caches");
}

void Source::after_page_by_time(std::int64_t first_ms, std::int64_t last_ms) {
  check_order(first_ms, last_ms);
  if (last_ms > query_.from_ms) {
    query_.from_ms = last_ms;
  } else if (page_.hits.size() < asked_) {
    query_.from_ms = last_ms + 1;
    query_.size = 0;
  } else if (asked_ < kLargestPage) {
    query_.size = std::min(kLargestPage, asked_ * 2);
  } else {
    throw sf::Error(SF_FAILED, "more than 10000 alerts without " + ids_of(*settings_.dialect) +
                                   " share the millisecond " + std::to_string(last_ms) + " on " + settings_.where +
                                   "; give them an id");
  }
}

// The present part of the window was read to its end.
void Source::end_of_part(const sf::Emitter& out) {
  if (query_.part == Part::identified) {
    query_ = {};
    query_.part = Part::unidentified;
    query_.by_time = true;
    query_.from_ms = window_from_ms_;
    query_.to_ms = window_to_ms_;
    return;
  }
  plan_.cursor.watermark_ms = std::max(plan_.cursor.watermark_ms, window_to_ms_);
  out.interval(interval(1));
  out.checkpoint(to_position(plan_.cursor));
  cursor_ = plan_.cursor;
  next_window();
}

sf_interval Source::interval(std::uint32_t complete) const {
  sf_interval out{};
  out.struct_size = sizeof out;
  out.pages = window_pages_;
  out.from_ms = window_from_ms_;
  out.to_ms = complete != 0 ? window_to_ms_ : plan_.to_ms;
  out.fetched = window_fetched_;
  out.filter = sf::to_c(filter_text_);
  out.complete = complete;
  return out;
}

void Source::report_incomplete(const sf::Emitter& out) noexcept {
  try {
    out.interval(interval(0));
  } catch (...) {  // The fault that is being reported says more.
  }
}

}  // namespace search
