// SPDX-License-Identifier: Apache-2.0
#include "archive.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "byte_file.hpp"

namespace source_file {

namespace {

constexpr std::int64_t kSlackMs = 2000;
constexpr std::int64_t kAheadMs = 120'000;  // further from now than a file server's clock may be

std::int64_t mtime_ms(const RotatedFile& one) {
  return one.entry.mtime_ns / 1'000'000;
}

std::string_view without_gz(std::string_view name) {
  return ByteFile::is_gzip(name) ? name.substr(0, name.size() - 3) : name;
}

bool foreign_compression(std::string_view name) {
  constexpr std::array<std::string_view, 5> kEndings{".xz", ".zst", ".bz2", ".lz4", ".Z"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view end) { return name.ends_with(end); });
}

// 12 of "alerts.json.12", as logrotate counts: the larger the older. A date has more digits.
std::optional<unsigned> number_at_end(std::string_view file) {
  const auto dot = file.rfind('.');
  const auto digits = dot == std::string_view::npos ? "" : file.substr(dot + 1);
  if (digits.empty() || digits.size() > 5) return std::nullopt;
  unsigned out = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<unsigned>(c - '0');
  }
  return out;
}

// Of "a.json" and "a.json.gz" only the first, in any order; both stand next to each other when sorted by file().
void drop_unfinished(std::vector<RotatedFile>& files) {
  std::sort(files.begin(), files.end(), [](const RotatedFile& a, const RotatedFile& b) {
    const auto left = a.file();
    const auto right = b.file();
    return left != right ? left < right : a.entry.name.size() < b.entry.name.size();
  });
  const auto same = [](const RotatedFile& a, const RotatedFile& b) { return a.file() == b.file(); };
  files.erase(std::unique(files.begin(), files.end(), same), files.end());
}

// Each with its inode number, in one order.
std::vector<std::pair<std::string, std::uint64_t>> names_of(const std::vector<RotatedFile>& files) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  out.reserve(files.size());
  for (const auto& one : files) out.emplace_back(one.entry.name, one.entry.ino);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::string RotatedFile::file() const {
  const std::string name(without_gz(entry.name));
  return folder.empty() ? name : folder + "/" + name;
}

Archive::Archive(const sf::Host& host, std::string live_name, std::string pattern)
    : host_(host), live_name_(std::move(live_name)), pattern_(std::move(pattern)) {
  if (pattern_.empty()) prefix_ = dated_prefix(live_name_);
}

std::optional<sf::fs::Dir> Archive::dir(const std::string& folder) {
  if (const auto known = dirs_.find(folder); known != dirs_.end()) return known->second;
  auto found = sf::fs::Dir::open(host_, folder.empty() ? "parent:path" : "parent:path/" + folder);
  if (found) dirs_.emplace(folder, *found);
  return found;
}

std::optional<std::vector<RotatedFile>> Archive::list(const std::optional<DatedName>& from, std::int64_t from_ms,
                                                      Known known) {
  cut_ = 0;
  order_lost_ = false;
  auto out = prefix_.empty() ? std::vector<RotatedFile>() : list_dated(from);
  if (!out.empty() || from) return out;
  return list_beside(from_ms, known);
}

// Year and month of Wazuh's directories from this year on, oldest first.
std::vector<std::pair<int, int>> Archive::months_from(int year) {
  std::vector<std::pair<int, int>> months;
  const auto top = dir("");
  if (!top) return {};
  for (const auto& entry : top->list("")) {
    const auto y = year_of(entry.name);
    const auto months_of = y && *y >= year ? dir(entry.name) : std::nullopt;
    if (!months_of) continue;
    for (const auto& month : months_of->list(""))
      if (const auto m = month_of(month.name)) months.emplace_back(*y, *m);
  }
  std::sort(months.begin(), months.end());
  return months;
}

bool Archive::has_older(const DatedName& than) {
  const auto months = months_from(0);
  for (auto month = months.rbegin(); month != months.rend(); ++month) {
    if (*month > std::pair(than.year, than.month)) continue;
    std::vector<RotatedFile> files;
    list_month(folder_of(month->first, month->second), {month->first, month->second, 0, 0}, files);
    if (std::any_of(files.begin(), files.end(), [&](const auto& one) { return one.dated < than; })) return true;
  }
  return false;
}

std::vector<RotatedFile> Archive::list_dated(const std::optional<DatedName>& from) {
  auto months = months_from(from ? from->year : 0);
  if (!from && months.size() > 2) months.erase(months.begin(), months.end() - 2);
  std::vector<RotatedFile> out;
  for (const auto& [year, month] : months)
    if (!from || std::pair(year, month) >= std::pair(from->year, from->month))
      list_month(folder_of(year, month), {year, month, 0, 0}, out);
  drop_unfinished(out);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.dated < b.dated; });
  return out;
}

std::string Archive::dated_name_of(std::uint64_t ino) {
  if (prefix_.empty()) return "";
  for (const auto& one : list_dated(std::nullopt))
    if (one.entry.ino == ino) return one.file();
  return "";
}

