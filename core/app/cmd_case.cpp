// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "alert/alert.hpp"
#include "app/commands.hpp"
#include "app/fields.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "store/store.hpp"

namespace signalfoundry::app {

namespace {

using store::AlertRow;
using store::AlertState;
constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kLongestValue = 2000;
constexpr std::size_t kMostFiles = 1000;

// A key from a key or a case id. Throws Error(usage).
std::string key_of(const std::string& id) {
  std::string key = id.starts_with("c-") ? id.substr(2) : id;
  if (is_key(key)) return key;
  throw Error(Exit::usage,
              fmt::format("\"{}\" is neither an alert's key (32 digits of 0-9 and a-f) nor a case id (c- and a key). "
                          "`signalfoundry case list` shows them.",
                          printable(id)));
}

AlertRow find_alert(store::Store& store, const std::string& key, const std::string& state) {
  if (const auto row = store.find(key)) return *row;
  throw Error(Exit::mismatch,
              fmt::format("no alert with the key {} is in the books of {}.", key, printable(state, kLongestPath)));
}

std::string case_path(const AlertRow& row) {
  return fmt::format("cases/{}/c-{}", date_path(row.time_ms), row.key);
}

std::optional<fs::Dir> case_dir(const fs::Dir& root, const AlertRow& row) {
  return root.find_path(case_path(row));
}

// A line for each value, for a person: objects indented, arrays numbered.
void show_value(std::string& out, const std::string& name, const OrderedJson& value, const std::string& indent) {
  if (!value.is_structured()) {
    const std::string text =
        value.is_string() ? printable(value.get_ref<const std::string&>(), kLongestValue) : one_line(value);
    const std::size_t width = name.ends_with('.') ? 3 : 16;
    out += fmt::format("{}{:<{}} {}\n", indent, name, width, value.is_null() ? "-" : text);
    return;
  }
  if (value.empty()) {
    out += fmt::format("{}{:<16} -\n", indent, name);
    return;
  }
  out += fmt::format("{}{}\n", indent, name);
  std::size_t number = 0;
  for (const auto& [key, item] : value.items())
    show_value(out, value.is_array() ? std::to_string(++number) + "." : printable(key), item, indent + "  ");
}

// ---- case list

struct Listed {
  OrderedJson verdict;
  std::string path;
  OrderedJson file;  // case.json
};

std::string listed_text(const Listed& c) {
  const auto shown = [](const OrderedJson& json, const char* pointer, std::size_t limit) {
    return printable(text_at(json, pointer).value_or("-"), limit);
  };
  return fmt::format(
      "{:<20}  {:<11}  {:<13}  {}  {}: {}\n", text_at(c.verdict, "/time").value_or("-").substr(0, 19) + "Z",
      shown(c.verdict, "/disposition", 11), shown(c.file, "/severity", 13), shown(c.verdict, "/case_id", 34),
      shown(c.file, "/host/name", 40), shown(c.file, "/rule/name", 100));
}

OrderedJson listed_json(const Listed& c) {
  const auto copy = [](const OrderedJson& json, const char* pointer) {
    auto text = text_at(json, pointer);
    return text ? OrderedJson(std::move(*text)) : OrderedJson();
  };
  return {{"case_id", copy(c.verdict, "/case_id")},
          {"key", copy(c.verdict, "/key")},
          {"disposition", copy(c.verdict, "/disposition")},
          {"reason", copy(c.verdict, "/reason")},
          {"seq", c.verdict.value("seq", 0)},
          {"decided", copy(c.verdict, "/time")},
          {"run_id", copy(c.verdict, "/run_id")},
          {"source", copy(c.verdict, "/source")},
          {"alert_id", copy(c.verdict, "/alert_id")},
          {"alert_time", copy(c.file, "/time")},
          {"severity", copy(c.file, "/severity")},
          {"host", copy(c.file, "/host/name")},
          {"rule", copy(c.file, "/rule/name")},
          {"path", c.path.empty() ? OrderedJson() : OrderedJson(c.path)}};
}

// Is this entry a verdict of that disposition? Told from the line's beginning: most need not be parsed.
bool is_wanted(const std::string& line, const std::string& disposition) {
  const std::string_view head = std::string_view(line).substr(0, 250);
  if (head.find(R"(,"kind":"verdict",)") == std::string_view::npos) return false;
  return disposition.empty() ||
         head.find(fmt::format(R"(","disposition":"{}",)", disposition)) != std::string_view::npos;
}

// ---- explain

// Everything the ledger says about an alert, in its order.
std::vector<std::string> entries_about(store::Store& store, const AlertRow& row) {
  auto lines = store.entries_of(row.key);
  for (const auto seq : {row.decided_seq, row.accepted_seq})
    if (auto line = seq == 0 ? std::nullopt : store.entry(seq)) lines.insert(lines.begin(), std::move(*line));
  return lines;
}

std::string state_word(const AlertRow& row) {
  switch (row.state) {
    case AlertState::waiting:
      return "waiting: no verdict yet";
    case AlertState::triaged:
      return fmt::format("triaged: {}", store::disposition_name(row.disposition));
    case AlertState::quarantined:
      return "in quarantine";
  }
  return "?";
}

// Members that an entry's first line says, or that only the chain needs.
constexpr std::array<std::string_view, 7> kInHeading = {"seq", "time", "run_id", "kind", "key", "prev", "hash"};

void show_entry(std::string& out, const OrderedJson& entry, store::Store& store) {
  out += fmt::format(
      "\nentry {}  {}  run {}  {}\n", entry.value("seq", 0), printable(text_at(entry, "/time").value_or("-")),
      printable(text_at(entry, "/run_id").value_or("-")), printable(text_at(entry, "/kind").value_or("-")));
  for (const auto& [name, value] : entry.items()) {
    if (std::find(kInHeading.begin(), kInHeading.end(), name) != kInHeading.end()) continue;
    show_value(out, printable(name), value, "  ");
    if (name != "inputs" || !value.is_string()) continue;
    const auto inputs = store.blob("inputs:" + value.get<std::string>());
    const auto of = inputs ? OrderedJson::parse(*inputs, nullptr, false) : OrderedJson();
    if (of.is_object())
      for (const auto& [part, digest] : of.items()) show_value(out, printable(part), digest, "    ");
  }
}

std::string explain_text(store::Store& store, const AlertRow& row, const std::vector<OrderedJson>& entries) {
  std::string out = fmt::format("alert  {}\nstate  {}\n", row.key, state_word(row));
  if (row.state == AlertState::triaged) out += fmt::format("case   c-{}, {}\n", row.key, case_path(row));
  if (row.pack) out += fmt::format("pack   packs/c-{}\n", row.key);
  for (const auto& entry : entries) show_entry(out, entry, store);
  return out;
}

OrderedJson explain_json(const AlertRow& row, const std::vector<OrderedJson>& entries) {
  constexpr const char* kStates[] = {"waiting", "triaged", "quarantined"};
  const bool triaged = row.state == AlertState::triaged;
  OrderedJson out{{"key", row.key},
                  {"state", kStates[static_cast<std::size_t>(row.state)]},
                  {"disposition", triaged ? OrderedJson(store::disposition_name(row.disposition)) : OrderedJson()},
                  {"case_id", triaged ? OrderedJson("c-" + row.key) : OrderedJson()},
                  {"case_path", triaged ? OrderedJson(case_path(row)) : OrderedJson()},
                  {"entries", entries}};
  return out;
}

// ---- case show

std::string why_no_case(store::Store& store, const AlertRow& row) {
  if (row.state == AlertState::waiting)
    return fmt::format("alert {} has no case yet: it waits for its verdict.", row.key);
  const auto line = store.entry(row.decided_seq);
  const auto entry = line ? OrderedJson::parse(*line, nullptr, false) : OrderedJson();
  return fmt::format("alert {} has no case: it is in quarantine as {}: {}", row.key,
                     printable(text_at(entry, "/file").value_or("?"), 300),
                     printable(text_at(entry, "/reason").value_or("?"), 500));
}

void list_files(const fs::Dir& dir, const std::string& path, std::vector<std::string>& out) {
  std::vector<std::string> names;
  dir.list([&](const fs::Listed& e) {
    names.push_back(std::string(e.name) + (e.kind == fs::Kind::directory ? "/" : ""));
    return names.size() < kMostFiles;
  });
  std::sort(names.begin(), names.end());
  for (const auto& name : names) out.push_back(path + "/" + name);
}

struct Shown {
  OrderedJson file;
  std::string path;  // absolute
  std::vector<std::string> files;
};

std::string show_text(const Shown& c) {
  std::string out;
  for (const auto& [name, value] : c.file.items())
    if (name != "schema") show_value(out, printable(name), value, "");
  out += "\nfiles\n";
  for (const auto& file : c.files) out += "  " + printable(file, kLongestPath) + "\n";
  return out;
}

}  // namespace

Exit case_list(const Options& options, const CaseFilter& filter) {
  const std::string state = state_of(options);
  const auto store = store::Store::open(state, false);
  const auto root = fs::Dir::open(state);
  std::size_t count = 0;
  std::string buffer;
  store->each_entry_backwards([&](std::int64_t, const std::string& line) {
    if (!is_wanted(line, filter.disposition)) return true;
    Listed c{OrderedJson::parse(line, nullptr, false), "", OrderedJson()};
    const auto row = store->find(text_at(c.verdict, "/key").value_or(""));
    if (const auto dir = row && root ? case_dir(*root, *row) : std::nullopt) {
      c.path = dir->path();
      c.file = json_file(*dir, "case.json");
    }
    if (!options.json && count == 0)
      buffer += fmt::format("{:<20}  {:<11}  {:<13}  {:<34}  alert\n", "decided", "disposition", "severity", "case");
    buffer += options.json ? one_line(listed_json(c)) + "\n" : listed_text(c);
    if (buffer.size() > (64U << 10U)) print(std::exchange(buffer, {}));
    return ++count != filter.limit;
  });
  print(buffer);
  if (count == 0)
    complain(filter.disposition.empty() ? "there are no cases yet"
                                        : "there are no cases with the disposition " + filter.disposition);
  return Exit::ok;
}

Exit case_show(const Options& options, const std::string& id) {
  const std::string key = key_of(id);
  const std::string state = state_of(options);
  const auto store = store::Store::open(state, false);
  const auto row = find_alert(*store, key, state);
  if (row.state != AlertState::triaged) throw Error(Exit::mismatch, why_no_case(*store, row));
  const auto root = fs::Dir::open(state);
  const auto dir = root ? case_dir(*root, row) : std::nullopt;
  Shown c{dir ? json_file(*dir, "case.json") : OrderedJson(), dir ? dir->path() : "", {}};
  if (!c.file.is_object())
    throw Error(
        Exit::mismatch,
        fmt::format(
            "{} of case c-{} is {} in {}. The pipeline has no cases stage, or it was lost: `signalfoundry reconcile` "
            "tells; `signalfoundry explain {}` shows the verdict.",
            dir ? "case.json" : "the directory", key, dir ? "damaged or missing" : "missing",
            printable(state, kLongestPath), key));
  list_files(*dir, c.path, c.files);
  if (const auto pack = root->find_path("packs/c-" + key)) list_files(*pack, pack->path(), c.files);
  if (!options.json) {
    print(show_text(c));
    return Exit::ok;
  }
  c.file["path"] = c.path;
  c.file["files"] = c.files;
  print_line(one_line(c.file));
  return Exit::ok;
}

Exit explain(const Options& options, const std::string& id) {
  const std::string key = key_of(id);
  const std::string state = state_of(options);
  const auto store = store::Store::open(state, false);
  const auto row = find_alert(*store, key, state);
  std::vector<OrderedJson> entries;
  Exit exit = Exit::ok;
  for (const auto& line : entries_about(*store, row)) {
    auto entry = OrderedJson::parse(line, nullptr, false);
    if (!store::check_entry(line) || !entry.is_object()) {
      complain(fmt::format("an entry about this alert is damaged: {} Run `signalfoundry ledger verify`.",
                           printable(line, 100)));
      exit = Exit::mismatch;
    }
    if (entry.is_object()) entries.push_back(std::move(entry));
  }
  if (options.json)
    print_line(one_line(explain_json(row, entries)));
  else
    print(explain_text(*store, row, entries));
  return exit;
}

}  // namespace signalfoundry::app
