// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include <algorithm>

namespace source_kafka {
namespace {

constexpr std::size_t kOpenMax = 32;  // partitions read at once: what librdkafka holds of each is in memory
constexpr int kSliceMs = 200;
constexpr unsigned kRestartsMax = 10;
constexpr unsigned kGapLinesMax = 20;
constexpr std::size_t kRejectedKept = std::size_t{64} << 10U;  // of a message that is too large

std::string name_of(const std::pair<std::string, std::int32_t>& key) {
  return key.first + "/" + std::to_string(key.second);
}

std::string_view bytes_of(const rd_kafka_message_t& message) {
  return message.payload == nullptr ? std::string_view{}
                                    : std::string_view{static_cast<const char*>(message.payload), message.len};
}

std::int64_t time_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const auto ms = rd_kafka_message_timestamp(&message, &type);
  return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : sane_ms(ms);
}

}  // namespace

Run::Run(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, std::optional<Position> last)
    : host_(host),
      settings_(settings),
      last_(std::move(last)),
      position_(last_.value_or(Position{})),
      filter_(settings.filter()),
      client_(host_, settings_, stop),
      begin_ms_(std::max<std::int64_t>(host_.now_ms(), 0)),
      progress_ms_(host_.monotonic_ms()) {}

void Run::begin(const sf::Emitter& out) {
  std::size_t count = 0;
  for (const auto& topic : settings_.topics) learn(topic, count);
  changed_ = true;
  checkpoint(out);
  progress_ms_ = host_.monotonic_ms();
}

void Run::learn(const std::string& topic, std::size_t& count) {
  const auto partitions = client_.partitions(topic);
  if (partitions.empty()) {
    host_.warn("the brokers at " + settings_.where() + " have no topic " + topic +
               ", or the user may not see it; it is read once there is one");
    return;
  }
  if ((count += partitions.size()) > kPartitionsMax)
    throw sf::Error(SF_FAILED, "the topics have more than " + std::to_string(kPartitionsMax) +
                                   " partitions together; read them by several stages");
  const auto cluster = client_.cluster();
  if (!cluster.empty() && !position_.cluster.empty() && cluster != position_.cluster) forget_cluster();
  if (!cluster.empty()) position_.cluster = cluster;
  const bool other_cluster = last_ && !last_->cluster.empty() && last_->cluster != position_.cluster;
  auto& places = position_.topics[topic];
  const bool was_read = !places.empty();
  // A topic never loses a partition: one that has fewer is another one of that name.
  const bool fewer = std::any_of(places.begin(), places.end(), [&](const auto& place) {
    return !std::binary_search(partitions.begin(), partitions.end(), place.first);
  });
  std::erase_if(places, [&](const auto& place) {
    return !std::binary_search(partitions.begin(), partitions.end(), place.first);
  });
  for (const auto partition : partitions) learn_partition({topic, partition}, was_read, fewer || other_cluster);
}

void Run::forget_cluster() {
  host_.warn("the brokers at " + settings_.where() + " are another cluster (" + printable(client_.cluster(), 60) +
             ", it was " + printable(position_.cluster, 60) +
             "); its topics are read from their earliest records, and what was read before is recognised");
}

std::int64_t Run::first_offset(const Key& key, Marks marks) {
  if (settings_.start.kind == Start::Kind::latest) return marks.high;
  if (settings_.start.kind == Start::Kind::earliest) return marks.low;
  const auto from_ms = std::max<std::int64_t>(begin_ms_ - settings_.start.back_ms, 0);
  return client_.offset_at(key.first, key.second, from_ms, marks.high);
}

void Run::learn_partition(const Key& key, bool topic_was_read, bool other_log) {
  const auto marks = client_.marks(key.first, key.second);
  Known known;
  known.topic_was_read = topic_was_read;
  known.other_log = other_log;
  const auto& places = position_.topics[key.first];
  if (const auto at = places.find(key.second); at != places.end()) known.place = at->second;
  if (!known.place && !topic_was_read) known.start_offset = first_offset(key, marks);
  adopt(key, plan(known, marks), known, marks);
  // A gap is closed by the first record after it, so that comes first.
  if (readings_[key].gap_from_ms)
    waiting_.push_front(key);
  else
    waiting_.push_back(key);
}

