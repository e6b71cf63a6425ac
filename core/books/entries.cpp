// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "alert/alert.hpp"
#include "base/digest.hpp"
#include "books/reconcile.hpp"

namespace signalfoundry::books {

namespace {

using store::AlertRow;
using store::AlertState;
constexpr std::uint8_t kAccepted = 0;  // 1 to 4: a verdict of that disposition
constexpr std::uint8_t kQuarantined = 5;

// What an entry says of an alert, or what a row says that an entry says.
struct Said {
  std::int64_t seq = 0;
  std::array<std::uint8_t, 16> key{};
  std::uint8_t what = kAccepted;
  std::string name() const { return to_hex(key.data(), key.size()); }
};

// The text up to the next quote, if `line` goes on with `before`; moves behind it.
std::optional<std::string_view> quoted(std::string_view& line, std::string_view before) {
  if (!line.starts_with(before)) return std::nullopt;
  line.remove_prefix(before.size());
  const auto word = line.substr(0, line.find('"'));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

// Of an `accepted`, `verdict` or `quarantined` entry; the place of its members is fixed (docs/formats/ledger.md).
std::optional<Said> said_by(std::int64_t seq, std::string_view line) {
  constexpr std::string_view kKind = R"("kind":")";
  line.remove_prefix(std::min(line.size(), line.find(kKind)));
  const auto kind = quoted(line, kKind);
  const auto key = quoted(line, R"(,"key":")");
  Said out;
  out.seq = seq;
  if (!kind || !key || !from_hex(*key, out.key.data(), out.key.size())) return std::nullopt;
  if (*kind == "accepted") return out;
  out.what = kQuarantined;
  if (*kind == "quarantined") return out;
  const auto disposition = store::disposition_of(quoted(line, R"(,"disposition":")").value_or(""));
  if (*kind != "verdict" || !disposition) return std::nullopt;
  out.what = static_cast<std::uint8_t>(*disposition);
  return out;
}

std::vector<Said> said_by_rows(store::Store& store) {
  std::vector<Said> out;
  store.each_alert([&](const AlertRow& row) {
    Said said;
    from_hex(row.key, said.key.data(), said.key.size());
    said.seq = row.accepted_seq;
    out.push_back(said);
    if (row.state == AlertState::waiting) return true;
    said.seq = row.decided_seq;
    said.what = row.state == AlertState::quarantined ? kQuarantined : static_cast<std::uint8_t>(row.disposition);
    out.push_back(said);
    return true;
  });
  std::sort(out.begin(), out.end(), [](const Said& a, const Said& b) { return a.seq < b.seq; });
  return out;
}

}  // namespace

void check_entries(store::Store& store, Findings& findings) {
  const auto rows = said_by_rows(store);
  auto row = rows.begin();
  const auto differs = [&] { findings.add(findings.mismatches, "row_differs", (row++)->name()); };
  store.each_entry(1, [&](std::int64_t seq, const std::string& line) {
    while (row != rows.end() && row->seq < seq) differs();
    const auto said = said_by(seq, line);
    if (!said) return true;
    if (row == rows.end() || row->seq != seq)
      findings.add(findings.mismatches, "entry_unknown", fmt::format("{}: entry {}", said->name(), seq));
    while (row != rows.end() && row->seq == seq) {
      if (row->key == said->key && row->what == said->what)
        ++row;
      else
        differs();
    }
    return true;
  });
  while (row != rows.end()) differs();
}

}  // namespace signalfoundry::books
