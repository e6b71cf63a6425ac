// SPDX-License-Identifier: Apache-2.0
#include "table_reader.hpp"

#include "policy_text.hpp"

#include <signalfoundry/fields.hpp>

#include <algorithm>
#include <utility>

namespace triage_policy {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Keys of other tools and of habit, and what they are called here.
struct Hint {
  std::string_view key;
  std::string_view here;
  std::string_view advice;
};
constexpr Hint kHints[] = {
    {"agent", "hosts", "Write hosts = [\"…\"]"},
    {"agents", "hosts", "Write hosts = [\"…\"]"},
    {"agent_name", "hosts", "Write hosts = [\"…\"]"},
    {"agent_names", "hosts", "Write hosts = [\"…\"]"},
    {"id", "rule_id", "Write rule_id = 5502"},
    {"name", "group", "Write group = \"sca\""},
    {"providers", "provider_names", "Write provider_names = [\"…\"]"},
    {"contains", "where", "Say in which field: where = [{ field = \"process.command_line\", any = [\"…\"] }]"},
    {"contains_any", "where", "Say in which field: where = [{ field = \"process.command_line\", any = [\"…\"] }]"},
    {"contains_all", "where", "Say in which field: where = [{ field = \"process.command_line\", all = [\"…\"] }]"},
};

const char* noun(NameOf what) {
  switch (what) {
    case NameOf::rule:
      return "rule id";
    case NameOf::event:
      return "event id";
    case NameOf::group:
      return "group";
    case NameOf::host:
    case NameOf::host_pattern:
      return "host";
    case NameOf::location:
      return "location";
    case NameOf::provider:
      return "provider";
  }
  return "name";
}

// "" when the name is fine.
std::string name_problem(std::string_view text, NameOf what) {
  const std::string shown = in_quotes(text);
  if (trim(text).empty()) return shown + " is an empty " + noun(what) + ". Take it out";
  const std::size_t limit = what == NameOf::location ? 1024 : 256;
  if (text.size() > limit) return shown + " is longer than " + std::to_string(limit) + " bytes. Shorten it";
  if (has_control(text)) return shown + " has a control character. Take it out";
  const bool patterns = what == NameOf::host_pattern || what == NameOf::location;
  if (!patterns && text.find('*') != std::string_view::npos)
    return shown + " has a '*', which stands for nothing in a " + noun(what) + ". Write each name out";
  if (patterns && trim(text).find_first_not_of('*') == std::string_view::npos)
    return shown + " is every " + noun(what) + ". Leave the key out, or name some";
  if (what == NameOf::group && text.find(',') != std::string_view::npos)
    return shown + " has a comma. Write each group as a text of its own";
  if (what == NameOf::host || what == NameOf::host_pattern) {
    std::string host;
    host_into(text, host);
    if (host.find_first_not_of('*') == std::string::npos)
      return shown + " leaves no name before its first '.'. Write the host's short name";
  }
  return {};
}

}  // namespace

std::string Problem::text() const {
  if (place.line == 0) return file + ": " + what;
  return file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + what;
}

std::vector<Problem> Problems::take() {
  std::stable_sort(found_.begin(), found_.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  return std::exchange(found_, {});
}

std::optional<std::string> field_problem(std::string_view text) {
  if (text.starts_with('/')) {
    for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1))
      if (at + 1 >= text.size() || (text[at + 1] != '0' && text[at + 1] != '1'))
        return in_quotes(text) + " is no JSON pointer: '~' must be followed by 0 or 1. Write '~' as \"~0\"";
    return std::nullopt;
  }
  const auto& fields = sf::kCanonicalFields;
  if (std::find(fields.begin(), fields.end(), text) != fields.end()) return std::nullopt;
  const auto near = nearest(text, {fields.begin(), fields.end()});
  const std::string say = in_quotes(text) + " is neither a canonical field nor a JSON pointer. ";
  if (!near.empty()) return say + "Did you mean " + in_quotes(near) + "?";
  return say + "Write one of docs/formats/alert.md, or a pointer like \"/data/win/eventdata/image\"";
}

TableReader::TableReader(const Node& table, std::string label, Problems& problems)
    : table_(table), label_(std::move(label)), problems_(problems) {}

const Node* TableReader::take(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  return table_.find(key);
}

const Node* TableReader::take(std::string_view key, Node::Kind kind, const char* example) {
  const Node* node = take(key);
  if (node == nullptr || node->kind == kind) return node;
  problem(node->place, std::string(key) + " must be " + kind_word(kind) + ", not " + kind_word(node->kind) +
                           ". Write " + std::string(key) + " = " + example + ".");
  return nullptr;
}

std::optional<std::string> TableReader::text(std::string_view key, const char* example, std::size_t limit) {
  const Node* node = take(key, Node::Kind::string, example);
  if (node == nullptr) return std::nullopt;
  const std::string_view text = trim(node->text);
  const std::string name(key);
  if (text.empty()) {
    problem(node->place, name + " is empty. Write " + name + " = " + example + ".");
  } else if (text.size() > limit) {
    problem(node->place, name + " is longer than " + std::to_string(limit) + " bytes. Shorten it.");
  } else if (has_control(text)) {
    problem(node->place, name + " has a control character or a line break. Write it in one line.");
  }
  return std::string(text);
}

