// SPDX-License-Identifier: Apache-2.0
#include "live_file.hpp"

#include <algorithm>

#include "json_lines.hpp"

namespace source_file {

namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20U;
constexpr unsigned kChunksMax = 64;  // read in one poll(), so that a stop is heeded in a .gz that never ends a line
constexpr const char* kWhoMayRead =
    ". Let the user that runs this read it: Wazuh's files are the group wazuh's (usermod -aG wazuh USER, then start "
    "anew)";

}  // namespace

LiveFile::LiveFile(const sf::Host& host, const std::string& path, std::string rotated)
    : host_(host), path_(path), name_(path.substr(path.rfind('/') + 1)), archive_(host, name_, std::move(rotated)) {
  if (name_.empty() || name_ == "." || name_ == "..")
    refuse(SF_INVALID, "names a directory; name a file, or set format = \"dir\"");
}

void LiveFile::refuse(sf_status code, const std::string& what) const {
  throw sf::Error(code, "setting \"path\" (" + printable(path_, 200) + ") " + what);
}

std::string LiveFile::own_name() const {
  return printable(at_.file.empty() ? name_ : at_.file);
}

void LiveFile::open(std::string_view position) {
  if (position.empty()) return;
  if (const auto at = Position::of(position)) {
    at_ = *at;
    kept_ = position;
    lines_.reset(at_.offset);
    return;
  }
  unknown_ = true;
}

// What stands under the name is what matters before the first run.
void LiveFile::preflight(const sf::Checks& out) {
  JsonLines(host_, path_).preflight(out);
}

sf::Poll LiveFile::poll(const sf::Emitter& out, uint32_t max_records) {
  gone_ = 0;
  handled_ = 0;
  try {
    const auto result = read(out, max_records);
    keep(out);
    return result;
  } catch (const sf::Error& error) {
    keep(out);
    if (error.code() != SF_DENIED) throw;
    const std::string_view what = error.what();  // the runner's advice after the sentence is for what it writes
    throw sf::Error(SF_DENIED, std::string(what.substr(0, what.find(". Check owner"))) + kWhoMayRead);
  }
}

sf::Poll LiveFile::read(const sf::Emitter& out, uint32_t max_records) {
  for (unsigned chunks = 0; handled_ < max_records;) {
    if (const auto line = lines_.next()) {
      if (!take(out, *line, true)) return sf::Poll::more;
      continue;
    }
    if (chunks++ == kChunksMax) return sf::Poll::more;
    if (!file_) attach(out);
    const auto bytes = file_ ? file_->read(lines_.wants(), kChunk) : std::nullopt;
    if (!bytes) {
      let_go();
      continue;
    }
    lines_.append(*bytes);
    if (!bytes->empty()) continue;
    const auto then = at_end(out);
    if (then == Then::full) return sf::Poll::more;
    if (then == Then::end) return end_run(out);
  }
  return sf::Poll::more;
}

// False: the host has no room.
bool LiveFile::take(const sf::Emitter& out, const LineBuffer::Line& line, bool with_feed) {
  const std::string where =
      "line at byte " + std::to_string(line.begin) + (at_.file.empty() ? "" : " of " + printable(at_.file));
  const bool blank = trimmed(line.text).empty();
  if (!hand_over(out, line, where)) return false;
  if (line.begin == 0 && at_.first_line.empty()) at_.first_line = host_.sha256(line.text.substr(0, kDigestBytesMax));
  const auto end = line.whole ? line.text : std::string_view();  // of a longer one the end is not held
  const std::size_t room = kDigestBytesMax - (with_feed ? 1 : 0);
  last_line_ = end.substr(end.size() - std::min(end.size(), room));
  if (with_feed) last_line_ += '\n';
  at_.last_bytes = 0;
  at_.last_sha256.clear();
  at_.offset = line.next;
  lines_.consume(line);
  gone_ = 0;
  if (!blank) ++handled_;
  if (!blank) ++taken_;
  return true;
}

// Nothing more can be read of this file now.
LiveFile::Then LiveFile::at_end(const sf::Emitter& out) {
  const auto live = look();
  at_.empty = lines_.wants() == 0;
  if (is_own(live)) {
    left_ = false;
    at_.mtime_ms = live->mtime_ns / 1'000'000;
    if (live->size >= lines_.wants()) return Then::end;
    let_go();  // it was cut; what became of it is found out by looking for it anew
    return Then::read;
  }
  std::optional<RotatedFile> after;
  if (!find_next(live, after)) {
    let_go();
    return Then::read;
  }
  if (after) return leave(out, *after);
  if (!live) refuse(SF_RETRY, "is not there any more; is its writer running? What was in it was read");
  // The new one has nothing yet, so its writer may still be in this one. Should it be gone by the next look, only its
  // inode number tells that it was there; Wazuh itself removes those that stayed empty.
  if (at_.next_ino == 0 && !archive_.dated(at_.file)) at_.next_ino = live->ino;
  return Then::end;
}

LiveFile::Then LiveFile::leave(const sf::Emitter& out, const RotatedFile& after) {
  if (!left_) {
    want(after);
    left_ = true;  // what was written between its end and the look is read before it is left
    return Then::read;
  }
  if (const auto rest = lines_.rest())
    if (!take(out, *rest, false)) return Then::full;
  const std::string own = own_name();
  const auto damage = file_->damage();
  if (!start(after)) {
    let_go();
    return Then::read;
  }
  if (!damage.empty())
    missed(out, own + " cannot be decompressed to its end: " + damage + ". What came before was read");
  tell_skipped(out);
  return Then::read;
}

void LiveFile::tell_skipped(const sf::Emitter& out) {
  for (const auto& what : std::exchange(skipped_, {})) missed(out, what);
}

sf::Poll LiveFile::end_run(const sf::Emitter& out) {
  file_.reset();  // looked for anew in the next poll, so that one that was rewritten in place is noticed
  lines_.reset(at_.offset);
  left_ = false;
  interval(out, true);
  keep(out);
  if (!gap_.empty()) throw sf::Error(SF_FAILED, std::exchange(gap_, {}));
  return sf::Poll::end;
}

void LiveFile::keep(const sf::Emitter& out) {
  if (at_.ino == 0 && at_.mtime_ms == 0) return;  // no file was found yet
  digest_last_line();
  auto text = at_.text();
  if (text == kept_) return;
  out.checkpoint(text);
  kept_ = std::move(text);
}

void LiveFile::missed(const sf::Emitter& out, const std::string& what) {
  host_.count("source_gaps");
  host_.warn(what);
  interval(out, false);
  if (gap_.empty()) gap_ = what + ". See docs/sources/file.md, \"Gaps\"; the runs after this one go on";
}

// From the end of the last one to now. What lies in an incomplete one counts as never asked for.
void LiveFile::interval(const sf::Emitter& out, bool complete) {
  const auto now = std::max<std::int64_t>(host_.now_ms(), 0);
  sf_interval value{};
  value.struct_size = sizeof value;
  value.pages = 1;
  value.from_ms = at_.until_ms < 0 ? now : std::min(at_.until_ms, now);
  value.to_ms = now;
  value.fetched = complete ? std::exchange(taken_, 0) : 0;
  value.filter = sf::to_c(path_);
  value.complete = complete ? 1 : 0;
  out.interval(value);
  at_.until_ms = std::max(at_.until_ms, now);
}

}  // namespace source_file