// Sets out to read a partition as planned; a gap is told and counted.
void Run::adopt(const Key& key, const Plan& plan, const Known& known, Marks marks) {
  auto& reading = readings_[key];
  reading.high = marks.high;
  reading.verify = plan.verify;
  if (plan.gap()) {
    const auto last_ms = known.place ? known.place->last_ms : -1;
    const auto from = last_ms >= 0 ? last_ms : position_.until_ms;
    if (!reading.gap_from_ms) ++gaps_open_;
    if (!reading.gap_from_ms) reading.gap_from_ms = std::clamp<std::int64_t>(from, 0, begin_ms_);
    tell_gap(gap_sentence(plan, key.first, key.second, known, marks));
    if (plan.missing > 0) host_.count("source_missing", static_cast<std::uint64_t>(plan.missing));
  }
  place(key) = {plan.from, plan.why == Plan::Why::resumed ? known.place->last_ms : -1};
  changed_ = true;
}

void Run::tell_gap(const std::string& sentence) {
  host_.count("source_gaps");
  if (++gaps_ <= kGapLinesMax) host_.warn(sentence);
  if (gaps_ == kGapLinesMax + 1) host_.warn("there are more gaps; source_gaps counts them");
}

void Run::report(const sf::Emitter& out, std::int64_t from_ms, std::int64_t to_ms, bool complete) const {
  sf_interval interval{};
  interval.struct_size = sizeof interval;
  interval.pages = pages_;
  interval.from_ms = std::min(from_ms, to_ms);
  interval.to_ms = to_ms;
  interval.fetched = complete ? fetched_ : 0;
  interval.filter = sf::to_c(filter_);
  interval.complete = complete ? 1 : 0;
  out.interval(interval);
}

// What lies in a gap counts as never asked for, also where the next runs are complete.
void Run::close_gap(Reading& reading, std::int64_t to_ms, const sf::Emitter& out) {
  if (!reading.gap_from_ms) return;
  const auto to = std::clamp(std::max(to_ms, position_.until_ms + 1), *reading.gap_from_ms,
                             std::max(begin_ms_, *reading.gap_from_ms));
  report(out, *reading.gap_from_ms, to, false);
  position_.until_ms = std::max(position_.until_ms, to);
  reading.gap_from_ms.reset();
  --gaps_open_;
  changed_ = true;
}

void Run::report_incomplete(const sf::Emitter& out) const noexcept {
  try {
    report(out, position_.until_ms < 0 ? begin_ms_ : position_.until_ms, begin_ms_, false);
  } catch (...) {  // The fault that is being reported says more.
  }
}

void Run::checkpoint(const sf::Emitter& out) {
  if (!changed_ || gaps_open_ != 0) return;
  out.checkpoint(to_text(position_));
  changed_ = false;
}

void Run::open_more(const sf::Emitter& out) {
  while (open_.size() < kOpenMax && !waiting_.empty()) {
    const auto key = waiting_.front();
    waiting_.pop_front();
    auto& reading = readings_[key];
    const auto at = place(key).next;
    if (at >= reading.high && !reading.verify) {
      finish(key, out);
      continue;
    }
    client_.start(key.first, key.second, reading.verify ? at - 1 : at);
    open_.insert(key);
  }
}

void Run::finish(const Key& key, const sf::Emitter& out) {
  auto& reading = readings_[key];
  reading.done = true;
  close_gap(reading, begin_ms_, out);
  client_.stop(key.first, key.second);
  open_.erase(key);
}

void Run::end_run(const sf::Emitter& out) {
  auto from = position_.until_ms;
  if (from < 0) {
    from = settings_.start.kind == Start::Kind::back ? begin_ms_ - settings_.start.back_ms : begin_ms_;
    if (settings_.start.kind == Start::Kind::earliest && earliest_ms_ >= 0) from = std::min(earliest_ms_, begin_ms_);
  }
  report(out, std::max<std::int64_t>(from, 0), begin_ms_, true);
  position_.until_ms = std::max(position_.until_ms, begin_ms_);
  changed_ = true;
  checkpoint(out);
  ended_ = true;
  if (holes_ != 0) host_.info(std::to_string(holes_) + " offsets held no record (compacted, or of transactions)");
  host_.info(std::to_string(fetched_) + " messages read from " + settings_.where());
}

bool Run::step(const sf::Emitter& out, std::uint32_t max) {
  if (ended_) return false;
  ++pages_;
  std::uint32_t taken = 0;
  while (taken < max) {
    open_more(out);
    if (open_.empty()) {
      end_run(out);
      return false;
    }
    client_.serve();
    client_.pause(0);
    if (!pending_) pending_ = client_.next(taken == 0 ? kSliceMs : 0);
    if (!pending_) break;
    const auto what = take(out);
    if (what == Taken::refused) break;
    pending_.reset();
    if (what == Taken::record) ++taken;
  }
  checkpoint(out);
  if (taken == 0 && host_.monotonic_ms() - progress_ms_ > settings_.retry_for_ms) {
    const auto& key = *open_.begin();
    client_.give_up("reading " + name_of(key) + " at offset " + std::to_string(place(key).next) + " of " +
                    std::to_string(readings_[key].high));
  }
  return true;
}