void Archive::list_month(const std::string& folder, DatedName of, std::vector<RotatedFile>& out) {
  const auto days = dir(folder);
  if (!days) return;
  for (auto& entry : days->list("")) {
    if (entry.kind != SF_FILE || !read_dated(without_gz(entry.name), prefix_, of)) continue;
    out.push_back({folder, std::move(entry), of, false});
  }
}

bool Archive::is_rotated(std::string_view name) const {
  if (name == live_name_) return false;
  if (!pattern_.empty()) return matches(pattern_, name);
  if (!name.starts_with(live_name_) || name.size() == live_name_.size()) return false;
  const char next = name[live_name_.size()];
  return next == '.' || next == '-';
}

std::vector<RotatedFile> Archive::rotated_in(const sf::fs::Dir& here) const {
  std::vector<RotatedFile> out;
  for (auto& entry : here.list("")) {
    if (entry.kind != SF_FILE || !is_rotated(entry.name)) continue;
    const bool foreign = foreign_compression(entry.name);
    out.push_back({"", std::move(entry), {}, foreign});
  }
  return out;
}

std::optional<std::vector<RotatedFile>> Archive::list_beside(std::int64_t from_ms, Known known) {
  const auto here = dir("");
  if (!here) return std::vector<RotatedFile>();
  auto out = rotated_in(*here);
  const auto before = names_of(out);
  drop_unfinished(out);
  for (auto& one : out) {
    const bool there =
        here->stat(one.entry.name)
            .match([&](sf::fs::Entry now) { return one.entry = std::move(now), true; }, [](sf::Gone) { return false; });
    if (!there) return std::nullopt;
  }
  // Where the names were shifted meanwhile, one file was looked at twice and another not at all. Compared with a second
  // listing, as the inode numbers of listings are not those of stat() on every filesystem.
  if (names_of(rotated_in(*here)) != before) return std::nullopt;
  const auto older = [&](const RotatedFile& one) {
    return mtime_ms(one) < from_ms - kSlackMs && one.entry.ino != known.next;
  };
  const auto numbered = [](const RotatedFile& one) { return number_at_end(one.file()).has_value(); };
  if (std::all_of(out.begin(), out.end(), [&](const auto& one) { return older(one) || numbered(one); })) {
    // Numbers tell the order, whatever the clock did: the caller cuts at its own file, where it has one. An empty one
    // may well be older than one before it, in which the writer went on.
    const bool by_time = known.own == 0 && !ahead(from_ms);
    std::erase_if(out, [&](const auto& one) {
      return older(one) && (by_time || !numbered(one) || one.entry.size == 0) && one.entry.ino != known.own;
    });
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return number_at_end(a.file()) > number_at_end(b.file()); });
  } else {
    order_by_time(out, from_ms, older, known);
  }
  cut_to_newest(out, known);
  return out;
}

// Files of a clock that was set back since come first: what was written after them may be any of the others.
template <class Older>
void Archive::order_by_time(std::vector<RotatedFile>& files, std::int64_t from_ms, const Older& older, Known known) {
  const auto now_ms = host_.now_ms();
  const auto is_ahead = [&](const RotatedFile& one) { return mtime_ms(one) > now_ms + kAheadMs; };
  order_lost_ = from_ms > now_ms + kAheadMs;
  std::erase_if(files, [&](const auto& one) {
    if (one.entry.ino == known.own || one.entry.ino == known.next) return !order_lost_ && older(one);
    return (is_ahead(one) && mtime_ms(one) <= known.passed_ms) || (!order_lost_ && older(one));
  });
  std::sort(files.begin(), files.end(), [&](const auto& a, const auto& b) {
    if (order_lost_ && is_ahead(a) != is_ahead(b)) return is_ahead(a);
    return a.entry.mtime_ns < b.entry.mtime_ns;
  });
}

bool Archive::ahead(std::int64_t ms) const {
  return ms > host_.now_ms() + kAheadMs;
}

// The oldest over kNamesMax; what is before the one that is read is not missed.
void Archive::cut_to_newest(std::vector<RotatedFile>& files, Known known) {
  if (files.size() <= kNamesMax) return;
  const auto newest = files.end() - kNamesMax;
  bool after_own =
      std::none_of(files.begin(), files.end(), [&](const auto& one) { return one.entry.ino == known.own; });
  const auto goes = [&](const RotatedFile& one) {
    const bool own = one.entry.ino == known.own;
    after_own = after_own || own;
    if (own || one.entry.ino == known.next) return false;
    if (after_own) ++cut_;
    return true;
  };
  std::vector<RotatedFile> kept;
  for (auto one = files.begin(); one != newest; ++one)
    if (!goes(*one)) kept.push_back(std::move(*one));
  kept.insert(kept.end(), std::make_move_iterator(newest), std::make_move_iterator(files.end()));
  files = std::move(kept);
}

bool Archive::named_by_rotation(const std::string& file) const {
  return !pattern_.empty() || (!file.empty() && file.back() >= '0' && file.back() <= '9');
}

bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t after = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++after;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace source_file
