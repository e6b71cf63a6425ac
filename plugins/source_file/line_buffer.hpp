// SPDX-License-Identifier: Apache-2.0
//
// line_buffer.hpp - cuts a file that arrives in chunks into lines, holding never more than one line and one chunk.
//
// next() shows a line, consume() goes past it; what was shown and not consumed is shown again. A line over
// kAlertBytesMax is shown by its beginning, and the rest of it is let go as it arrives. NUL bytes before a line are
// passed over, however many. Thread: one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "line_digest.hpp"

namespace source_file {

class LineBuffer {
 public:
  struct Line {
    std::string_view text;    // without its line feed; valid until the next call of append() or reset()
    std::uint64_t begin = 0;  // its place in the file
    std::uint64_t next = 0;   // the place after it
    bool whole = true;        // false: too long; text is its beginning
    std::string digest{};     // of all of a line that is too long (LineDigest)
  };

  explicit LineBuffer(LineDigest::Hash hash) : digest_(std::move(hash)) {}

  // Forgets everything; the next chunk comes from this place in the file.
  void reset(std::uint64_t offset);
  // Where the next chunk comes from.
  std::uint64_t wants() const { return base_ + buffer_.size(); }
  // Where the first line that was not consumed begins.
  std::uint64_t consumed() const { return long_ ? long_begin_ : base_ + at_; }
  void append(std::string_view chunk);

  std::optional<Line> next();
  // At the end of the file, after next() gave nothing: what stands there without a line feed.
  std::optional<Line> rest() const;
  void consume(const Line& line);

 private:
  void pass_nuls(std::size_t feed);
  std::string digest_with(std::string_view rest) const;

  std::string buffer_;
  std::uint64_t base_ = 0;    // place of buffer_[0] in the file
  std::size_t at_ = 0;        // where the first line that was not consumed begins
  std::size_t searched_ = 0;  // no line feed between at_ and here
  bool long_ = false;         // in a line that is too long: buffer_ holds none of its beginning
  std::uint64_t long_begin_ = 0;
  std::string long_text_;
  LineDigest digest_;  // of the line that is too long, as far as it was let go
};

}  // namespace source_file
