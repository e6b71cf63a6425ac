// SPDX-License-Identifier: Apache-2.0
#include "queue/queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace signalfoundry::queue {

namespace {

constexpr std::size_t kNameLength = 3 + 1 + 13 + 1 + 8 + 1 + 32 + 5;
constexpr std::int64_t kTimeMax = 9'999'999'999'999;  // 13 digits: the year 2286

// Digits only: no sign, and no upper-case hex, which would be a second name for the same file.
template <class T>
bool number(std::string_view text, T& out, int base) {
  const auto digits = std::string_view("0123456789abcdef").substr(0, static_cast<std::size_t>(base));
  if (text.find_first_not_of(digits) != std::string_view::npos) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size();
}

// The stem of a foreign name: its leading letters; files of one producer share it.
std::uint32_t stem_group(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) {
    if (c >= '0' && c <= '9') break;
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return hash;
}

// A file's name in quarantine. It never looks like that of a reason.
std::string quarantine_name(std::string_view key, std::string_view original, std::string_view mark = {}) {
  std::string file = fmt::format("{}-{}{}{}", key, mark, mark.empty() ? "" : "-", safe_name(original));
  if (file.ends_with(".reason.json")) file += ".json";
  return file;
}

}  // namespace

std::string make_name(const Alert& alert) {
  return fmt::format("p{:02}-{:013}-{:08x}-{}.json", 15 - alert.level.value_or(7),
                     std::clamp<std::int64_t>(alert.time_ms, 0, kTimeMax), alert.group, alert.key);
}

std::optional<Name> parse_name(std::string_view name) {
  Name out;
  int rank = 0;
  if (name.size() != kNameLength || name[0] != 'p' || name[3] != '-' || name[17] != '-' || name[26] != '-' ||
      !name.ends_with(".json"))
    return std::nullopt;
  if (!number(name.substr(1, 2), rank, 10) || rank > 15 || !number(name.substr(4, 13), out.time_ms, 10) ||
      !number(name.substr(18, 8), out.group, 16) || !is_key(name.substr(27, 32)))
    return std::nullopt;
  out.severity = 15 - rank;
  out.key = name.substr(27, 32);
  return out;
}

std::string safe_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 80)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '-' || (c == '.' && !out.empty());
    out += plain ? c : '_';
  }
  return out.empty() ? "unnamed" : out;
}

