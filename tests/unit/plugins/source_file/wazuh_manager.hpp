// SPDX-License-Identifier: Apache-2.0
//
// wazuh_manager.hpp - what Wazuh's manager does to its alert files (analysisd's getloglocation.c, monitord's
// manage_files.c), on a mock's files, for tests.
#pragma once
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include "dated_name.hpp"
#include "gzip_text.hpp"

constexpr const char* kParent = "parent:path";
constexpr const char* kLive = "alerts.json";

inline std::string alert(int n) {
  return R"({"id":")" + std::to_string(n) + R"("})";
}
inline std::string lines(int from, int to) {
  std::string out;
  for (int n = from; n < to; ++n) out += alert(n) + "\n";
  return out;
}
inline std::vector<int> range(int from, int to) {
  std::vector<int> out;
  for (int n = from; n < to; ++n) out.push_back(n);
  return out;
}

class Manager {
 public:
  explicit Manager(sf::testing::MockHost& host) : fs_(host.fs) { open(); }

  void write(std::string_view bytes) {
    if (!bytes.empty()) fs_.append(kParent, file_, bytes);  // writing nothing changes no time of writing
  }
  // A new day; the day before is compressed by compress().
  void midnight() {
    close();
    if (++day_ > 28) {
      day_ = 1;
      if (++month_ > 12) {
        month_ = 1;
        ++year_;
      }
    }
    part_ = 0;
    open();
  }
  // rotate_interval or max_output_size
  void rotate() {
    close();
    ++part_;
    open();
  }
  // The manager starts anew and goes on in the day's first file.
  void restart_at_first() {
    close();
    part_ = 0;
    open();
  }
  // The moment between unlink and link.
  void unlink() { fs_.remove(kParent, kLive); }
  void link() { fs_.link(kParent, file_, kLive); }

  const std::string& file() const { return file_; }
  // Every dated file but the one that is written to, as the next day does. Gives how many.
  unsigned compress() {
    unsigned out = 0;
    for (const auto& [name, file] : fs_.files(kParent)) {
      if (name == file_ || name == kLive || name.ends_with(".gz")) continue;
      compress(name);
      ++out;
    }
    return out;
  }
  void compress(const std::string& name) {
    fs_.put(kParent, name + ".gz", gzip_of(fs_.get(kParent, name).value()));
    fs_.remove(kParent, name);
  }
  void start_at(int year, int month, int day) {
    fs_.remove(kParent, file_);
    year_ = year;
    month_ = month;
    day_ = day;
    open();
  }

 private:
  void open() {
    const std::string two = (day_ < 10 ? "0" : "") + std::to_string(day_);
    const std::string digits = std::to_string(part_);
    file_ = source_file::folder_of(year_, month_) + "/ossec-alerts-" + two;
    if (part_ != 0) file_ += "-" + std::string(3 - std::min<std::size_t>(digits.size(), 3), '0') + digits;
    file_ += ".json";
    if (!fs_.get(kParent, file_)) fs_.put(kParent, file_, "");
    link();
  }
  void close() {
    if (fs_.get(kParent, file_).value_or("").empty()) fs_.remove(kParent, file_);  // empty ones are unlinked
  }

  sf::testing::MockFs& fs_;
  int year_ = 2026;
  int month_ = 11;
  int day_ = 26;
  int part_ = 0;
  std::string file_;
};

// Process after process over the same files, each opened where the last one was.
class Follower {
 public:
  explicit Follower(sf::testing::MockHost& host,
                    nlohmann::json settings = {{"path", "/var/ossec/logs/alerts/alerts.json"}, {"follow", true}})
      : host_(host), settings_(std::move(settings)) {}

  // One run of one process; gives the ids that it handed over. An error of the source is kept in `error`.
  std::vector<int> run(uint32_t page = 1000) {
    sf::testing::SourceUnderTest source(host_, signalfoundry_plugin, settings_);
    std::vector<int> out;
    error.clear();
    code = SF_OK;
    try {
      source.open(position);
      for (unsigned polls = 0; polls < 1000; ++polls) {
        const auto poll = source.poll(page);
        take(poll, out);
        if (poll.status != SF_OK) break;
      }
    } catch (const sf::Error& e) {
      take(source.last(), out);
      error = e.what();
      code = e.code();
    }
    position = source.position();
    return out;
  }

  std::string position;
  std::string error;
  sf_status code = SF_OK;
  std::vector<std::string> rejected;  // "reason"
  std::vector<sf::testing::MockPoll::Interval> intervals;

 private:
  void take(const sf::testing::MockPoll& poll, std::vector<int>& out) {
    for (const auto& push : poll.pushed) {
      const auto document = nlohmann::json::parse(push.document, nullptr, false);
      if (document.is_object())
        out.push_back(std::stoi(document["id"].get<std::string>()));
      else
        rejected.emplace_back("by the runner, which parses it");
    }
    for (const auto& one : poll.rejected) rejected.push_back(one.reason);
    intervals.insert(intervals.end(), poll.intervals.begin(), poll.intervals.end());
  }
  sf::testing::MockHost& host_;
  nlohmann::json settings_;
};
