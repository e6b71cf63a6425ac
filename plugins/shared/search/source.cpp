// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "clock.hpp"
#include "preflight.hpp"

namespace search {
namespace {

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
  const auto& d = *settings_.dialect;
  if (settings_.user == d.superuser)
    host_.warn("user is \"" + settings_.user + "\", who may change everything on the " + d.server +
               "; make a read-only user (" + d.page + ")");
}

// Not in configure(): who validates need not be who may read it. One that cannot be read is told by the request that
// needs it, which fails; no warning is worth a run.
void Source::warn_of_default_password() const {
  if (!settings_.password || host_.find<sf_secret_api>(SF_SERVICE_SECRET) == nullptr) return;
  std::string password;
  try {
    password = host_.secret("password").value_or("");
  } catch (const sf::Error&) {
    return;
  }
  const bool known = password == "admin" || password == "SecretPassword" || password == "changeme";
  volatile char* at = password.data();
  for (std::size_t i = 0; i < password.size(); ++i) at[i] = 0;
  if (known)
    host_.warn("the password of user \"" + printable(settings_.user, 60) +
               "\" is one that servers are shipped with; anyone can read the alerts, so change it");
}

bool Source::preflight(const sf::Checks& out) {
  warn_of_default_password();
  Preflight(host_, settings_, out, stop_).run();
  return true;
}

std::string Source::mapping() {
  return settings_.dialect->mapping;
}

void Source::reset() {
  begun_ = false;
  done_ = false;
  page_ = {};
  next_ = 0;
  cut_short_ = false;
  behind_since_.reset();
  pause_ = false;
  incomplete_.clear();
  failure_.reset();
}

void Source::open(std::string_view position) {
  cursor_ = from_position(position, settings_.dialect->plugin);
  run_fetched_ = 0;
  reset();
  warn_of_default_password();
}

sf::Poll Source::poll(const sf::Emitter& out, uint32_t max_records, uint32_t /*wait_ms*/) {
  uint32_t pushed = 0;
  try {
    if (!begun_) begin(out);
    while (!done_) {
      if (stop_.load(std::memory_order_relaxed)) throw sf::Stop{};
      // The runner makes the live alerts durable before others are waited for.
      if (std::exchange(pause_, false)) return sf::Poll::more;
      if (next_ == page_.hits.size()) {
        if (pushed != 0 && pushed == max_records) return sf::Poll::more;
        try {
          next_page(out);
        } catch (const SearchFailed& why) {
          skip_window(out, why);
        }
        continue;
      }
      if (pushed == max_records || !offer(out)) return sf::Poll::more;
      ++pushed;
    }
    if (failure_) throw SearchFailed(*failure_);
    return sf::Poll::end;
  } catch (const sf::Error&) {
    // Where the indexer is away, nothing up to the end of the live stretch will be read.
    if (!done_) note_incomplete(window_.kind == Window::Kind::live ? plan_.to_ms : window_.to_ms);
    report_incomplete(out);
    if (begun_) tell_left();
    reset();
    throw;
  }
}

bool Source::offer(const sf::Emitter& out) {
  const auto& hit = page_.hits[next_];
  if (!out.push(hit.source, unescaped(hit.id), "")) return false;
  ++next_;
  ++asked_for_.fetched;
  ++run_fetched_;
  return true;
}

// Sweeps need a place to keep counts in.
bool Source::counts() const {
  return settings_.sweep_back_ms > 0 && host_.find<sf_state_api>(SF_SERVICE_STATE) != nullptr;
}

// The indexer's clock and, where it can, its counts. A stretch that cannot be counted keeps no other from being read.
Page Source::probe() {
  const auto plain = [this] {
    auto page = indexer_->search([this](std::uint32_t) { return probe_body(settings_); });
    page.minutes.reset();
    return page;
  };
  if (!counts()) return plain();
  try {
    seen_ = remembered();
  } catch (const sf::Error& why) {
    host_.warn("no look for late alerts in this run: " + std::string(why.what()));
    return plain();
  }
  const auto local = host_.now_ms();
  counting_ = sweep_ask(seen_, settings_, plan_, local);
  int asked = 0;
  const auto body = [&](std::uint32_t) {
    return ++asked > 1 ? probe_body(settings_) : counting_probe_body(counting_.from_ms, local + kMinuteMs, settings_);
  };
  try {
    auto page = indexer_->search(body);
    if (asked > 1) page.minutes.reset();  // nobody asked for any
    return page;
  } catch (const sf::Error& why) {
    // What only the count may be to blame for: it failed, or it took all of retry_for (a Retry-After is obeyed).
    const bool of_count = dynamic_cast<const SearchFailed*>(&why) != nullptr || why.code() == SF_RETRY;
    if (asked > 1 || !of_count || why.retry_after_ms() != 0) throw;
    host_.warn("no look for late alerts in this run: " + std::string(why.what()));
    return plain();
  }
}

// What earlier runs counted, by the same filter.
std::optional<SweepMemory> Source::remembered() const {
  const auto text = host_.state("sweep").value_or("");
  auto out = from_state(text);
  if (!out && !text.empty())
    host_.warn(
        "the counts that earlier runs kept cannot be read: another version wrote them, or state.db is damaged; "
        "counting begins anew");
  if (out && out->filter != filter_) out.reset();
  return out;
}

// Learns the indexer's clock, and from it the stretch that this run reads.
void Source::begin(const sf::Emitter& out) {
  // Until the indexer tells its clock, this machine's says what could not be read.
  plan_ = plan(cursor_, settings_, host_.now_ms(), host_.now_ms(), filter_);
  window_ = {plan_.from_ms, plan_.to_ms, Window::Kind::live};
  asked_for_ = {plan_.from_ms, plan_.to_ms, 0, 0};
  indexer_ = std::make_unique<Indexer>(host_, settings_, stop_);
  const auto answer = probe();
  const auto local = host_.now_ms();
  const auto told = answer.clock_ms ? answer.clock_ms : indexer_->date_ms();
  if (!told && answer.shards != 0) host_.info(settings_.who() + " does not tell its clock; this machine's is used");
  plan_ = plan(cursor_, settings_, trusted_now(host_, settings_.who(), told, local), local, filter_);
  if (!plan_.warning.empty()) host_.warn(plan_.warning);
  begun_ = true;
  const bool first = !cursor_;
  if (first) checkpoint(out, plan_.cursor);  // else a first run that reads nothing would begin later each time
  if (answer.shards == 0) {
    host_.warn("no index matches " + printable(settings_.index) + " at " + settings_.where +
               ", or the user may not see it; the cursor stays until there is one");
    done_ = true;
    return;
  }
  look_at_counts(out, answer, first ? plan_.from_ms : counting_.from_ms);
  timeline_ = TimeLine(plan_, settings_);
  next_window();
}

// Minutes that grew since they were read become holes, in the same transaction as the counts that said so.
void Source::look_at_counts(const sf::Emitter& out, const Page& probe, std::int64_t since_ms) {
  if (!counts() || !probe.minutes || !can_follow(seen_, counting_, plan_, since_ms, settings_)) return;
  const auto found = sweep(seen_, counting_, *probe.minutes, plan_, since_ms, settings_);
  Holes grown;
  for (const auto& minute : found.grown) grown.add(minute.from_ms, std::min(minute.to_ms, plan_.from_ms), false);
  for (const auto& stretch : grown.all()) {
    plan_.cursor.holes.add(stretch.from_ms, stretch.to_ms, false);
    out.interval(interval({stretch.from_ms, stretch.to_ms, 0, 0}, 0));
  }
  if (counting_.full) host_.count("source_sweeps");
  if (!grown.empty()) {
    host_.count("source_sweep_minutes_grown", found.grown.size());
    host_.info(std::to_string(found.grown.size()) +
               " minutes hold more alerts than when they were read; reading again");
    checkpoint(out, plan_.cursor);
  }
  host_.set_state("sweep", to_state(found.memory));
}

void Source::checkpoint(const sf::Emitter& out, const Cursor& cursor) {
  out.checkpoint(to_position(cursor));
  cursor_ = cursor;
}

// Milliseconds that the present window may still take before the next run's live alerts would wait for it.
std::int64_t Source::time_left() const {
  if (!window_.bounded()) return std::numeric_limits<std::int64_t>::max();
  return std::max<std::int64_t>(0, *behind_since_ + settings_.backfill_for_ms - host_.monotonic_ms());
}

// Goes on to the window after the present one, or ends the run.
void Source::next_window() {
  const auto next = timeline_.next();
  if (!next) return end_run();
  window_ = *next;
  if (window_.bounded() && !behind_since_) {
    behind_since_ = host_.monotonic_ms();  // its first window is read in any case
    pause_ = true;
  } else if (time_left() == 0) {
    return end_run();
  }
  asked_for_ = {window_.from_ms, window_.to_ms, 0, 0};
  query_ = {};
  query_.from_ms = window_.from_ms;
  query_.to_ms = window_.to_ms;
  begin_part();
}

void Source::begin_part() {
  read_to_ms_ = query_.from_ms;
  met_.clear();
  met_for_ = 0;
  met_pages_ = 1;
}

// What the next runs have to read beside what is new then.
Holes Source::tell_left() const {
  auto left = timeline_.cursor().holes;
  host_.gauge("source_backfill_seconds", static_cast<double>(left.length_ms()) / 1000);
  host_.gauge("source_holes", static_cast<double>(left.all().size()));
  return left;
}

void Source::end_run() {
  done_ = true;
  host_.info(std::to_string(run_fetched_) + " alerts read from " + settings_.where);
  const auto left = tell_left();
  if (!left.empty())
    host_.info(std::to_string(left.length_ms() / 1000) + " s of older alerts, in " + std::to_string(left.all().size()) +
               " stretches, are left to the next runs");
}

// The indexer is well, and this window cannot be read: the others are.
void Source::skip_window(const sf::Emitter& out, const SearchFailed& why) {
  host_.warn(std::string(why.what()) + "; this window is asked for again by the next run");
  host_.count("source_windows_failed");
  if (!failure_) failure_ = why;
  note_incomplete(window_.to_ms);
  page_ = {};
  next_ = 0;
  cut_short_ = false;
  timeline_.failed(window_);
  if (timeline_.progress()) checkpoint(out, timeline_.cursor());
  next_window();
}

void Source::next_page(const sf::Emitter& out) {
  page_ = {};
  next_ = 0;
  if (std::exchange(cut_short_, false)) return end_of_part(out);
  page_ = indexer_->search(
      [this](std::uint32_t size) {
        auto query = query_;
        asked_ = query.size = std::max(size, query_.size);
        return body_of(query, settings_);
      },
      time_left());
  ++asked_for_.pages;
  // begin() saw an index, and this answer is no empty window: it says that nothing was searched.
  if (page_.shards == 0)
    throw SearchFailed(SF_RETRY, "no index matches " + printable(settings_.index) + " any more at " + settings_.where +
                                     "; see whether it was closed or renamed, or the user's role changed");
  if (page_.hits.empty()) return end_of_part(out);
  after_page();
}

// Says what the page after this one is asked with. A short page proves nothing: only an empty one is the end.
void Source::after_page() {
  const auto first = sort_key(page_.hits.front(), *settings_.dialect);
  const auto last = sort_key(page_.hits.back(), *settings_.dialect);
  if (!first.time_ms || !last.time_ms)
    throw SearchFailed(SF_FAILED, settings_.who() + " gave alerts without a time to sort by; check that " +
                                      settings_.dialect->time + " is mapped as a date in " +
                                      printable(settings_.index, 60));
  if (!query_.by_time && last.usable) check_progress(page_.hits.back().sort);
  check_order(*first.time_ms, *last.time_ms);
  read_to_ms_ = *last.time_ms;
  if (query_.by_time) return after_page_by_time(*last.time_ms);
  if (!last.usable) {
    // A null in search_after makes OpenSearch fail, so go on by time; what shares the last millisecond comes again.
    query_.by_time = true;
    query_.after.clear();
    query_.from_ms = *last.time_ms;
    return;
  }
  query_.after = std::string(page_.hits.back().sort);
  cut_window(*last.time_ms);
}

// Pages that come again would be read for ever, also where several take turns: one is kept in mind, for twice as many
// pages each time (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980, section 7).
void Source::check_progress(std::string_view sort) {
  if (sort == met_)
    throw SearchFailed(
        SF_FAILED, settings_.who() + " gave the same page twice; see its log, and whether a proxy before it caches");
  if (met_for_ != 0 && --met_for_ != 0) return;
  met_ = std::string(sort);
  met_for_ = met_pages_;
  met_pages_ *= 2;
}

// Older stretches get no more alerts and time of a run than they may have: what comes before the page's last is read
// whole.
void Source::cut_window(std::int64_t last_ms) {
  if (asked_for_.fetched + page_.hits.size() < timeline_.room(window_) && time_left() > 0) return;
  if (last_ms == window_.from_ms) return;  // all of it shares one millisecond, and a part would not do
  asked_for_.to_ms = last_ms;
  cut_short_ = true;
}

// A time outside of what was asked for would carry the run past alerts that nobody read.
void Source::check_order(std::int64_t first_ms, std::int64_t last_ms) const {
  if (first_ms < std::max(query_.from_ms, read_to_ms_) || last_ms < first_ms || last_ms >= query_.to_ms)
    throw SearchFailed(SF_FAILED, settings_.who() +
                                      " does not keep to the order that was asked for; see whether a "
                                      "proxy before it caches");
}

void Source::after_page_by_time(std::int64_t last_ms) {
  if (last_ms > query_.from_ms) {
    query_.from_ms = last_ms;
  } else if (page_.hits.size() < asked_) {
    query_.from_ms = last_ms + 1;
    query_.size = 0;
  } else if (asked_ < kLargestPage) {
    query_.size = std::min(kLargestPage, asked_ * 2);
  } else {
    throw SearchFailed(SF_FAILED, "more than 10000 alerts without " + ids_of(*settings_.dialect) +
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
    query_.from_ms = asked_for_.from_ms;
    query_.to_ms = asked_for_.to_ms;
    begin_part();
    return;
  }
  timeline_.done({asked_for_.from_ms, asked_for_.to_ms, window_.kind}, asked_for_.fetched);
  out.interval(interval(asked_for_, 1));
  checkpoint(out, timeline_.cursor());
  next_window();
}

sf_interval Source::interval(const Asked& asked, std::uint32_t complete) const {
  sf_interval out{};
  out.struct_size = sizeof out;
  out.pages = asked.pages;
  out.from_ms = asked.from_ms;
  out.to_ms = asked.to_ms;
  out.fetched = asked.fetched;
  out.filter = sf::to_c(filter_text_);
  out.complete = complete;
  return out;
}

// The present window was not read whole, nor will be in this run what lies behind it up to `to_ms`.
void Source::note_incomplete(std::int64_t to_ms) {
  if (!incomplete_.empty() && incomplete_.back().to_ms == asked_for_.from_ms) {
    auto& last = incomplete_.back();
    last = {last.from_ms, to_ms, last.pages + asked_for_.pages, last.fetched + asked_for_.fetched};
  } else {
    incomplete_.push_back({asked_for_.from_ms, to_ms, asked_for_.pages, asked_for_.fetched});
  }
}

void Source::report_incomplete(const sf::Emitter& out) noexcept {
  try {
    for (const auto& asked : incomplete_) out.interval(interval(asked, 0));
  } catch (...) {  // The fault that is being reported says more.
  }
}

}  // namespace search
