// SPDX-License-Identifier: Apache-2.0
//
// json_lines.hpp - one file, one alert a line, read once per process: what is there now, and in the process's later
// runs what has come since. A file that was replaced or cut meanwhile is read from its start. [stage-thread]
#pragma once
#include "line_buffer.hpp"
#include "reader.hpp"

namespace source_file {

class JsonLines final : public Reader {
 public:
  // path: absolute, as set; its last component is looked up in the directory that holds it.
  JsonLines(const sf::Host& host, const std::string& path);
  void open(std::string_view /*position*/) override {}
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records) override;
  void preflight(const sf::Checks& out) override;

 private:
  void look();
  void look_at(const sf::fs::Entry& found);
  void start(const sf::fs::Entry& entry);
  bool first_line_differs() const;
  bool fill();
  bool take(const sf::Emitter& out, const LineBuffer::Line& line);
  bool at_end(const sf::Emitter& out);
  [[noreturn]] void refuse(sf_status code, const std::string& what) const;

  sf::Host host_;
  std::string path_;
  std::string name_;
  std::optional<sf::fs::Dir> dir_;
  sf::fs::Entry entry_;     // what is read now; ino 0: nothing yet
  std::string first_line_;  // its digest, "" while not known
  LineBuffer lines_{[this](std::string_view text) { return host_.sha256(text); }};
  bool looked_ = false;                         // look() has said what to read; false at the end of the file
  bool ended_ = false;                          // the last chunk was the last
  std::optional<LineBuffer::Line> taken_rest_;  // the last line, taken without a line feed
};

}  // namespace source_file
