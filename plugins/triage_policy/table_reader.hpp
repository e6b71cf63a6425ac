// SPDX-License-Identifier: Apache-2.0
//
// table_reader.hpp - takes the keys of one TOML table one by one, typed and checked; what is left over is unknown.
//
// Used while a policy is loaded; one thread.
#pragma once
#include "policy_file.hpp"
#include "toml_tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace triage_policy {

class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}
  const std::string& file() const { return file_; }
  void add(Place place, std::string what) { found_.push_back({file_, place, std::move(what)}); }
  // In file order; empties it.
  std::vector<Problem> take();

 private:
  std::string file_;
  std::vector<Problem> found_;
};

// What a name stands for; decides which characters it may have.
enum class NameOf : std::uint8_t { rule, event, group, host, host_pattern, location, provider };

class TableReader {
 public:
  // `label` names the table in problems: "[thresholds]", "[[known_fp]] kfp-001". The table and `problems` must outlive
  // it.
  TableReader(const Node& table, std::string label, Problems& problems);

  void relabel(std::string label) { label_ = std::move(label); }
  const std::string& label() const { return label_; }
  Place place() const { return table_.place; }
  Problems& problems() { return problems_; }

  // Each marks its key as known. A value of the wrong kind is a problem and counts as absent.
  const Node* take(std::string_view key);
  const Node* take(std::string_view key, Node::Kind kind, const char* example);
  // One line, 1 to `limit` bytes.
  std::optional<std::string> text(std::string_view key, const char* example, std::size_t limit = 500);
  std::optional<bool> flag(std::string_view key);
  std::optional<int> level(std::string_view key);
  std::optional<std::int64_t> instant(std::string_view key);
  std::optional<Disposition> disposition(std::string_view key, std::vector<Disposition> allowed);
  std::optional<std::vector<Name>> names(std::string_view key, NameOf what, bool may_be_empty = false);
  std::optional<Name> name(std::string_view key, NameOf what);
  // The tables of an array of tables.
  std::vector<const Node*> tables(std::string_view key);

  void missing(std::string_view key, const char* example);
  void problem(Place place, std::string what) { problems_.add(place, label_ + " " + std::move(what)); }
  // Reports every key that was not taken, with the nearest one that could be meant.
  void finish();

 private:
  std::optional<Name> one_name(const Node& node, std::string_view key, NameOf what);

  const Node& table_;
  std::string label_;
  Problems& problems_;
  std::vector<std::string_view> known_;
};

// Nothing when `text` is a canonical field or a JSON pointer, else what is wrong and what to do.
std::optional<std::string> field_problem(std::string_view text);

}  // namespace triage_policy
