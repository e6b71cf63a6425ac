// SPDX-License-Identifier: Apache-2.0
#include "pipeline/intake.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/time.hpp"

namespace signalfoundry::pipeline {

namespace {

using store::Count;
constexpr std::size_t kPageAlerts = 1'000;
constexpr std::size_t kPageBytes = 16U << 20U;
constexpr std::int64_t kLongestWaitMs = 2'000;
constexpr int kAsideMax = 100;

std::string_view text_of(sf_str s) {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.size);
}

// False also where one of them cannot be read.
bool same_bytes(const fs::Dir& one, const fs::Dir& other, const std::string& file) {
  const auto digest = [&](const fs::Dir& dir) {
    return dir.read(file, queue::kAlertBytesMax)
        .match([](const fs::Content& c) { return c.whole ? sha256_hex(c.bytes) : std::string(); },
               [](fs::Gone) { return std::string(); });
  };
  try {
    const std::string first = digest(one);
    return !first.empty() && first == digest(other);
  } catch (const Error&) {
    return false;
  }
}

// What somebody else put under the name of an accepted file becomes a drop-in of another name.
void push_aside(const queue::StateDir& dirs, const fs::Dir& from, const std::string& file) {
  log::warn("queue", fmt::format("\"{}\" was there already; it is renamed", file));
  const std::string stem = "foreign-" + sha256_hex(file).substr(0, 16);
  for (int n = 0; n < kAsideMax; ++n) {
    const bool done = from.move(file, dirs.queue, fmt::format("{}-{}.json", stem, n))
                          .match([](bool moved) { return moved; }, [](fs::Gone) { return true; });
    if (done) return;
  }
}

// An accepted file becomes a waiting one. It leaves .accept/ only for a place that is free, so that every step can be
// taken again after a kill; where none gets free it stays there until the next start. The same bytes under its name are
// the same alert, as where a backup was taken between the two names of one file: ours, which are on disk, take their
// place.
void enqueue(const queue::StateDir& dirs, const std::string& file) {
  for (int n = 0; n < kAsideMax; ++n) {
    const bool done =
        dirs.accept.move(file, dirs.queue, file).match([](bool moved) { return moved; }, [](fs::Gone) { return true; });
    if (done) return;
    if (!same_bytes(dirs.accept, dirs.queue, file)) {
      push_aside(dirs, dirs.queue, file);
      continue;
    }
    dirs.accept.exchange(file, dirs.queue, file);
    if (same_bytes(dirs.accept, dirs.queue, file)) return dirs.accept.remove(file), void();
    return push_aside(dirs, dirs.accept, file);  // it was written to meanwhile
  }
}

}  // namespace

template <class F>
sf_status Intake::take(F&& f) noexcept {
  if (context_.stop.load()) return SF_CANCELLED;
  if (fault_) return SF_FATAL;
  try {
    f();
    return SF_OK;
  } catch (const Error& e) {
    fault_ = e;
  } catch (const std::exception& e) {
    fault_ = Error(Exit::internal, e.what());
  }
  return SF_FATAL;
}

Intake::Intake(Context& context, std::string stage, std::shared_ptr<const Mapping> mapping)
    : context_(context), stage_(std::move(stage)), mapping_(std::move(mapping)), sink_{} {
  sink_ = {sizeof(sf_record_sink),
           0,
           this,
           [](const sf_record_sink* s, sf_str document, sf_str doc_id, sf_str position) -> sf_status {
             auto& intake = *static_cast<Intake*>(s->impl);
             return intake.take([&] { intake.push(text_of(document), text_of(doc_id), text_of(position)); });
           },
           [](const sf_record_sink* s, sf_str position) -> sf_status {
             auto& intake = *static_cast<Intake*>(s->impl);
             return intake.take([&] { intake.position_ = std::string(text_of(position)); });
           },
           [](const sf_record_sink* s, const sf_interval* v) -> sf_status {
             auto& intake = *static_cast<Intake*>(s->impl);
             return intake.take([&] {
               intake.intervals_.push_back({intake.stage_, v->from_ms, v->to_ms, std::string(text_of(v->filter)),
                                            v->pages, v->fetched, v->complete != 0});
             });
           },
           [](const sf_record_sink* s, sf_str bytes, sf_str reason) -> sf_status {
             auto& intake = *static_cast<Intake*>(s->impl);
             return intake.take([&] { intake.reject(text_of(bytes), text_of(reason)); });
           }};
}

Intake::~Intake() {
  roll_back();
}

void Intake::rest() noexcept {
  const auto now = monotonic_ms();
  const bool waiting = !alerts_.empty() || !rejections_.empty();
  if (waiting && (!rested_ms_ || now - *rested_ms_ >= kLongestWaitMs)) {
    rested_ms_ = now;
    take([this] { flush(); });
  }
  roll_back();
}

void Intake::roll_back() {
  if (std::exchange(open_, false)) context_.store.rollback();  // only flush() writes
}

void Intake::begin() {
  if (open_) return;
  context_.store.begin();
  open_ = true;
}

bool Intake::known(const std::string& key) {
  begin();
  ++counts_[Count::fetched];
  const bool again = keys_.contains(key) || context_.store.find(key).has_value();
  if (again) ++counts_[Count::duplicate];
  return again;
}

