// SPDX-License-Identifier: Apache-2.0
//
// archive.hpp - the files that the followed one was before it was rotated, oldest first.
//
// Wazuh's are in <YYYY>/<Mon> beside alerts.json, known by their names (dated_name.hpp). Any other file's stand beside
// it, as logrotate leaves them, and are ordered by when they were last written. Of a file and its .gz the file counts:
// while both are there, the .gz is not finished. A listing is a snapshot. [stage-thread]
#pragma once
#include <signalfoundry/fs.hpp>

#include <map>

#include "dated_name.hpp"

namespace source_file {

struct RotatedFile {
  std::string folder;       // "2026/Nov"; "" beside the live file
  sf::fs::Entry entry;      // mtime_ns only beside the live file
  DatedName dated;          // all 0 beside the live file
  bool unreadable = false;  // compressed by something else than gzip

  // "2026/Nov/ossec-alerts-27.json", without .gz.
  std::string file() const;
};

class Archive {
 public:
  // live_name: of the followed file, in the directory "parent:path". pattern: of the names beside it, with * and ?; "":
  // Wazuh's dated files where there are any, else NAME.* and NAME-*.
  Archive(const sf::Host& host, std::string live_name, std::string pattern);

  // Of the files beside the live one; two by their inode numbers, 0: none.
  struct Known {
    std::uint64_t own = 0;       // the one that is read: never cut
    std::uint64_t next = 0;      // the one seen after it: never cut, and listed however old
    std::int64_t passed_ms = 0;  // of files whose time lies ahead of now, those up to here were read
  };
  // A file whose name or whose time of writing (Unix milliseconds, 2 s of slack: a compressor may round it) says that
  // it is not older. Where numbers order all of them, also those with an older time if `own` is known. Without a date,
  // Wazuh's of the newest two months. Beside the live file at most the newest
  // kNamesMax of those, and the known ones; cut() tells how many more there were.
  // Nothing: names changed meanwhile, so list again. Throws sf::Error.
  std::optional<std::vector<RotatedFile>> list(const std::optional<DatedName>& from, std::int64_t from_ms,
                                               Known known = {0, 0, 0});
  // How many of the last list() were beside the live file and not older, came after `own`, if that is there, and were
  // left out as the oldest over kNamesMax.
  std::size_t cut() const { return cut_; }
  // Whether the last list() was one in order of time from a time that lies ahead of now: the clock was set back,
  // nothing tells what is older, and everything is in it, what was written ahead of now first.
  bool order_lost() const { return order_lost_; }
  // Whether this time lies more than two minutes ahead of this machine's clock.
  bool ahead(std::int64_t ms) const;
  // Whether a name beside the live one says that rotation made it: a number or a date at its end, or the pattern.
  bool named_by_rotation(const std::string& file) const;
  // The dated file, of the newest two months, that has this inode number; "" when there is none.
  std::string dated_name_of(std::uint64_t ino);
  // Whether a dated file before this one is still there, however long ago.
  bool has_older(const DatedName& than);
  // Nothing: not one of Wazuh's names.
  std::optional<DatedName> dated(std::string_view file) const { return dated_of(file, prefix_); }
  // "": that of the live file. Nothing: not there.
  std::optional<sf::fs::Dir> dir(const std::string& folder);

 private:
  std::vector<std::pair<int, int>> months_from(int year);
  std::vector<RotatedFile> list_dated(const std::optional<DatedName>& from);
  void list_month(const std::string& folder, DatedName of, std::vector<RotatedFile>& out);
  std::optional<std::vector<RotatedFile>> list_beside(std::int64_t from_ms, Known known);
  template <class Older>
  void order_by_time(std::vector<RotatedFile>& files, std::int64_t from_ms, const Older& older, Known known);
  void cut_to_newest(std::vector<RotatedFile>& files, Known known);
  std::vector<RotatedFile> rotated_in(const sf::fs::Dir& here) const;
  bool is_rotated(std::string_view name) const;

  static constexpr std::size_t kNamesMax = 10'000;

  sf::Host host_;
  std::string live_name_;
  std::string pattern_;
  std::string prefix_;  // "": not Wazuh's
  std::map<std::string, sf::fs::Dir> dirs_;
  std::size_t cut_ = 0;
  bool order_lost_ = false;
};

// '*' any bytes, '?' one; everything else itself.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace source_file
