// SPDX-License-Identifier: Apache-2.0
//
// outage_site.hpp - an index of millions of alerts and a runner, both on a simulated clock: every answer and every
// alert takes the time that was measured for it, and what is indexed meanwhile waits. One thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mini_host.hpp"
#include "support/catch.h"

// What one thing takes, in microseconds. Measured on this project's 2-core machine (docs/benchmarks.md, 2026-11-27):
// an alert fetched 10 (curl alone, 98,718/s), a new one 86 in all from the answer to the books (11,606/s), triaged 191
// with 505,836 waiting, a run with nothing to do 53 ms. A known one, fetched, parsed, hashed and looked up, takes 31 to
// 35 in all: 40,000 alerts of the bench's `load`, read again by a second run with `overlap` over all of them.
struct Costs {
  std::int64_t search = 5'000;  // one answer, however small
  std::int64_t hit = 10;
  std::int64_t fresh = 76;  // on top of `hit`
  std::int64_t known = 25;
  std::int64_t run = 53'000;
  std::int64_t triage = 191;
  std::size_t cap = 2'000;  // queue_cap's default: alerts that a run triages

  Costs times(std::int64_t factor) const {
    return {search * factor, hit * factor, fresh * factor, known * factor, run * factor, triage * factor, cap};
  }
};

// Alerts in the order of (timestamp, id), each searchable a while after its timestamp.
class OutageIndex {
 public:
  struct Doc {
    std::int64_t time_ms;
    std::int32_t lag_ms;  // from its timestamp until a search finds it
  };

  // `docs` sorted by time; the clock `now_ms` outlives it.
  OutageIndex(std::vector<Doc> docs, const std::int64_t& now_ms) : docs_(std::move(docs)), now_ms_(now_ms) {}
  const std::vector<Doc>& docs() const { return docs_; }

  // The answer to a search of source_wazuh, and how many hits it has.
  std::pair<std::string, std::size_t> answer(const std::string& body) const {
    const auto request = nlohmann::json::parse(body);
    std::size_t hits = 0;
    std::string out = R"({"timed_out":false,"_shards":{"total":3,"successful":3,"failed":0},"hits":{"hits":[)";
    if (request.at("size") != 0) hits = page(request, out);
    out += "]}";
    if (request.contains("aggs")) out += aggregations(request);
    return {out + "}", hits};
  }

 private:
  std::size_t first_at(std::int64_t ms) const {
    return static_cast<std::size_t>(
        std::lower_bound(docs_.begin(), docs_.end(), ms, [](const Doc& d, std::int64_t at) { return d.time_ms < at; }) -
        docs_.begin());
  }
  bool found(std::size_t i) const { return docs_[i].time_ms + docs_[i].lag_ms <= now_ms_; }

  // An alert's number is its id, of eight digits: the order of ids is that of numbers.
  std::size_t page(const nlohmann::json& request, std::string& out) const {
    const auto& condition = request.at("query").at("bool");
    if (condition.contains("must_not")) return 0;  // all have an id and a manager
    const auto& range = condition.at("filter").at(0).at("range").at("timestamp");
    auto at = first_at(range.at("gte"));
    if (request.contains("search_after")) {
      const auto& after = request["search_after"];
      at = std::stoull(after.at(1).get<std::string>()) + 1;
      REQUIRE(docs_.at(at - 1).time_ms == after.at(0));
    }
    const auto end = first_at(range.at("lt"));
    const auto size = request.at("size").get<std::size_t>();
    std::size_t hits = 0;
    for (; at < end && hits < size; ++at) {
      if (!found(at)) continue;
      if (hits++ != 0) out += ',';
      const auto id = id_of(at);
      out.append(R"({"_id":")").append(id).append(R"(","_source":{},"sort":[)");
      out.append(std::to_string(docs_[at].time_ms)).append(",\"").append(id).append(R"(","m"]})");
    }
    return hits;
  }
  static std::string id_of(std::size_t i) {
    const auto digits = std::to_string(i);
    return std::string(8 - digits.size(), '0') + digits;
  }
  std::string aggregations(const nlohmann::json& request) const {
    std::string out = R"(,"aggregations":{"clock":{"buckets":[{"to":)" + std::to_string(now_ms_) + "}]}";
    if (!request.at("aggs").contains("minutes")) return out + "}";
    const auto& range = request.at("query").at("bool").at("filter").at(0).at("range").at("timestamp");
    out += R"(,"minutes":{"buckets":[)";
    const auto end = first_at(range.at("lt"));
    for (auto at = first_at(range.at("gte")); at < end;) {
      const auto minute = docs_[at].time_ms / 60'000 * 60'000;
      std::size_t count = 0;
      for (; at < end && docs_[at].time_ms < minute + 60'000; ++at) count += found(at) ? 1 : 0;
      if (count == 0) continue;
      if (out.back() != '[') out += ',';
      out += R"({"key":)" + std::to_string(minute) + R"(,"doc_count":)" + std::to_string(count) + "}";
    }
    return out + "]}}";
  }

  std::vector<Doc> docs_;
  const std::int64_t& now_ms_;
};

