// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include <algorithm>
#include <utility>

namespace source_kafka {
namespace {

constexpr std::size_t kOpenMax = 32;  // partitions read at once: what librdkafka holds of each is in memory
constexpr int kSliceMs = 200;
constexpr unsigned kRestartsMax = 10;
constexpr unsigned kGapLinesMax = 20;
constexpr unsigned kAsideLinesMax = 20;
constexpr std::uint32_t kRoundMs = 200;  // between two rounds of asking for what has no leader

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

void mark_other(Places& places) {
  for (auto& [partition, place] : places)
    if (place.next >= 0) place.other_log = true;
}

// The time from which a topic is read for the first time; -1: from its earliest records.
std::int64_t start_ms(const Start& start, std::int64_t now_ms) {
  if (start.kind == Start::Kind::earliest) return -1;
  return start.kind == Start::Kind::latest ? now_ms : std::max<std::int64_t>(now_ms - start.back_ms, 0);
}

}  // namespace

Run::Run(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, std::optional<Position> last)
    : host_(host),
      settings_(settings),
      position_(std::move(last).value_or(Position{})),
      filter_(settings.filter()),
      client_(host_, settings_, stop),
      begin_ms_(std::max<std::int64_t>(host_.now_ms(), 0)),
      progress_ms_(host_.monotonic_ms()) {}

void Run::begin(const sf::Emitter& out) {
  late_until_ms_ = host_.monotonic_ms() + settings_.retry_for_ms;
  const auto found = find_partitions();
  learn_cluster();
  silent_ = {-1};
  for (const auto& [topic, leaders] : found) learn(topic, leaders, out);
  forget_unused();
  changed_ = true;
  begun_ = true;
  checkpoint(out);
  progress_ms_ = host_.monotonic_ms();
}

std::map<std::string, Leaders> Run::find_partitions() {
  std::map<std::string, Leaders> out;
  std::size_t count = 0;
  for (const auto& topic : settings_.topics) try {
      auto leaders = client_.partitions(topic);
      if (leaders.empty())
        host_.warn("the brokers at " + settings_.where() + " have no topic " + topic +
                   ", or the user may not see it; it is read once there is one");
      // A topic that is away keeps its places, which count as well.
      const auto at = position_.topics.find(topic);
      count += leaders.empty() && at != position_.topics.end() ? at->second.size() : leaders.size();
      if (count > kPartitionsMax)
        throw sf::Error(SF_FAILED, "the topics have more than " + std::to_string(kPartitionsMax) +
                                       " partitions together; read them by several stages");
      if (!leaders.empty()) out[topic] = std::move(leaders);
    } catch (const Refused& error) {
      fail(error);
    }
  return out;
}

// Before any place is used: those of another cluster are none here, also of topics that are away now.
void Run::learn_cluster() {
  const auto cluster = client_.cluster();
  if (cluster.empty()) return;
  if (!position_.cluster.empty() && cluster != position_.cluster) {
    host_.warn("the brokers at " + settings_.where() + " are another cluster (" + printable(cluster, 60) + ", it was " +
               printable(position_.cluster, 60) +
               "); its topics are read from their earliest records, and what was read before is recognised");
    for (auto& [topic, places] : position_.topics) mark_other(places);
  }
  position_.cluster = cluster;
}

// What is not asked for any more is kept as long as the position stays one that is read again.
void Run::forget_unused() {
  if (partitions_of(position_) <= kPartitionsMax) return;
  host_.warn(
      "the places of topics that are not in topics any more are forgotten: with them the position would hold "
      "more than " +
      std::to_string(kPartitionsMax) + " partitions");
  std::erase_if(position_.topics, [&](const auto& topic) {
    return std::find(settings_.topics.begin(), settings_.topics.end(), topic.first) == settings_.topics.end();
  });
}

void Run::learn(const std::string& topic, const Leaders& leaders, const sf::Emitter& out) {
  auto& places = position_.topics[topic];
  const bool was_read = !places.empty();
  // A topic never loses a partition: one that has fewer is another one of that name.
  if (std::erase_if(places, [&](const auto& place) { return leaders.count(place.first) == 0; }) != 0)
    mark_other(places);
  for (const auto& [partition, leader] : leaders) learn_partition({topic, partition}, leader, was_read, out);
}

void Run::learn_partition(const Key& key, std::int32_t leader, bool topic_was_read, const sf::Emitter& out) try {
  if (!topic_was_read && position_.topics[key.first].count(key.second) == 0)
    place(key) = {-1, start_ms(settings_.start, begin_ms_), false};
  if (silent_.count(leader) == 0) {
    if (plan_partition(key, topic_was_read)) return;
    silent_.insert(leader);
  }
  late_[key] = topic_was_read;
} catch (const Refused& error) {
  set_aside(key, error, out);
}

// False: its broker does not answer now.
bool Run::plan_partition(const Key& key, bool topic_was_read) {
  const auto marks = client_.marks(key.first, key.second);
  if (!marks) return false;
  Known known;
  known.topic_was_read = topic_was_read;
  const auto& places = position_.topics[key.first];
  if (const auto at = places.find(key.second); at != places.end()) known.place = at->second;
  if (known.place && known.place->next < 0) {
    const auto first = first_offset(key, *marks, known.place->last_ms);
    if (!first) return false;
    known = {std::nullopt, false, *first};
  }
  adopt(key, plan(known, *marks), known, *marks);
  // A gap is closed by the first record after it, so that comes first.
  if (readings_[key].gap_from_ms)
    waiting_.push_front(key);
  else
    waiting_.push_back(key);
  return true;
}

std::optional<std::int64_t> Run::first_offset(const Key& key, Marks marks, std::int64_t from_ms) {
  if (from_ms < 0) return marks.low;
  if (!begun_ && from_ms == begin_ms_) return marks.high;  // it is the end now
  return client_.offset_at(key.first, key.second, from_ms, marks.high);
}

// Asks once more for what had no answer. False: still nothing of it can be read.
bool Run::look_again(const sf::Emitter& out) {
  const bool last = host_.monotonic_ms() >= late_until_ms_;
  silent_ = {-1};
  std::string topic;
  Leaders leaders;
  for (const auto& [key, topic_was_read] : std::exchange(late_, {})) try {
      if (key.first != topic) leaders = client_.partitions(key.first);
      topic = key.first;
      const auto at = leaders.find(key.second);
      learn_partition(key, at == leaders.end() ? -1 : at->second, topic_was_read, out);
    } catch (const Refused& error) {
      set_aside(key, error, out);
    }
  if (last)
    for (const auto& [key, topic_was_read] : std::exchange(late_, {}))
      set_aside(key,
                sf::Error(SF_RETRY, "partition " + name_of(key) + " of " + settings_.where() +
                                        " has no leader, or one that does not answer; the other partitions were read, "
                                        "this one is from its place on when it has one. See kafka-topics.sh "
                                        "--describe --topic " +
                                        key.first),
                out);
  if (waiting_.empty() && !late_.empty()) client_.pause(kRoundMs);
  return !waiting_.empty();
}

// The run goes on without it, and fails with the first of these when it has read the others.
void Run::fail(const sf::Error& error) {
  if (++set_aside_ == 1)
    failed_ = error;
  else if (set_aside_ <= kAsideLinesMax)
    host_.warn(error.what());
}

void Run::set_aside(const Key& key, const sf::Error& error, const sf::Emitter& out) {
  finish(key, out);
  fail(error);
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
  place(key) = {plan.from, plan.why == Plan::Why::resumed ? known.place->last_ms : -1, false};
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

void Run::leave(const sf::Emitter& out) noexcept {
  try {
    checkpoint(out);
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
    try {
      client_.start(key.first, key.second, reading.verify ? at - 1 : at);
      open_.insert(key);
    } catch (const Refused& error) {
      set_aside(key, error, out);
    }
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
  // The brokers let this client in: that it may not read one topic of several is no reason to leave the others alone,
  // as the runner does after SF_DENIED.
  const bool of_one = failed_ && failed_->code() == SF_DENIED && settings_.topics.size() > 1;
  if (failed_)
    throw sf::Error(of_one ? SF_FAILED : failed_->code(),
                    failed_->what() + (set_aside_ == 1 ? std::string()
                                                       : "; with it " + std::to_string(set_aside_) +
                                                             " topics and partitions are left unread"));
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
    if (open_.empty() && !late_.empty()) {
      if (look_again(out)) continue;
      break;
    }
    if (open_.empty()) {
      end_run(out);
      return false;
    }
    client_.serve();
    client_.pause(0);
    if (!pending_) pending_ = client_.next(taken == 0 ? kSliceMs : 0);
    if (!pending_) break;
    const auto what = take_next(out);
    if (what == Taken::refused) break;
    pending_.reset();
    if (what == Taken::record) ++taken;
  }
  checkpoint(out);
  if (taken == 0 && !open_.empty() && host_.monotonic_ms() - progress_ms_ > settings_.retry_for_ms)
    set_aside_silent(out);
  return true;
}

void Run::progressed() {
  progress_ms_ = host_.monotonic_ms();
  stalled_ = false;
}

// Nothing comes of what is open. What is not open may be with other brokers; of these nothing may come just once.
void Run::set_aside_silent(const sf::Emitter& out) {
  const auto silence = [&](const Key& key) {
    return client_.silence("reading " + name_of(key) + " at offset " + std::to_string(place(key).next) + " of " +
                           std::to_string(readings_[key].high));
  };
  if (stalled_) throw silence(*open_.begin());
  const auto keys = open_;
  for (const auto& key : keys) set_aside(key, silence(key), out);
  progressed();
  stalled_ = true;
}

Run::Taken Run::take_next(const sf::Emitter& out) {
  try {
    return take(out);
  } catch (const Refused& error) {
    if (pending_->rkt == nullptr) throw;
    set_aside({rd_kafka_topic_name(pending_->rkt), pending_->partition}, error, out);
  }
  return Taken::nothing;
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
  progressed();
  auto& reading = at->second;
  auto& place_now = place(key);
  if (!verified(key, out)) return Taken::nothing;
  auto result = Taken::nothing;
  if (message.offset >= place_now.next && message.offset < reading.high) {
    close_gap(reading, time_of(message), out);
    if (!hand_over(key, out)) return Taken::refused;
    holes_ += static_cast<std::uint64_t>(message.offset - place_now.next);
    place_now = {message.offset + 1, time_of(message), false};
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
    begin_anew(key, true, out);
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
    progressed();
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
    return begin_anew(key, false, out);
  client_.judge(code, bytes_of(*pending_), "reading " + name_of(key));
}

// The log is no longer what was planned for: retention was faster, or it is another one.
void Run::begin_anew(const Key& key, bool other_log, const sf::Emitter& out) {
  if (++readings_[key].restarts > kRestartsMax)
    throw Refused(SF_FAILED, "records of " + name_of(key) + " at " + settings_.where() +
                                 " are removed faster than they are read; lengthen the topic's retention");
  client_.stop(key.first, key.second);
  open_.erase(key);
  place(key).other_log = other_log;
  silent_.clear();
  learn_partition(key, 0, true, out);
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
      out.reject(kept_of(bytes, settings_, host_),
                 "message " + where + " of " + settings_.where() + ": " + content.reason);
      host_.count("source_rejected");
    }
  }
  ++fetched_;
  if (const auto ms = time_of(message); ms >= 0 && (earliest_ms_ < 0 || ms < earliest_ms_)) earliest_ms_ = ms;
  return true;
}

}  // namespace source_kafka
