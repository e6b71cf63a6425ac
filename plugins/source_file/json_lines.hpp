// SPDX-License-Identifier: Apache-2.0
//
// json_lines.hpp - one file, one alert a line; read once, or followed as it grows and is rotated.
//
// Followed, the position is {"v":1,"ino","offset","first_line_sha256"}: the file is known by its inode and its first
// line, since an inode number alone is used again. If either differs, or the file is shorter than the offset, it is a
// new file and is read from its start. What was written to the old one after the last look is read first where the old
// one still stands in the same directory (logrotate); alerts that come twice are recognised by the runner.
// [stage-thread]
#pragma once
#include "line_buffer.hpp"
#include "reader.hpp"

namespace source_file {

class JsonLines final : public Reader {
 public:
  // path: absolute, as set; its last component is looked up in the directory that holds it.
  JsonLines(const sf::Host& host, const std::string& path, bool follow);
  void open(std::string_view position) override;
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records) override;
  void preflight(const sf::Checks& out) override;

 private:
  sf::Poll read(const sf::Emitter& out, uint32_t max_records);
  void look();
  void look_at(const sf::fs::Entry& found);
  bool find_rotated();
  void start(const sf::fs::Entry& entry);
  bool first_line_differs() const;
  bool fill();
  bool take(const sf::Emitter& out, const LineBuffer::Line& line);
  bool at_end(const sf::Emitter& out);
  std::string position() const;
  [[noreturn]] void refuse(sf_status code, const std::string& what) const;

  sf::Host host_;
  std::string path_;
  std::string name_;
  bool follow_;
  std::optional<sf::fs::Dir> dir_;
  sf::fs::Entry entry_;     // what is read now; ino 0: nothing yet
  std::string first_line_;  // its digest, "" while not known
  LineBuffer lines_;
  bool rotated_ = false;                        // entry_ is an old file under another name: its end is final
  bool looked_ = false;                         // look() has said what to read; false at the end of the file
  bool ended_ = false;                          // the last chunk was the last
  std::optional<LineBuffer::Line> taken_rest_;  // the last line, taken without a line feed
};

}  // namespace source_file
