// SPDX-License-Identifier: Apache-2.0
#include "line_buffer.hpp"

#include <algorithm>

#include "../shared/cut_record.hpp"
#include "document.hpp"

namespace source_file {

void LineBuffer::reset(std::uint64_t offset) {
  buffer_.clear();
  base_ = offset;
  at_ = searched_ = 0;
  long_ = false;
  long_text_.clear();
}

void LineBuffer::append(std::string_view chunk) {
  buffer_.erase(0, at_);
  base_ += at_;
  searched_ -= at_;
  at_ = 0;
  buffer_.append(chunk);
}

std::optional<LineBuffer::Line> LineBuffer::next() {
  const auto feed = buffer_.find('\n', searched_);
  pass_nuls(feed);
  const std::string_view text = std::string_view(buffer_).substr(at_, feed == std::string::npos ? feed : feed - at_);
  if (long_) {
    if (feed != std::string::npos) return Line{long_text_, long_begin_, base_ + feed + 1, false, digest_with(text)};
    digest_.add(text);
    base_ += buffer_.size();
    buffer_.clear();
    return std::nullopt;
  }
  if (feed != std::string::npos) {
    const bool whole = text.size() <= kAlertBytesMax;
    Line line{text, base_ + at_, base_ + feed + 1, whole, ""};
    if (whole) return line;
    digest_.reset();
    line.digest = digest_with(text);
    line.text = text.substr(0, shared::kRejectedKept);
    return line;
  }
  if (text.size() <= kAlertBytesMax) {
    searched_ = buffer_.size();
    return std::nullopt;
  }
  long_ = true;
  long_begin_ = base_ + at_;
  long_text_ = text.substr(0, shared::kRejectedKept);
  digest_.reset();
  digest_.add(text);
  base_ += buffer_.size();
  buffer_.clear();
  at_ = searched_ = 0;
  return std::nullopt;
}

// What a file holds where nothing was written (a hole that copytruncate left, blocks lost in a crash) is no part of the
// line that follows. The line is known to follow when its end has come, or when it would be too long.
void LineBuffer::pass_nuls(std::size_t feed) {
  if (long_ || at_ == buffer_.size() || buffer_[at_] != '\0') return;
  if (feed == std::string::npos && buffer_.size() - at_ <= kAlertBytesMax) return;
  at_ = std::min(buffer_.find_first_not_of('\0', at_), buffer_.size());
  searched_ = std::max(searched_, at_);
}

std::optional<LineBuffer::Line> LineBuffer::rest() const {
  if (long_) return Line{long_text_, long_begin_, wants(), false, digest_.value()};
  const auto begin = buffer_.find_first_not_of('\0', at_);
  if (begin == std::string::npos) return std::nullopt;
  return Line{std::string_view(buffer_).substr(begin), base_ + begin, wants(), true, ""};
}

// A line may be shown again, so what is the rest of it now is not taken in.
std::string LineBuffer::digest_with(std::string_view rest) const {
  auto all = digest_;
  all.add(rest);
  return all.value();
}

void LineBuffer::consume(const Line& line) {
  at_ = searched_ = static_cast<std::size_t>(line.next - base_);
  long_ = false;
  long_text_.clear();
}

}  // namespace source_file