void Intake::push(std::string_view document, std::string_view doc_id, std::string_view position) {
  try {
    if (document.size() > context_.config.max_alert_bytes)
      throw Rejected(fmt::format("larger than max_alert_bytes ({} of {} bytes)", document.size(),
                                 context_.config.max_alert_bytes));
    Alert alert = read_alert(std::string(document), stage_, mapping_, doc_id, now_ms());
    if (!known(alert.key)) {
      keys_.insert(alert.key);
      bytes_ += alert.bytes.size();
      alert.document = Json();
      alerts_.push_back(std::move(alert));
    }
  } catch (const Rejected& e) {
    reject(document, e.what());
  }
  if (!position.empty()) position_ = std::string(position);
  if (alerts_.size() + rejections_.size() >= kPageAlerts || bytes_ >= kPageBytes) flush();
}

void Intake::reject(std::string_view bytes, std::string_view reason) {
  std::string sha256 = sha256_hex(bytes);
  std::string key = rejected_key(stage_, sha256);
  if (known(key)) return;
  keys_.insert(key);
  bytes_ += bytes.size();
  rejections_.push_back({std::move(key), std::move(sha256), std::string(bytes), std::string(reason)});
}

void Intake::write_files(std::vector<std::string>& files) {
  const auto& dirs = context_.queue.dirs();
  for (const auto& alert : alerts_) {
    files.push_back(queue::make_name(alert));
    dirs.accept.create_file(files.back(), alert.bytes);
  }
  for (auto& r : rejections_)
    r.reason = quarantined_fields(
        r.reason, context_.queue.quarantine_bytes(r.bytes, r.key, r.reason, stage_, context_.report.run_id));
  if (!files.empty() || !rejections_.empty()) dirs.root.sync_all();
}

void Intake::book() {
  auto& store = context_.store;
  if (!alerts_.empty()) context_.remember(*mapping_);
  for (const auto& alert : alerts_) {
    const auto seq = store.append("accepted", context_.report.run_id, alert.key, accepted_fields(alert));
    store.put({alert.key, store::AlertState::waiting, store::Disposition::none, seq, 0, alert.time_ms, false});
  }
  for (const auto& r : rejections_) {
    const auto seq = store.append("accepted", context_.report.run_id, r.key, rejected_fields(stage_, r.sha256, stage_));
    const auto decided = store.append("quarantined", context_.report.run_id, r.key, r.reason);
    store.put({r.key, store::AlertState::quarantined, store::Disposition::none, seq, decided, now_ms(), false});
  }
  counts_[Count::accepted] += alerts_.size() + rejections_.size();
  counts_[Count::quarantined] += rejections_.size();
  store.add(counts_);
  for (const auto& interval : intervals_) store.add_interval(interval);
  if (position_) store.set_cursor(stage_, *position_);
  context_.write_stage_state();
}

void Intake::flush() {
  std::vector<std::string> files;
  const bool nothing = counts_[Count::fetched] == 0 && intervals_.empty() && !position_;
  if (nothing) return;
  begin();
  try {
    write_files(files);
    book();
  } catch (const Error& e) {
    roll_back();
    if (e.code() != Exit::locked) undo();  // else what it wrote is another run's to settle
    throw;
  } catch (...) {
    roll_back();
    undo();
    throw;
  }
  commit();
  const auto& dirs = context_.queue.dirs();
  for (const auto& file : files) {
    enqueue(dirs, file);
    context_.queue.add_new(file);
  }
  context_.queue.added(files.size());
  context_.report.counts += counts_;
  counts_ = {};
  alerts_.clear();
  rejections_.clear();
  intervals_.clear();
  position_.reset();
  keys_.clear();
  bytes_ = 0;
}

// A commit that failed may have reached the disk all the same: written, and not forced. This connection goes by what it
// knows; whoever opens the ledger next reads the log, and may find the page in it (sqlite.org/walformat.html, 4.3). So
// the page's files stay in .accept/ for the next run to settle.
void Intake::commit() {
  try {
    context_.store.commit();
  } catch (...) {
    roll_back();
    throw;
  }
  open_ = false;
  context_.stage_state_kept();
}

// The page came to no commit, so the books do not have it.
void Intake::undo() noexcept {
  try {
    recover(context_);
  } catch (const std::exception& e) {
    log::error("queue", e.what());  // the next run does it
  }
}

void Intake::recover(Context& context) {
  const auto& dirs = context.queue.dirs();
  std::vector<std::string> names;
  dirs.accept.list([&](const fs::Listed& entry) { return names.emplace_back(entry.name), true; });
  for (const auto& name : names) {
    const auto parsed = queue::parse_name(name);
    const auto row = parsed ? context.store.find(parsed->key) : std::nullopt;
    if (row && row->state == store::AlertState::waiting)
      enqueue(dirs, name);
    else
      dirs.accept.remove_tree(name);  // not in the books: the source offers it again
  }
  if (!names.empty()) log::info("recover", fmt::format("{} files of an interrupted page were settled", names.size()));
}

}  // namespace signalfoundry::pipeline