// Runs of the source at a cadence, booked as core/pipeline/intake.cpp does: a page of 1,000 new alerts at a time, and
// the rest at the end of the poll.
class OutageSite {
 public:
  static constexpr std::size_t kPageAlerts = 1'000;  // of intake.cpp, as is how long alerts wait for a page
  static constexpr std::int64_t kLongestWaitMs = 2'000;

  // Alerts of `live_from_ms` and later are live: their lateness counts.
  OutageSite(std::vector<OutageIndex::Doc> docs, const Costs& costs, std::int64_t live_from_ms)
      : costs_(costs), live_from_ms_(live_from_ms), index_(std::move(docs), host_.now_ms) {
    host_.now_ms = live_from_ms;
    host_.keeps_state = true;
    host_.http = [this](const std::string&, const std::string& body) {
      take(costs_.search);
      if (const auto spoilt = spoil ? spoil(body) : std::nullopt) return *spoilt;
      take(more ? more(body) : 0);
      auto [text, hits] = index_.answer(body);
      take(static_cast<std::int64_t>(hits) * costs_.hit);
      return HttpReply{.body = std::move(text)};
    };
    booked_.resize(index_.docs().size());
  }
  OutageSite(const OutageSite&) = delete;
  OutageSite& operator=(const OutageSite&) = delete;

  // One run from `position`, and the wait until the next is due.
  void run(const std::string& settings, std::int64_t every_ms) {
    const auto began = host_.now_ms;
    SourceRun run(host_, settings, position);
    rested_ms_.reset();
    while (run.status == SF_OK) {
      run.poll(1000);
      for (const auto& id : run.ids) push(id);
      rest();
      run.ids.clear();
      run.documents.clear();
    }
    failed += run.status == SF_END ? 0 : 1;
    commit();
    position = run.position;
    const auto triaged = std::min(costs_.cap, waiting_);
    waiting_ -= triaged;
    take(costs_.run + static_cast<std::int64_t>(triaged) * costs_.triage);
    ++runs;
    longest_run_ms = std::max(longest_run_ms, host_.now_ms - began);
    take(std::max<std::int64_t>(0, began + every_ms - host_.now_ms) * 1000);
  }

  std::size_t holes() const {
    const auto j = nlohmann::json::parse(position);
    return j.contains("holes") ? j["holes"].size() : 0;
  }
  std::int64_t now_ms() const { return host_.now_ms; }
  // The numbers of the alerts with a timestamp before `ms` that no commit has brought.
  std::vector<std::size_t> missing(std::int64_t ms) const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < booked_.size() && index_.docs()[i].time_ms < ms; ++i)
      if (!booked_[i]) out.push_back(i);
    return out;
  }

  std::string position;
  std::function<std::int64_t(const std::string& body)> more;  // microseconds that an answer takes beside its cost
  std::function<std::optional<HttpReply>(const std::string& body)> spoil;  // what it gives is the answer
  std::int64_t worst_late_ms = 0;  // of a live alert: from its timestamp to the commit that has it
  std::size_t live = 0;            // live ones committed
  std::size_t committed = 0;
  std::size_t again = 0;
  std::int64_t longest_run_ms = 0;
  int runs = 0;
  int failed = 0;  // of them

 private:
  void take(std::int64_t us) {
    rest_us_ += us;
    host_.now_ms += rest_us_ / 1000;
    host_.monotonic_ms += rest_us_ / 1000;
    rest_us_ %= 1000;
  }
  void push(const std::string& id) {
    const auto number = std::stoull(id);
    if (booked_.at(number)) {
      ++again;
      return take(costs_.known);
    }
    take(costs_.fresh);
    booked_[number] = true;
    page_.push_back(number);
    if (page_.size() == kPageAlerts) commit();
  }
  void commit() {
    for (const auto number : page_) {
      const auto time_ms = index_.docs()[number].time_ms;
      if (time_ms < live_from_ms_) continue;
      ++live;
      worst_late_ms = std::max(worst_late_ms, host_.now_ms - time_ms);
    }
    committed += page_.size();
    waiting_ += page_.size();
    page_.clear();
  }
  void rest() {
    if (page_.empty() || (rested_ms_ && host_.now_ms - *rested_ms_ < kLongestWaitMs)) return;
    rested_ms_ = host_.now_ms;
    commit();
  }

  Costs costs_;
  std::int64_t live_from_ms_;
  MiniHost host_;
  std::int64_t rest_us_ = 0;
  OutageIndex index_;
  std::vector<bool> booked_;               // offered to the runner
  std::vector<std::size_t> page_;          // of them, what no commit has yet
  std::optional<std::int64_t> rested_ms_;  // of the present run
  std::size_t waiting_ = 0;                // for a verdict
};