void Queue::scan_all(const std::function<bool(const Waiting&)>& visit) {
  ++scans_;
  ++full_scans_;
  depth_ = drop_ins_ = alerts_ = 0;
  oldest_ms_ = 0;
  forget_fresh();
  bool go_on = true;
  dirs_.queue.list([&](const fs::Listed& entry) {
    if (entry.name.front() == '.') return true;  // a producer's file that is not finished
    const bool json = entry.name.ends_with(".json");
    if (entry.kind != fs::Kind::file || !json) {
      if (strange_.size() < 10'000 && strange_.emplace(entry.name).second)
        log::warn("queue", fmt::format("\"{}\" is left alone: {}", printable(entry.name),
                                       json ? fmt::format("it is a {}, not a file", fs::kind_name(entry.kind))
                                            : "its name does not end in .json"));
      return true;
    }
    ++depth_;
    const auto ours = parse_name(entry.name);
    ++(ours ? alerts_ : drop_ins_);
    if (ours && (oldest_ms_ == 0 || ours->time_ms < oldest_ms_)) oldest_ms_ = ours->time_ms;
    if (go_on && (aside_.empty() || !is_aside(entry.name)))
      go_on = visit({entry.name, ours, ours ? ours->group : stem_group(entry.name)});
    return true;
  });
}

void Queue::add_new(const std::string& name) {
  if (too_many_fresh_) return;
  fresh_.push_back(name);
  if (fresh_.size() <= kFreshMax) return;
  forget_fresh();
  too_many_fresh_ = true;
}

void Queue::forget_fresh() {
  fresh_ = {};
  too_many_fresh_ = false;
}

bool Queue::scan_new(const std::function<bool(const Waiting&)>& visit) {
  if (too_many_fresh_) return false;
  ++scans_;
  for (const auto& name : fresh_) {
    const auto ours = parse_name(name);
    if (!is_aside(name) && !visit({name, ours, ours ? ours->group : 0})) break;
  }
  forget_fresh();
  return true;
}

bool Queue::admit(std::string_view name) {
  if (!admitted_names_.emplace(name).second) return false;
  admitted_.emplace_back(name);
  return true;
}

std::vector<std::string> Queue::take_admitted() {
  admitted_names_.clear();
  return std::exchange(admitted_, {});
}

void Queue::give_back(std::string_view name) const {
  const bool back =
      dirs_.active.move(name, dirs_.queue, name).match([](bool done) { return done; }, [](fs::Gone) { return true; });
  if (!back)
    log::warn("queue", fmt::format("\"{}\" stays in active/ until the next run: the queue has a new file of that name",
                                   printable(name)));
}

bool Queue::holds(const fs::Dir& dir, const std::string& name, std::uint64_t limit,
                  const std::function<bool(const fs::Content&)>& wanted) {
  try {
    return dir.read(name, limit).match(wanted, [](fs::Gone) { return false; });
  } catch (const Error& e) {
    log::warn("queue", e.what());
    return false;
  }
}

fs::Dir& Queue::processed_for(std::int64_t time_ms) {
  const std::string date = date_path(time_ms);
  if (date != processed_date_) {
    processed_dir_ = dirs_.processed.sub_path(date);
    processed_date_ = date;
  }
  return processed_dir_;
}

void Queue::finish(std::string_view name, std::string_view key, std::string_view sha256, std::int64_t time_ms) {
  const fs::Dir& processed = processed_for(time_ms);
  const std::string target = std::string(key) + ".json";
  const bool moved =
      dirs_.active.move(name, processed, target).match([](bool done) { return done; }, [](fs::Gone) { return true; });
  if (moved) return;
  // The same alert again. Bytes that differ are evidence and are kept; the same bytes are not needed twice.
  if (holds(processed, target, kAlertBytesMax,
            [&](const fs::Content& c) { return c.whole && sha256_hex(c.bytes) == sha256; })) {
    dirs_.active.remove(name);
    return;
  }
  const std::string beside = std::string(key) + "." + std::string(sha256.substr(0, 16)) + ".json";
  const bool kept =
      dirs_.active.move(name, processed, beside).match([](bool done) { return done; }, [](fs::Gone) { return true; });
  if (!kept) dirs_.active.remove(name);
}

bool Queue::has_processed(std::string_view key, std::int64_t time_ms) {
  return processed_for(time_ms).has(std::string(key) + ".json");
}

void Queue::write_reason(const std::string& file, std::string_view original, std::string_view key,
                         std::string_view reason, std::string_view run_id) {
  const std::string text = fmt::format(
      "{{\"file\":{},\"original_name\":{},\"key\":\"{}\",\"reason\":{},\"time\":\"{}\",\"run_id\":\"{}\"}}\n",
      json_quote(file), json_quote(printable(original, 300)), key, json_quote(printable(reason, 500)),
      rfc3339(now_ms()), run_id);
  dirs_.quarantine.remove(file + ".reason.json");
  dirs_.quarantine.create_file(file + ".reason.json", text);
}

// Where there are no links: under another name until it is whole.
void Queue::copy_to_quarantine(std::string_view name, const std::string& file) {
  const std::string part = ".tmp-" + file;
  dirs_.quarantine.remove(part);
  const bool done = dirs_.active.copy(name, dirs_.quarantine, part)
                        .match([](bool copied) { return copied; }, [](fs::Gone) { return false; });
  if (done) dirs_.quarantine.exchange(part, dirs_.quarantine, file);
}

std::string Queue::quarantine_active(std::string_view name, std::string_view key, std::string_view reason,
                                     std::string_view run_id, std::string_view mark) {
  return quarantine_as(quarantine_name(key, name, mark), name, key, reason, run_id);
}

std::string Queue::quarantine_as(const std::string& file, std::string_view name, std::string_view key,
                                 std::string_view reason, std::string_view run_id) {
  const bool linked = dirs_.active.link(name, dirs_.quarantine, file)
                          .match([](bool done) { return done; }, [](fs::Gone) { return true; });
  if (!linked && !dirs_.quarantine.has(file)) copy_to_quarantine(name, file);
  write_reason(file, name, key, reason, run_id);
  return file;
}

std::string Queue::quarantine_bytes(std::string_view bytes, std::string_view key, std::string_view reason,
                                    std::string_view source, std::string_view run_id) {
  std::string file = quarantine_name(key, source);
  dirs_.quarantine.remove(file);
  dirs_.quarantine.create_file(file, bytes);
  write_reason(file, source, key, reason, run_id);
  return file;
}

}  // namespace signalfoundry::queue
