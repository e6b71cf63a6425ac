// SPDX-License-Identifier: Apache-2.0
//
// Goal: source_file hands over each line of a followed file once, although each page is read by a new process that
// knows only the position of the last one; each file of a directory once; and a position of another hand gives a
// sentence or lines, never anything else.
// Input: in the first line the size of a page and a position, then the file.
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/testing/under_test.hpp>

#include <charconv>

#include "fuzz.hpp"
#include "source_file/document.hpp"

using fuzz::hold;
using sf::testing::MockHost;
using sf::testing::MockPoll;
using sf::testing::SourceUnderTest;

namespace {

constexpr unsigned kRunsMax = 200;

// NUL bytes before a line are a hole in the file.
std::string_view without_nuls(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of('\0'), line.size()));
}

// How many lines of the file there are to hand over: those that end, and are not blank.
std::size_t expected(std::string_view file) {
  std::size_t out = 0;
  bool first = true;
  for (auto feed = file.find('\n'); feed != std::string_view::npos; feed = file.find('\n')) {
    const auto line = file.substr(0, feed);
    const auto text = without_nuls(line);
    const bool marked = first && text.size() == line.size();
    out += source_file::trimmed(marked ? source_file::without_mark(text) : text).empty() ? 0 : 1;
    file.remove_prefix(feed + 1);
    first = false;
  }
  return out;
}

void check_handed_over(const MockPoll& poll, std::uint32_t page) {
  hold(poll.pushed.size() + poll.rejected.size() <= page);
  for (const auto& push : poll.pushed) hold(source_file::find_document(push.document) || !push.document.empty());
  for (const auto& reject : poll.rejected) hold(fuzz::sentence(reject.reason, 600));
}

// Returns how many came until the source had nothing more; nothing when it refused the position.
std::size_t follow(MockHost& host, std::string position, std::uint32_t page) {
  std::size_t out = 0;
  for (unsigned run = 0; run < kRunsMax; ++run) {
    SourceUnderTest source(host, signalfoundry_plugin, {{"path", "/var/alerts.json"}, {"follow", true}});
    MockPoll poll;
    try {
      source.open(position);
    } catch (const sf::Error& error) {  // no position of a source_file: refused before anything is read
      hold(run == 0 && error.code() == SF_FATAL && fuzz::sentence(error.what(), 600));
      return 0;
    }
    try {
      poll = source.poll(page);
    } catch (const sf::Error& error) {  // a position of another hand names a file that is nowhere: said once
      hold(error.code() == SF_FAILED && fuzz::sentence(error.what(), 600));
      poll = source.last();
    }
    check_handed_over(poll, page);
    out += poll.pushed.size() + poll.rejected.size();
    position = source.position();
    if (poll.status == SF_END) return out;
  }
  return out;
}

void check_directory(std::string_view file) {
  MockHost host("poll");
  std::size_t files = 0;
  for (auto rest = file; !rest.empty() && files < 20; ++files) {
    const auto [one, after] = fuzz::cut(rest, "\n");
    host.fs.put("setting:path", std::to_string(files) + ".json", std::string(one));
    rest = after;
  }
  SourceUnderTest source(host, signalfoundry_plugin, {{"path", "/var/alerts"}, {"format", "dir"}});
  source.open("");
  const MockPoll poll = source.poll_all(7);
  hold(poll.status == SF_END && poll.pushed.size() + poll.rejected.size() == files);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [head, file] = fuzz::cut(fuzz::text_of(data, size), "\n");
  const auto [digits, position] = fuzz::cut(head, " ");
  std::uint32_t page = 3;
  std::from_chars(digits.data(), digits.data() + digits.size(), page);
  page = page % 50 + 1;
  const auto lines = expected(file);
  if (lines / page + 2 > kRunsMax) return 0;
  MockHost host("poll");
  host.fs.put("parent:path", "alerts.json", std::string(file));
  hold(follow(host, "", page) == lines);
  if (!position.empty()) hold(follow(host, std::string(position), page) <= lines + 1);
  if (!file.empty()) check_directory(file);
  return 0;
}
