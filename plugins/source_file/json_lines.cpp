// SPDX-License-Identifier: Apache-2.0
#include "json_lines.hpp"

namespace source_file {

namespace {

constexpr std::uint64_t kChunk = std::uint64_t{1} << 20U;
constexpr std::size_t kFirstLineMax = 4096;

// The digest of the first line, or of its first 4 KiB; "" while the line is not complete.
std::string first_line_of(const sf::Host& host, std::string_view bytes) {
  const auto feed = bytes.find('\n');
  if (feed == std::string_view::npos && bytes.size() < kFirstLineMax) return "";
  return host.sha256(bytes.substr(0, std::min(feed, kFirstLineMax)));
}

}  // namespace

JsonLines::JsonLines(const sf::Host& host, const std::string& path)
    : host_(host), path_(path), name_(path.substr(path.rfind('/') + 1)) {
  if (name_.empty() || name_ == "." || name_ == "..")
    refuse(SF_INVALID, "names a directory; name a file, or set format = \"dir\"");
}

void JsonLines::refuse(sf_status code, const std::string& what) const {
  throw sf::Error(code, "setting \"path\" (" + printable(path_, 200) + ") " + what);
}

void JsonLines::preflight(const sf::Checks& out) {
  const char* step = "file";
  try {
    look();
    const auto found = printable(path_, 200) + ", " + std::to_string(entry_.size) + " bytes, changed " +
                       age_of(host_, entry_.mtime_ns) + " ago";
    out.ok(step, found);
    step = "readable";
    const bool there =
        dir_->read(entry_, 0, 1).match([](const std::string&) { return true; }, [](sf::Gone) { return false; });
    out.ok(step, there ? "its first byte could be read" : "it was rotated while it was looked at");
  } catch (const sf::Error& error) {
    tell(out, step, error);
  }
}

sf::Poll JsonLines::poll(const sf::Emitter& out, uint32_t max_records) {
  if (!looked_) look();
  for (uint32_t handled = 0; handled < max_records;) {
    if (const auto line = lines_.next()) {
      const bool blank = trimmed(line->text).empty();
      if (!take(out, *line)) return sf::Poll::more;
      if (!blank) ++handled;
      continue;
    }
    if (ended_) return at_end(out) ? sf::Poll::end : sf::Poll::more;
    if (!fill()) {
      looked_ = false;  // what stands there now is looked at in the next call
      return sf::Poll::more;
    }
  }
  return sf::Poll::more;
}

// Finds out what stands under the name now, and where to go on in it.
void JsonLines::look() {
  if (!dir_) dir_ = sf::fs::Dir::open(host_, "parent:path");
  if (!dir_) refuse(SF_RETRY, "lies in a directory that is not there; correct the path or make the directory");
  const auto found = dir_->stat(name_).match([](sf::fs::Entry entry) { return std::optional(std::move(entry)); },
                                             [](sf::Gone) { return std::optional<sf::fs::Entry>(); });
  if (!found) refuse(SF_RETRY, "is not there; correct the path, or wait until the SIEM has written it");
  if (found->kind == SF_DIRECTORY) refuse(SF_INVALID, "is a directory; name a file, or set format = \"dir\"");
  if (found->kind == SF_SYMLINK)
    refuse(SF_INVALID, "is a symbolic link, which is not followed; name the file that it points to");
  if (found->kind != SF_FILE) refuse(SF_INVALID, "is not a regular file; name a file with one alert a line");
  look_at(*found);
  looked_ = true;
  ended_ = false;
}

void JsonLines::look_at(const sf::fs::Entry& found) {
  if (entry_.ino != found.ino) return start(found);
  entry_ = found;
  auto offset = lines_.consumed();
  if (taken_rest_ && found.size != taken_rest_->next) {  // the last line has grown
    offset = taken_rest_->begin;
    taken_rest_.reset();
  }
  if (found.size < offset || first_line_differs()) return start(found);
  lines_.reset(offset);
}

void JsonLines::start(const sf::fs::Entry& entry) {
  entry_ = entry;
  first_line_.clear();
  lines_.reset(0);
  taken_rest_.reset();
}

bool JsonLines::first_line_differs() const {
  if (first_line_.empty()) return lines_.consumed() != 0;
  return dir_->read(entry_, 0, kFirstLineMax)
      .match([&](const std::string& bytes) { return first_line_of(host_, bytes) != first_line_; },
             [](sf::Gone) { return true; });
}

// False: the file is not the one that was looked at, or gone.
bool JsonLines::fill() {
  return dir_->read(entry_, lines_.wants(), kChunk)
      .match(
          [&](const std::string& bytes) {
            if (lines_.wants() == 0) first_line_ = first_line_of(host_, bytes);
            lines_.append(bytes);
            ended_ = bytes.size() < kChunk;
            return true;
          },
          [&](sf::Gone gone) {
            host_.count(gone == sf::Gone::vanished ? "vanished" : "changed");
            return false;
          });
}

bool JsonLines::take(const sf::Emitter& out, const LineBuffer::Line& line) {
  if (!hand_over(out, line, "line at byte " + std::to_string(line.begin))) return false;
  lines_.consume(line);
  return true;
}

// True: nothing more in this run. False: the host has no room.
bool JsonLines::at_end(const sf::Emitter& out) {
  if (const auto rest = lines_.rest()) {
    if (!take(out, *rest)) return false;
    taken_rest_ = LineBuffer::Line{{}, rest->begin, rest->next, true};
  }
  looked_ = false;
  return true;
}

}  // namespace source_file
