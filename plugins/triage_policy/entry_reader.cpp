// SPDX-License-Identifier: Apache-2.0
#include "entry_reader.hpp"

#include "policy_text.hpp"

#include <algorithm>
#include <utility>

namespace triage_policy {
namespace {

using Op = Condition::Op;
struct OpName {
  std::string_view key;
  Op op;
};
constexpr OpName kOps[] = {
    {"any", Op::any}, {"all", Op::all}, {"equals", Op::equals}, {"glob", Op::glob}, {"cidr", Op::cidr}};

bool good_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::vector<std::string> texts_of(std::optional<std::vector<Name>> names) {
  std::vector<std::string> out;
  if (names)
    for (auto& name : *names) out.push_back(std::move(name.text));
  return out;
}

// "" when the text can be compared with.
std::string text_problem(std::string_view text, Op op) {
  if (trim(text).empty()) return "an empty text is in every value. Take it out";
  if (text.size() > 1024) return "a text is longer than 1024 bytes. Shorten it";
  if (op == Op::glob && text.find_first_not_of('*') == std::string_view::npos)
    return in_quotes(text) + " matches every value. Say what must be in it";
  std::string why;
  if (op == Op::cidr) Network::parse(text, why);
  return why;
}

}  // namespace

std::vector<Entry> EntryReader::read(TableReader& parent, std::string_view key, const std::string& label,
                                     EntryKind kind) {
  std::vector<Entry> out;
  for (const Node* node : parent.tables(key)) out.push_back(read_one(*node, label, kind));
  return out;
}

Entry EntryReader::read_one(const Node& node, const std::string& label, EntryKind kind) {
  TableReader table(node, label, problems_);
  Entry out;
  out.place = node.place;
  read_id(table, label, out);
  read_disposition(table, kind, out);
  out.monitor = table.flag("monitor").value_or(false);
  if (kind != EntryKind::tier) {
    out.allow_dangerous = table.flag("allow_dangerous").value_or(false);
    if (out.allow_dangerous && out.disposition == Disposition::escalated) {
      table.problem(table.place(), "escalates, so there is no danger to set aside. Take allow_dangerous out.");
      out.allow_dangerous = false;
    }
  }
  read_custody(table, out);
  read_selectors(table, kind, out);
  table.finish();
  return out;
}

void EntryReader::read_id(TableReader& table, const std::string& label, Entry& out) {
  const Node* node = table.take("id", Node::Kind::string, "\"kfp-001\"");
  if (node == nullptr) {
    if (table.take("id") == nullptr) table.missing("id", "\"kfp-001\"");
    return;
  }
  out.id = node->text;
  if (!good_id(out.id)) {
    table.problem(node->place, "id is " + in_quotes(out.id) + ". Write 1 to 64 of: letters, digits, '.', '_', '-'.");
    return;
  }
  table.relabel(label + " " + out.id);
  const auto [first, fresh] = ids_.try_emplace(out.id, node->place);
  if (!fresh)
    table.problem(node->place, "has the id of the entry in line " + std::to_string(first->second.line) +
                                   ". Give each entry an id of its own.");
}

void EntryReader::read_disposition(TableReader& table, EntryKind kind, Entry& out) {
  using enum Disposition;
  out.disposition = known_fp;
  if (kind == EntryKind::known_fp || kind == EntryKind::suppression) return;
  const bool tier = kind == EntryKind::tier;
  const auto given = table.disposition(
      "disposition", tier ? std::vector{review, escalated} : std::vector{benign, known_fp, review, escalated});
  if (!given && table.take("disposition") == nullptr) table.missing("disposition", "\"review\"");
  out.disposition = given.value_or(review);
}

// Who answers for the entry, why, since when and until when.
void EntryReader::read_custody(TableReader& table, Entry& out) {
  const bool answers = closes(out.disposition) || out.allow_dangerous;
  const auto reason = table.text("reason", "\"why this is so\"");
  const auto owner = table.text("owner", "\"who answers for it\"", 128);
  const auto created = table.instant("created");
  const auto expires = table.instant("expires");
  const auto want = [&](bool wanted, std::string_view key, const char* example) {
    if (wanted && table.take(key) == nullptr) table.missing(key, example);
  };
  want(true, "reason", "\"why this is so\"");
  want(answers, "owner", "\"who answers for it\"");
  want(answers, "created", "2026-01-15");
  want(answers, "expires", "2026-07-15");
  if (created && expires && *created >= *expires)
    table.problem(table.take("expires")->place, "expires before it is created. Write a later date.");
  out.reason = reason.value_or("");
  out.owner = owner.value_or("");
  out.created_ms = created.value_or(0);
  out.expires_ms = expires.value_or(kNever);
}

void EntryReader::read_selectors(TableReader& table, EntryKind kind, Entry& out) {
  out.rule_ids = texts_of(table.names("rule_ids", NameOf::rule));
  out.groups = texts_of(table.names("groups", NameOf::group));
  out.hosts = texts_of(table.names("hosts", NameOf::host_pattern));
  out.locations = texts_of(table.names("locations", NameOf::location));
  out.provider_names = texts_of(table.names("provider_names", NameOf::provider));
  out.event_ids = texts_of(table.names("event_ids", NameOf::event));
  out.min_level = table.level("min_level");
  out.max_level = table.level("max_level");
  if (out.min_level && out.max_level && *out.min_level > *out.max_level)
    table.problem(table.take("min_level")->place, "has a min_level above its max_level. Swap them.");
  read_where(table, out);
  bool named = false;
  for (const char* key : {"rule_ids", "groups", "hosts", "locations", "provider_names", "event_ids"})
    named = named || table.take(key) != nullptr;
  bool any = named;
  for (const char* key : {"min_level", "max_level", "where"}) any = any || table.take(key) != nullptr;
  if (kind == EntryKind::tier && table.take("event_ids") == nullptr)
    table.missing("event_ids", "[3]");
  else
    check_width(table, out, named, any);
}

void EntryReader::check_width(TableReader& table, const Entry& entry, bool named, bool any) {
  const char* names = "rule_ids, groups, hosts, locations, provider_names or event_ids";
  if (!any) {
    table.problem(table.place(),
                  std::string("has no selector, so it would match every alert. Add one of ") + names + ".");
  } else if (!named && closes(entry.disposition)) {
    table.problem(table.place(),
                  std::string("closes alerts of every rule, group and host by level or text alone, and text is "
                              "the attacker's to write. Add one of ") +
                      names + ".");
  }
}

void EntryReader::read_where(TableReader& table, Entry& out) {
  const Node* given = table.take("where");
  for (const Node* node : table.tables("where")) out.where.push_back(read_condition(*node, table.label() + " where:"));
  if (given != nullptr && given->kind == Node::Kind::array && given->items.empty())
    table.problem(given->place, "where is an empty list. Add a condition, or leave the key out.");
}

Condition EntryReader::read_condition(const Node& node, const std::string& label) {
  TableReader table(node, label, problems_);
  Condition out;
  if (const auto field = table.text("field", "\"process.command_line\"")) {
    out.field = *field;
    const auto wrong = field.value().empty() ? std::nullopt : field_problem(*field);
    if (wrong) table.problem(table.take("field")->place, "field " + *wrong + (wrong->back() == '?' ? "" : "."));
  } else if (table.take("field") == nullptr) {
    table.missing("field", "\"process.command_line\"");
  }
  int ops = 0;
  for (const auto& [key, op] : kOps) {
    if (table.take(key) == nullptr) continue;
    ++ops;
    out.op = op;
    read_texts(table, key, out);
  }
  if (ops != 1)
    table.problem(node.place, std::string(ops == 0 ? "compares with nothing" : "has more than one comparison") +
                                  ". Write one of any, all, equals, glob and cidr" +
                                  (ops == 0 ? "." : ", and a table of its own for each other."));
  table.finish();
  return out;
}

void EntryReader::read_texts(TableReader& table, std::string_view key, Condition& out) {
  const Node* list = table.take(key, Node::Kind::array, "[\"…\"]");
  if (list == nullptr) return;
  const std::string name(key);
  if (list->items.empty()) table.problem(list->place, name + " is an empty list. Add a text.");
  for (const Node& item : list->items) {
    const bool number = item.kind == Node::Kind::integer;
    if (!number && item.kind != Node::Kind::string) {
      table.problem(item.place, name + " has " + kind_word(item.kind) + " where a text is wanted. Write it in quotes.");
      continue;
    }
    std::string text = number ? std::to_string(item.integer) : item.text;
    const std::string wrong = text_problem(text, out.op);
    if (!wrong.empty()) {
      table.problem(item.place, name + ": " + wrong + ".");
    } else {
      out.texts.push_back(std::move(text));
    }
  }
}

}  // namespace triage_policy
