// SPDX-License-Identifier: Apache-2.0
#include "json_files.hpp"

#include <algorithm>

namespace source_file {

namespace {

constexpr int kReadsMax = 3;  // of one name that is replaced again and again

// 64 bits of SHA-256: nobody who may choose names can make one file look like another.
uint64_t mark_of(const sf::Host& host, const sf::fs::Entry& entry) {
  uint64_t mark = 0;
  for (const char digit : host.sha256(std::to_string(entry.ino) + "/" + entry.name).substr(0, 16))
    mark = mark << 4U | static_cast<uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  return mark;
}

}  // namespace

sf::Poll JsonFiles::poll(const sf::Emitter& out, uint32_t max_records) {
  if (!listed_) list();
  for (uint32_t handled = 0; handled < max_records; ++handled) {
    if (next_ == entries_.size()) return at_end();
    if (!take(out, entries_[next_])) return sf::Poll::more;
    ++next_;
  }
  return sf::Poll::more;
}

void JsonFiles::preflight(const sf::Checks& out) {
  const char* step = "directory";
  try {
    list();
    out.ok(step, printable(path_, 200) + " holds " + std::to_string(entries_.size()) + " files *.json");
    if (entries_.empty()) return;
    step = "readable";
    const bool there = dir_->read(entries_.back(), 0, 1)
                           .match([](const std::string&) { return true; }, [](sf::Gone) { return false; });
    out.ok(step, there ? "the first byte of \"" + printable(entries_.back().name) + "\" could be read"
                       : "\"" + printable(entries_.back().name) + "\" was taken away while it was looked at");
  } catch (const sf::Error& error) {
    tell(out, step, error);
  }
}

void JsonFiles::list() {
  if (!dir_) dir_ = sf::fs::Dir::open(host_, "setting:path");
  if (!dir_)
    throw sf::Error(SF_RETRY, "setting \"path\" (" + printable(path_, 200) +
                                  ") is not a directory that is there; correct the path, make the directory, or set "
                                  "format = \"jsonl\" for a file");
  uint64_t left_alone = 0;
  for (auto& entry : dir_->list(".json")) {
    if (entry.kind != SF_FILE) ++left_alone;
    if (entry.kind != SF_FILE || entry.name.starts_with('.')) continue;
    if (follow_ && !seen_.insert(mark_of(host_, entry)).second) continue;
    entries_.push_back(std::move(entry));
  }
  std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  if (left_alone != 0)
    host_.warn(std::to_string(left_alone) + " entries of " + printable(path_, 200) +
               " end in .json but are no regular files; they are left alone");
  listed_ = true;
}

// False: the host has no room.
bool JsonFiles::take(const sf::Emitter& out, const sf::fs::Entry& entry) {
  const auto bytes = read(entry);
  if (!bytes) return true;
  const std::string where = "file \"" + printable(entry.name) + "\"";
  if (bytes->size() > kAlertBytesMax) {
    out.reject(shared::cut_record(*bytes, identity_of(entry, *bytes)),
               where + ": more than the " + std::to_string(kAlertBytesMax) +
                   " bytes of an alert; only its beginning is kept here");
    return true;
  }
  const auto text = trimmed(without_mark(*bytes));
  if (!text.empty()) return hand_over(out, text, where);
  out.reject(*bytes, where + ": empty");
  return true;
}

// Of a file that is too long to be read whole: what tells it from others that begin the same.
std::string JsonFiles::identity_of(const sf::fs::Entry& listed, const std::string& beginning) const {
  constexpr std::size_t kWholeName = 1024;  // 255 bytes, each escaped
  const auto size =
      dir_->stat(listed.name)
          .match(
              [](const sf::fs::Entry& now) {
                return std::to_string(now.size) + " bytes, written at " + std::to_string(now.mtime_ns) + " ns";
              },
              [](sf::Gone) { return std::string("gone since"); });
  return "\"" + printable(listed.name, kWholeName) + "\", " + size + ", SHA-256 of its first " +
         std::to_string(beginning.size()) + " bytes " + host_.sha256(beginning);
}

// Nothing: gone, or not readable now.
std::optional<std::string> JsonFiles::read(const sf::fs::Entry& listed) {
  auto entry = listed;
  for (int reads = 0; reads < kReadsMax; ++reads) {
    try {
      sf::Gone how{};
      auto bytes = dir_->read(entry, 0, kAlertBytesMax + 1)
                       .match([](std::string got) { return std::optional(std::move(got)); },
                              [&](sf::Gone gone) { return how = gone, std::optional<std::string>(); });
      if (bytes) return bytes;
      host_.count(how == sf::Gone::vanished ? "vanished" : "changed");
      if (how == sf::Gone::vanished) return std::nullopt;
      entry.ino = 0;  // whatever stands there now
    } catch (const sf::Error& error) {
      if (error.code() == SF_CANCELLED || error.code() == SF_FATAL) throw;
      unreadable_.push_back(listed);
      if (!why_unreadable_) why_unreadable_ = error;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// What could not be read is named once all others were taken, and tried again in the next run.
sf::Poll JsonFiles::at_end() {
  next_ = 0;
  entries_ = std::move(unreadable_);
  unreadable_.clear();
  listed_ = !follow_;
  if (!why_unreadable_) return sf::Poll::end;
  const sf::Error why = *why_unreadable_;
  why_unreadable_.reset();
  host_.count("unreadable", entries_.size());
  throw sf::Error(why.code(),
                  std::to_string(entries_.size()) + " files of " + printable(path_, 200) +
                      " could not be read, among them \"" + printable(entries_.front().name) + "\" (" + why.what() +
                      "); make them readable, they are tried again",
                  why.retry_after_ms());
}

}  // namespace source_file
