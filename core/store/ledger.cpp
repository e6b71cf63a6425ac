// SPDX-License-Identifier: Apache-2.0
#include "store/ledger.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/digest.hpp"
#include "base/time.hpp"

namespace signalfoundry::store {

namespace {
constexpr std::array<std::string_view, static_cast<std::size_t>(Count::size)> kCounts = {
    "fetched", "accepted",  "duplicate",   "triaged",  "benign", "known_fp",
    "review",  "escalated", "quarantined", "vanished", "packs",  "notified"};
constexpr std::array<std::string_view, 5> kDispositions = {"none", "benign", "known_fp", "review", "escalated"};
}  // namespace

std::string_view disposition_name(Disposition disposition) {
  return kDispositions[static_cast<std::size_t>(disposition)];
}

std::optional<Disposition> disposition_of(std::string_view name) {
  for (std::size_t i = 1; i < kDispositions.size(); ++i)
    if (kDispositions[i] == name) return static_cast<Disposition>(i);
  return std::nullopt;
}

Count count_of(Disposition disposition) {
  switch (disposition) {
    case Disposition::benign:
      return Count::benign;
    case Disposition::known_fp:
      return Count::known_fp;
    case Disposition::escalated:
      return Count::escalated;
    default:
      return Count::review;
  }
}

std::string_view count_name(Count count) {
  return kCounts[static_cast<std::size_t>(count)];
}

Counts& Counts::operator+=(const Counts& other) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += other.values[i];
  return *this;
}

Counts Counts::operator-(const Counts& other) const {
  Counts out = *this;
  for (std::size_t i = 0; i < values.size(); ++i) out.values[i] -= other.values[i];
  return out;
}

std::string make_entry(const EntryParts& p, std::string& hash) {
  std::string body = fmt::format(R"({{"seq":{},"time":"{}","run_id":"{}","kind":"{}","key":)", p.seq,
                                 rfc3339(p.time_ms), p.run_id, p.kind);
  if (p.key.empty())
    body += "null";
  else
    body.append("\"").append(p.key).append("\"");
  if (!p.fields.empty()) body.append(",").append(p.fields);
  body.append(",\"prev\":\"").append(p.prev).append("\"}");
  hash = sha256_hex(body);
  body.pop_back();
  body.append(",\"hash\":\"").append(hash).append("\"}");
  return body;
}

std::optional<Link> check_entry(std::string_view line) {
  constexpr std::string_view begin = "{\"seq\":";
  constexpr std::string_view hash_begin = ",\"hash\":\"";
  constexpr std::string_view prev_begin = ",\"prev\":\"";
  if (!line.starts_with(begin) || line.size() < begin.size() + 2 * (9 + 64 + 1)) return std::nullopt;
  const std::size_t at = line.size() - (hash_begin.size() + 64 + 2);
  if (line.substr(at, hash_begin.size()) != hash_begin || !line.ends_with("\"}")) return std::nullopt;
  Link link{0, {}, std::string(line.substr(at + hash_begin.size(), 64))};
  const auto [end, error] = std::from_chars(line.data() + begin.size(), line.data() + line.size(), link.seq);
  if (error != std::errc{} || *end != ',') return std::nullopt;
  const std::size_t prev_at = at - (prev_begin.size() + 64 + 1);
  if (line.substr(prev_at, prev_begin.size()) != prev_begin) return std::nullopt;
  link.prev = line.substr(prev_at + prev_begin.size(), 64);
  if (sha256_hex(std::string(line.substr(0, at)) + "}") != link.hash) return std::nullopt;
  return link;
}

}  // namespace signalfoundry::store