Run::Taken Run::take(const sf::Emitter& out) {
  const auto& message = *pending_;
  if (message.rkt == nullptr) {
    client_.judge(message.err, bytes_of(message), "reading");
    return Taken::nothing;
  }
  const Key key{rd_kafka_topic_name(message.rkt), message.partition};
  const auto at = readings_.find(key);
  if (at == readings_.end() || at->second.done) return Taken::nothing;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return take_event(key, out), Taken::nothing;
  progress_ms_ = host_.monotonic_ms();
  auto& reading = at->second;
  auto& place_now = place(key);
  if (!verified(key, out)) return Taken::nothing;
  auto result = Taken::nothing;
  if (message.offset >= place_now.next && message.offset < reading.high) {
    close_gap(reading, time_of(message), out);
    if (!hand_over(key, out)) return Taken::refused;
    holes_ += static_cast<std::uint64_t>(message.offset - place_now.next);
    place_now = {message.offset + 1, time_of(message)};
    result = Taken::record;
  } else if (message.offset >= reading.high) {
    holes_ += static_cast<std::uint64_t>(reading.high - place_now.next);
    place_now.next = reading.high;
  }
  changed_ = true;
  if (place_now.next >= reading.high) finish(key, out);
  return result;
}

// False: the partition begins anew, or the record was only there to be compared.
bool Run::verified(const Key& key, const sf::Emitter& out) {
  auto& reading = readings_[key];
  const auto& place_now = place(key);
  if (!reading.verify) return true;
  reading.verify = false;
  if (pending_->offset >= place_now.next) return true;
  if (time_of(*pending_) != place_now.last_ms) {
    begin_anew(key, true);
  } else if (place_now.next >= reading.high) {
    finish(key, out);
  }
  return false;
}

void Run::take_event(const Key& key, const sf::Emitter& out) {
  auto& reading = readings_[key];
  auto& place_now = place(key);
  const auto code = pending_->err;
  if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    progress_ms_ = host_.monotonic_ms();
    if (pending_->offset < reading.high) return;
    reading.verify = false;
    if (pending_->offset > place_now.next) {
      holes_ += static_cast<std::uint64_t>(pending_->offset - place_now.next);
      place_now.next = pending_->offset;
      changed_ = true;
    }
    return finish(key, out);
  }
  if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    return begin_anew(key, false);
  client_.judge(code, bytes_of(*pending_), "reading " + name_of(key));
}

// The log is no longer what was planned for: retention was faster, or it is another one.
void Run::begin_anew(const Key& key, bool other_log) {
  if (++readings_[key].restarts > kRestartsMax)
    throw sf::Error(SF_FAILED, "records of " + name_of(key) + " at " + settings_.where() +
                                   " are removed faster than they are read; lengthen the topic's retention");
  client_.stop(key.first, key.second);
  const auto marks = client_.marks(key.first, key.second);
  Known known;
  known.place = place(key);
  known.topic_was_read = true;
  known.other_log = other_log;
  adopt(key, plan(known, marks), known, marks);
  open_.erase(key);
  waiting_.push_front(key);
}

// False: the host does not take it now.
bool Run::hand_over(const Key& key, const sf::Emitter& out) {
  const auto& message = *pending_;
  const auto where = name_of(key) + "/" + std::to_string(message.offset);
  const auto bytes = bytes_of(message);
  if (message.payload == nullptr) {
    // It has no bytes to keep, so its place stands for it: else all of them would be one.
    out.reject("tombstone " + where,
               "message " + where + " of " + settings_.where() + ": it is a tombstone, without a value");
    host_.count("source_rejected");
  } else {
    std::string buffer;
    const auto content = find_alert(bytes, settings_, buffer);
    if (content.reason.empty()) {
      if (!out.push(content.alert, "", "")) return false;
    } else {
      const bool large = bytes.size() > settings_.max_message_bytes;
      out.reject(large ? bytes.substr(0, kRejectedKept) : bytes,
                 "message " + where + " of " + settings_.where() + ": " + content.reason);
      host_.count("source_rejected");
    }
  }
  ++fetched_;
  if (const auto ms = time_of(message); ms >= 0 && (earliest_ms_ < 0 || ms < earliest_ms_)) earliest_ms_ = ms;
  return true;
}

}  // namespace source_kafka
