// SPDX-License-Identifier: Apache-2.0
//
// dated_name.hpp - the names that Wazuh gives its alert files, in the order in which it writes them.
//
// <YYYY>/<Mon>/ossec-alerts-<DD>.json, and -<DD>-<NNN>.json where the day has several (rotate_interval,
// max_output_size); monitord makes .json.gz of the day before. The date is that of the manager's local time
// (wazuh/wazuh, src/analysisd/alerts/getloglocation.c and src/monitord/manage_files.c), so it is never computed here,
// only read and compared. [any-thread]
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace source_file {

struct DatedName {
  int year = 0;
  int month = 0;  // 1 to 12
  int day = 0;
  int part = 0;                                        // 0: the day's first file, without a number
  auto operator<=>(const DatedName&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm of clang-tidy 14
};

// "ossec-alerts-" for alerts.json, "ossec-archive-" for archives.json; "" for a name that is not one of Wazuh's.
std::string_view dated_prefix(std::string_view live_name);
// The year of a directory "2026"; nothing for any other name.
std::optional<int> year_of(std::string_view name);
// 1 to 12 of a directory "Jan" to "Dec", English whatever the manager's language.
std::optional<int> month_of(std::string_view name);
// "2026/Nov"
std::string folder_of(int year, int month);
// Sets day and part from "<prefix>27.json" or "<prefix>27-001.json"; false for any other name.
bool read_dated(std::string_view name, std::string_view prefix, DatedName& out);
// Of "2026/Nov/ossec-alerts-27.json"; nothing for any other text.
std::optional<DatedName> dated_of(std::string_view path, std::string_view prefix);

}  // namespace source_file
