// SPDX-License-Identifier: Apache-2.0
//
// live_file.hpp - a file that is written to and rotated while it is followed, one alert a line, over any number of
// processes: nothing is left out, and what is missing is said.
//
// At the end of what is there the name is looked at again. Where another file stands under it, the one that was read is
// found among the rotated ones (Archive), read to its end once more, then those that came between, then the new one. It
// is left only when the one after it has bytes: a writer may go on in a file that was renamed until it opens the new
// one. The last line waits for its line feed, except in a file that was left. A file is known by its inode number and
// the digests of its first line and of the last one that was read (Position); one that was cut is looked for among the
// rotated ones too, where copytruncate has its copy.
//
// When the file that was being read is nowhere, or cannot be decompressed, that is a gap: an incomplete interval, the
// counter source_gaps, and an error once everything else was read. So is a damaged position: everything that is
// there is read again then, from the oldest rotated file on. Another plugin's or a newer version's is refused.
// [stage-thread]
#pragma once
#include "archive.hpp"
#include "byte_file.hpp"
#include "position.hpp"
#include "reader.hpp"

namespace source_file {

class LiveFile final : public Reader {
 public:
  // path: absolute, as set. rotated: a pattern of names beside it, "" for the usual ones (Archive).
  LiveFile(const sf::Host& host, const std::string& path, std::string rotated);
  void open(std::string_view position) override;
  sf::Poll poll(const sf::Emitter& out, uint32_t max_records) override;
  void preflight(const sf::Checks& out) override;

 private:
  enum class Then { read, end, full };
  enum class Found { it, another, gone };
  using Look = std::optional<sf::fs::Entry>;  // what stands under the name; nothing: no file

  sf::Poll read(const sf::Emitter& out, uint32_t max_records);
  bool take(const sf::Emitter& out, const LineBuffer::Line& line, bool with_feed);
  Then at_end(const sf::Emitter& out);
  Then leave(const sf::Emitter& out, const RotatedFile& after);
  void tell_skipped(const sf::Emitter& out);
  sf::Poll end_run(const sf::Emitter& out);
  void keep(const sf::Emitter& out);
  void missed(const sf::Emitter& out, const std::string& what);
  void interval(const sf::Emitter& out, bool complete);

  // live_file_find.cpp: which file to read.
  Look look();
  void attach(const sf::Emitter& out);
  void let_go();
  Found find_own(const Look& live);
  Found find_rotated(const Look& live);
  Found resume(const RotatedFile& file);
  Found verify(ByteFile& file);
  Found verify_unread(const sf::fs::Entry& entry, bool live);
  bool nothing_read() const { return at_.offset == 0 && at_.first_line.empty(); }
  std::optional<bool> was_archived(const Look& live);
  std::optional<std::string> name_of_live(const sf::fs::Entry& live);
  void lost(const sf::Emitter& out, const Look& live);
  void start_anew(const sf::Emitter& out, const Look& live);
  bool find_next(const Look& live, std::optional<RotatedFile>& after);
  std::optional<std::vector<RotatedFile>> newer(const Look& live);
  void want(const RotatedFile& after);
  void check_next(const std::vector<RotatedFile>& files, std::size_t after, const Look& live);
  bool start(const RotatedFile& file);
  std::optional<ByteFile> open_file(const RotatedFile& file);
  void digest_last_line();
  bool is_own(const Look& live) const;
  std::string own_name() const;
  [[noreturn]] void refuse(sf_status code, const std::string& what) const;

  sf::Host host_;
  std::string path_;
  std::string name_;
  Archive archive_;
  Position at_;
  bool unknown_ = false;  // the position of the last run could not be read, and that was not told yet
  std::string kept_;      // the position that was handed over last
  std::optional<ByteFile> file_;
  LineBuffer lines_{[this](std::string_view text) { return host_.sha256(text); }};
  std::string last_line_;             // its end, of which at_ has no digest yet
  bool left_ = false;                 // the file after it has bytes: what is read now to its end is all of it
  std::uint32_t handled_ = 0;         // lines of this poll()
  unsigned gone_ = 0;                 // how often in a row a file was gone before anything of it was read
  bool searched_ = false;             // the file was not found once: it may have been on its way to another name
  std::uint64_t taken_ = 0;           // lines since the last interval
  std::string wanted_;                // a dated file that was to be read next, and was gone
  std::vector<std::string> skipped_;  // what cannot be read before the next file, a sentence each
  std::string gap_;                   // the first thing missing in this run, a sentence
};

}  // namespace source_file