std::optional<bool> TableReader::flag(std::string_view key) {
  const Node* node = take(key, Node::Kind::boolean, "true");
  return node == nullptr ? std::nullopt : std::optional(node->boolean);
}

std::optional<int> TableReader::level(std::string_view key) {
  const Node* node = take(key, Node::Kind::integer, "12");
  if (node == nullptr) return std::nullopt;
  if (node->integer >= 0 && node->integer <= 15) return static_cast<int>(node->integer);
  problem(node->place, std::string(key) + " is " + std::to_string(node->integer) +
                           ", but levels go from 0 to 15. Write one of those.");
  return std::nullopt;
}

std::optional<std::int64_t> TableReader::instant(std::string_view key) {
  const Node* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind == Node::Kind::date || node->kind == Node::Kind::instant) return node->integer;
  if (node->kind == Node::Kind::string)
    if (const auto ms = parse_instant(trim(node->text))) return ms;
  const std::string shown = node->kind == Node::Kind::string ? in_quotes(node->text) : kind_word(node->kind);
  problem(node->place, std::string(key) + " is " + shown +
                           ". Write a date (2026-07-01) or a time with its zone (2026-07-01T12:00:00Z).");
  return std::nullopt;
}

std::optional<Disposition> TableReader::disposition(std::string_view key, std::vector<Disposition> allowed) {
  const Node* node = take(key, Node::Kind::string, "\"review\"");
  if (node == nullptr) return std::nullopt;
  std::vector<std::string_view> words;
  std::string list;
  for (const Disposition& one : allowed) {
    if (node->text == word(one)) return one;
    words.emplace_back(word(one));
    list += (list.empty() ? "" : &one == &allowed.back() ? " or " : ", ") + in_quotes(word(one));
  }
  const auto near = nearest(node->text, words);
  problem(node->place,
          std::string(key) + " is " + in_quotes(node->text) + ". " +
              (near.empty() ? "Write " + list + "." : "Did you mean " + in_quotes(near) + "? It is " + list + "."));
  return std::nullopt;
}

std::optional<Name> TableReader::one_name(const Node& node, std::string_view key, NameOf what) {
  const bool number_allowed = what == NameOf::rule || what == NameOf::event;
  if (node.kind == Node::Kind::integer && number_allowed && node.integer >= 0)
    return Name{std::to_string(node.integer), node.place};
  if (node.kind != Node::Kind::string) {
    problem(node.place, std::string(key) + " has " + kind_word(node.kind) + " where a " + noun(what) +
                            " is wanted. Write a text" + (number_allowed ? " or a number from 0." : " in quotes."));
    return std::nullopt;
  }
  const std::string wrong = name_problem(node.text, what);
  if (!wrong.empty()) {
    problem(node.place, std::string(key) + ": " + wrong + ".");
    return std::nullopt;
  }
  return Name{std::string(trim(node.text)), node.place};
}

std::optional<std::vector<Name>> TableReader::names(std::string_view key, NameOf what, bool may_be_empty) {
  const Node* node = take(key, Node::Kind::array, "[\"…\"]");
  if (node == nullptr) return std::nullopt;
  if (node->items.empty() && !may_be_empty)
    problem(node->place, std::string(key) + " is an empty list, which no alert can match. Name at least one " +
                             noun(what) + ", or leave the key out.");
  std::vector<Name> out;
  for (const Node& item : node->items)
    if (auto name = one_name(item, key, what)) out.push_back(std::move(*name));
  return out;
}

std::optional<Name> TableReader::name(std::string_view key, NameOf what) {
  const Node* node = take(key);
  return node == nullptr ? std::nullopt : one_name(*node, key, what);
}

std::vector<const Node*> TableReader::tables(std::string_view key) {
  std::vector<const Node*> out;
  const Node* node = take(key);
  if (node == nullptr) return out;
  if (node->kind != Node::Kind::array) {
    problem(node->place, std::string(key) + " must be a list of tables, not " + kind_word(node->kind) + ". Write " +
                             std::string(key) + " = [{ … }], or [[…" + std::string(key) + "]] above its keys.");
    return out;
  }
  for (const Node& item : node->items) {
    if (item.kind == Node::Kind::table) {
      out.push_back(&item);
    } else {
      problem(item.place, std::string(key) + " has " + kind_word(item.kind) + " where a table is wanted. Write { … }.");
    }
  }
  return out;
}

void TableReader::missing(std::string_view key, const char* example) {
  problem(place(), "has no " + std::string(key) + ". Add " + std::string(key) + " = " + example + ".");
}

void TableReader::finish() {
  for (const Member& member : table_.members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    const std::string say = "has no key " + in_quotes(member.key) + ". ";
    const auto hint = std::find_if(std::begin(kHints), std::end(kHints), [&](const Hint& one) {
      return one.key == member.key && std::find(known_.begin(), known_.end(), one.here) != known_.end();
    });
    const auto near = nearest(member.key, known_);
    if (hint != std::end(kHints)) {
      problem(member.place, say + std::string(hint->advice) + ".");
    } else if (!near.empty()) {
      problem(member.place, say + "Did you mean " + in_quotes(near) + "?");
    } else {
      std::string list;
      for (const auto key : known_) list.append(list.empty() ? "" : ", ").append(key);
      problem(member.place, say + "It may have: " + list + ".");
    }
  }
}

}  // namespace triage_policy
