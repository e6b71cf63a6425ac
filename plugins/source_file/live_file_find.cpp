// SPDX-License-Identifier: Apache-2.0
//
// The half of LiveFile that finds out which file to read; live_file.cpp reads it.
#include "live_file.hpp"

#include <algorithm>

namespace source_file {

namespace {

constexpr unsigned kLooks = 20;        // for a name that is not there: it is, again, a moment after its writer ...
constexpr std::uint32_t kLookMs = 50;  // ... took it away (unlink and link, wazuh/wazuh#14431)
constexpr unsigned kGoneMax = 10;
constexpr std::size_t kSearchMax = 64;  // rotated files whose first line is compared
constexpr std::size_t kNamedMax = 10;   // files that were passed over; of more the number is told

RotatedFile live_as_file(const sf::fs::Entry& live) {
  return {"", live, {}, false};
}

std::int64_t mtime_ms(const sf::fs::Entry& entry) {
  return entry.mtime_ns / 1'000'000;
}

// The digest of the first line, or of its first 4 KiB; "" while the line is not complete.
std::string first_line_of(const sf::Host& host, std::string_view bytes) {
  const auto feed = bytes.find('\n');
  if (feed == std::string_view::npos && bytes.size() < kDigestBytesMax) return "";
  return host.sha256(bytes.substr(0, std::min(feed, kDigestBytesMax)));
}

}  // namespace

LiveFile::Look LiveFile::look() {
  const auto dir = archive_.dir("");
  if (!dir) refuse(SF_RETRY, "lies in a directory that is not there; correct the path or make the directory");
  for (unsigned looks = 1;; ++looks) {
    auto found = dir->stat(name_).match([](sf::fs::Entry entry) { return Look(std::move(entry)); },
                                        [](sf::Gone) { return Look(); });
    if (!found && looks < kLooks) {
      if (!host_.wait(kLookMs)) throw sf::Stop{};
      continue;
    }
    if (!found || found->kind == SF_FILE) return found;
    if (found->kind == SF_DIRECTORY) refuse(SF_INVALID, "is a directory; name a file, or set format = \"dir\"");
    if (found->kind == SF_SYMLINK)
      refuse(SF_INVALID, "is a symbolic link, which is not followed; name the file that it points to");
    refuse(SF_INVALID, "is not a regular file; name a file with one alert a line");
  }
}

bool LiveFile::is_own(const Look& live) const {
  return live && at_.ino != 0 && live->ino == at_.ino && live->dev == at_.dev;
}

void LiveFile::let_go() {
  file_.reset();
  lines_.reset(at_.offset);
  if (++gone_ > kGoneMax)
    refuse(SF_RETRY,
           "is replaced, or its rotated files are, faster than they can be read; what was read is kept, and "
           "the next run goes on there");
}

// Sets file_ to where the next bytes come from, or leaves it empty: look again.
void LiveFile::attach(const sf::Emitter& out) {
  const auto live = look();
  const bool anything_read = at_.ino != 0 || at_.mtime_ms != 0;
  if (!anything_read) {
    if (!live) refuse(SF_RETRY, "is not there; correct the path, or wait until the SIEM has written it");
    if (unknown_) return start_anew(out, live);
    start(live_as_file(*live));
    return;
  }
  const auto found = at_.ino == 0 ? Found::another : find_own(live);
  if (found != Found::another) return;
  // Twice, as it may have been on its way to another name while the names were listed.
  if (at_.ino == 0 || std::exchange(searched_, true)) lost(out, live);
}

LiveFile::Found LiveFile::find_own(const Look& live) {
  if (live && live->ino == at_.ino) {
    const auto found = resume(live_as_file(*live));
    if (found != Found::another) return found;
  }
  return find_rotated(live);
}

LiveFile::Found LiveFile::find_rotated(const Look& live) {
  const auto own = archive_.dated(at_.file);
  const auto files = archive_.list(own, at_.mtime_ms, {at_.ino, 0, 0});
  if (!files) return Found::gone;
  const auto likely = [&](const RotatedFile& one) {
    return own ? one.file() == at_.file : one.entry.ino == at_.ino;  // Wazuh's dated names stay
  };
  for (const auto& one : *files) {
    const auto found = likely(one) ? resume(one) : Found::another;
    if (found != Found::another) return found;
  }
  if (own || at_.first_line.empty()) return Found::another;
  std::size_t searched = 0;
  for (auto one = files->rbegin(); one != files->rend() && searched < kSearchMax; ++one, ++searched) {
    if (one->unreadable || likely(*one) || (live && one->entry.ino == live->ino)) continue;
    const auto found = resume(*one);
    if (found != Found::another) return found;
  }
  return Found::another;
}

std::optional<ByteFile> LiveFile::open_file(const RotatedFile& file) {
  const auto dir = archive_.dir(file.folder);
  if (!dir) return std::nullopt;
  auto entry = file.entry;
  if (entry.mtime_ns == 0) {  // a listing tells no device, size and time
    const auto ino = entry.ino;
    const bool there = dir->stat(entry.name)
                           .match([&](sf::fs::Entry now) { return entry = std::move(now), entry.ino == ino; },
                                  [](sf::Gone) { return false; });
    if (!there) return std::nullopt;
  }
  return ByteFile(*dir, std::move(entry));
}

// Its dated name, "" where it has none. Nothing: another file has taken the live one's place meanwhile, and this one's
// dated name, which tells what comes after it, may have gone with it.
std::optional<std::string> LiveFile::name_of_live(const sf::fs::Entry& live) {
  auto name = archive_.dated_name_of(live.ino);
  if (!name.empty()) return name;
  const auto now = look();
  return now && now->ino == live.ino ? std::optional(std::move(name)) : std::nullopt;
}

// Goes on in this file, if it is the one that was being read.
LiveFile::Found LiveFile::resume(const RotatedFile& found) {
  auto file = open_file(found);
  if (!file) return Found::gone;
  const auto& entry = file->entry();
  const bool live = found.folder.empty() && entry.name == name_;
  if (const auto is = nothing_read() ? verify_unread(entry, live) : verify(*file); is != Found::it) return is;
  at_.dev = entry.dev;
  at_.ino = entry.ino;
  at_.mtime_ms = mtime_ms(entry);
  if (!live) at_.file = found.file();
  if (live && !archive_.dated(at_.file)) {
    const auto name = name_of_live(entry);
    if (!name) return Found::gone;
    at_.file = *name;
  }
  file_ = std::move(file);
  lines_.reset(at_.offset);
  searched_ = false;
  return Found::it;
}

LiveFile::Found LiveFile::verify(ByteFile& file) {
  digest_last_line();
  if (!at_.first_line.empty()) {
    const auto bytes = file.read(0, kDigestBytesMax);
    if (!bytes) return Found::gone;
    if (first_line_of(host_, *bytes) != at_.first_line) return Found::another;
  }
  if (at_.offset == 0) return Found::it;
  const auto length = std::max<std::uint64_t>(at_.last_bytes, 1);
  const auto bytes = file.read(at_.offset - length, static_cast<std::size_t>(length));
  if (!bytes) return Found::gone;
  const bool same = bytes->size() == length && (at_.last_sha256.empty() || host_.sha256(*bytes) == at_.last_sha256);
  return same ? Found::it : Found::another;
}

// The same where nothing was read that could be compared: its inode number may be used again, or it was cut.
LiveFile::Found LiveFile::verify_unread(const sf::fs::Entry& entry, bool live) {
  const bool untouched = at_.mtime_ms == 0 || mtime_ms(entry) == at_.mtime_ms;  // 0: not known
  if (entry.ino != at_.ino || untouched) return Found::it;
  if (entry.size == 0) return Found::another;  // it was written to, and cut
  if (!live) return Found::it;
  if (archive_.dated(at_.file)) {
    const auto name = archive_.dated_name_of(entry.ino);
    return name.empty() || name == at_.file ? Found::it : Found::another;
  }
  const auto files = archive_.list(std::nullopt, at_.mtime_ms);
  if (!files) return Found::gone;
  const auto is_copy = [&](const RotatedFile& one) {
    return one.entry.ino != entry.ino && mtime_ms(one.entry) > at_.mtime_ms;
  };
  return std::any_of(files->begin(), files->end(), is_copy) ? Found::another : Found::it;
}

// Whether the first rotated file after the last look is the one of which nothing was read: a .gz has another inode
// number, and so has a copy of one that was cut; and as long as an older one is there, none was removed for its age.
// Wazuh's keep their names, so of them one that is gone with older ones there was removed as it stayed empty.
// Nothing: names change right now.
std::optional<bool> LiveFile::was_archived(const Look& live) {
  if (!nothing_read()) return false;
  if (const auto own = archive_.dated(at_.file)) return at_.empty && archive_.has_older(*own);
  const auto files = archive_.list(std::nullopt, 0);
  if (!files) return std::nullopt;
  const auto packed = [](const RotatedFile& one) { return ByteFile::is_gzip(one.entry.name); };
  const auto is_live = [&](const RotatedFile& one) { return live && one.entry.ino == live->ino; };
  for (const auto& one : *files)  // gzip keeps the time: nothing was written since
    if (!is_live(one) && packed(one) && mtime_ms(one.entry) == at_.mtime_ms) return true;
  bool older = false;
  for (const auto& one : *files) {
    if (is_live(one)) continue;
    if (mtime_ms(one.entry) > at_.mtime_ms) return older && !one.unreadable && (is_own(live) || packed(one));
    older = older || archive_.named_by_rotation(one.file());  // a copy that somebody keeps (.bak) tells nothing
  }
  return false;
}

void LiveFile::digest_last_line() {
  if (last_line_.empty()) return;
  at_.last_bytes = last_line_.size();
  at_.last_sha256 = host_.sha256(last_line_);
  last_line_.clear();
}

// The file that was being read is nowhere: goes on with the one after it.
void LiveFile::lost(const sf::Emitter& out, const Look& live) {
  const auto archived = at_.ino == 0 ? std::optional(true) : was_archived(live);
  if (!archived) return;
  if (!*archived && at_.empty) {
    missed(out, own_name() +
                    " was empty when it was read last, and was cut or removed since: what it got until then, if it got "
                    "anything, is missing");
  } else if (!*archived) {
    missed(out, own_name() + ", read to byte " + std::to_string(at_.offset) +
                    ", was cut or removed, and no rotated file begins and goes on as it did: what it got after that "
                    "was read until then is missing");
  }
  at_.ino = at_.dev = 0;  // it was told
  std::optional<RotatedFile> after;
  if (!find_next(live, after)) return;
  if (!after && !live) refuse(SF_RETRY, "is not there any more; is its writer running?");
  if (start(after ? *after : live_as_file(*live))) return tell_skipped(out);
  if (after) want(*after);
}

// The position of the last run cannot be read, so nothing tells what was: begins with the oldest file that is there.
void LiveFile::start_anew(const sf::Emitter& out, const Look& live) {
  std::optional<RotatedFile> after;
  if (!find_next(live, after) || !start(after ? *after : live_as_file(*live))) return;
  unknown_ = false;
  missed(out, "the position of the last run cannot be read: reading everything again from " + own_name() +
                  " on, known alerts are recognised; what was removed before, or is older, may be missing");
  tell_skipped(out);
}

// The file to read when this one has been read: a rotated one, or the live one as soon as it has bytes. False: names
// change right now, look again.
bool LiveFile::find_next(const Look& live, std::optional<RotatedFile>& after) {
  skipped_.clear();
  const auto files = newer(live);
  if (!files) return false;
  std::size_t passed = 0;
  for (const auto& one : *files) {
    if (!one.unreadable) {
      after = one;
      break;
    }
    if (++passed <= kNamedMax)
      skipped_.push_back(printable(one.file()) + " is compressed by something else than gzip and was not read");
  }
  if (passed > kNamedMax)
    skipped_.push_back(std::to_string(passed - kNamedMax) + " more are compressed by something else than gzip");
  if (!after && live && !is_own(live) && live->size != 0) after = live_as_file(*live);
  return true;
}

// Remembers a dated file that is to be read next: should it be gone by then, that is told. Wazuh removes empty ones.
void LiveFile::want(const RotatedFile& after) {
  if (!archive_.dated(after.file())) return;
  const auto file = open_file(after);
  wanted_ = file && file->entry().size == 0 ? "" : after.file();
}

// The rotated files after the one that is being read and before the live one, oldest first.
std::optional<std::vector<RotatedFile>> LiveFile::newer(const Look& live) {
  const auto own = archive_.dated(at_.file);
  auto files = archive_.list(own, at_.mtime_ms, {at_.ino, at_.next_ino, at_.passed_ms});
  if (!files) return std::nullopt;
  const auto is_wanted = [&](const RotatedFile& one) { return one.file() == wanted_; };
  if (!wanted_.empty() && std::none_of(files->begin(), files->end(), is_wanted))
    skipped_.push_back(printable(wanted_) + " was removed before it was read");
  const auto is_live = [&](const RotatedFile& one) { return live && one.entry.ino == live->ino; };
  if (own) {
    // After a restart Wazuh may write to a file of the day with a smaller number again; there is no order then.
    const auto at = std::find_if(files->begin(), files->end(), is_live);
    const auto end = at != files->end() && at->dated > *own ? std::optional(at->dated) : std::nullopt;
    std::erase_if(*files, [&](const auto& one) { return one.dated <= *own || (end && one.dated > *end); });
  } else if (at_.ino != 0) {
    const auto at = std::find_if(files->begin(), files->end(), [&](const auto& f) { return f.entry.ino == at_.ino; });
    if (at == files->end()) return std::nullopt;
    check_next(*files, static_cast<std::size_t>(at - files->begin()) + 1, live);
    files->erase(files->begin(), at + 1);
  }
  if (archive_.cut() != 0) {
    skipped_.push_back("of " + std::to_string(files->size() + archive_.cut()) + " rotated files the " +
                       std::to_string(archive_.cut()) + " oldest were not read");
  }
  std::erase_if(*files, is_live);
  if (at_.ino != 0 && archive_.order_lost() && !files->empty() && !archive_.ahead(mtime_ms(files->back().entry)))
    skipped_.push_back(own_name() +
                       " was written by a clock that has been set back since, so that nothing tells which rotated "
                       "files came after it: all that are there are read again, known alerts are recognised");
  return files;
}

// The file that stood under the name, empty, after the one that is being read: it is there, or was compressed, or what
// it got is missing. One that is still empty may be the older by its time, where the writer went on in the one before
// it; then the one that stands under the name now takes its part. after: where in files the newer ones begin.
void LiveFile::check_next(const std::vector<RotatedFile>& files, std::size_t after, const Look& live) {
  if (at_.next_ino == 0 || (live && live->ino == at_.next_ino)) return;
  for (std::size_t n = 0; n < files.size(); ++n) {
    const auto& entry = files[n].entry;
    if (entry.ino != at_.next_ino || (n < after && entry.size != 0)) continue;
    if (entry.size == 0) at_.next_ino = 0;
    return;
  }
  if (after < files.size() && ByteFile::is_gzip(files[after].entry.name)) return;
  skipped_.push_back("the file after " + own_name() +
                     " was empty when it was seen last, and was cut or removed since: what it got until then, if it "
                     "got anything, is missing");
}

// Begins to read this file. False: it is gone.
bool LiveFile::start(const RotatedFile& file) {
  auto opened = open_file(file);
  if (!opened) return false;
  const bool live = file.folder.empty() && file.entry.name == name_;
  const auto name = live ? name_of_live(opened->entry()) : file.file();
  if (!name) return false;
  Position fresh;
  fresh.file = *name;
  fresh.dev = opened->entry().dev;
  fresh.ino = opened->entry().ino;
  fresh.mtime_ms = mtime_ms(opened->entry());
  fresh.empty = opened->entry().size == 0 && opened->grows();
  fresh.until_ms = at_.until_ms;
  fresh.passed_ms = archive_.ahead(at_.mtime_ms) ? std::max(at_.passed_ms, at_.mtime_ms) : at_.passed_ms;
  at_ = std::move(fresh);
  file_ = std::move(opened);
  lines_.reset(0);
  last_line_.clear();
  wanted_.clear();
  left_ = searched_ = false;
  return true;
}

}  // namespace source_file
