// SPDX-License-Identifier: Apache-2.0
//
// json_files.hpp - a directory of *.json, one alert or one search hit a file, in name order.
//
// The listing is a snapshot: what vanished since is counted and skipped, what was replaced is read as it is now. Names
// that begin with a dot, and what is not a regular file, are left alone. Write files under another name and rename
// them. Read once per process; followed, each run looks for files that were not there before. [stage-thread]
#pragma once
#include <unordered_set>

#include "reader.hpp"

namespace source_file {

class JsonFiles final : public Reader {
 public:
  JsonFiles(const sf::Host& host, std::string path, bool follow)
      : host_(host), path_(std::move(path)), follow_(follow) {}
  void open(std::string_view /*position*/) override {}
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records) override;
  void preflight(const sf::Checks& out) override;

 private:
  void list();
  bool take(const sf::Emitter& out, const sf::fs::Entry& entry);
  std::string identity_of(const sf::fs::Entry& listed, const std::string& beginning) const;
  std::optional<std::string> read(const sf::fs::Entry& entry);
  sf::Poll at_end();

  sf::Host host_;
  std::string path_;
  bool follow_;
  std::optional<sf::fs::Dir> dir_;
  bool listed_ = false;
  std::vector<sf::fs::Entry> entries_;
  std::size_t next_ = 0;
  std::unordered_set<uint64_t> seen_;  // digests of (name, inode), followed only
  std::vector<sf::fs::Entry> unreadable_;
  std::optional<sf::Error> why_unreadable_;
};

}  // namespace source_file
