// SPDX-License-Identifier: Apache-2.0
#include "conformance/search_query.hpp"

#include <algorithm>

#include "base/time.hpp"
#include "conformance/documents.hpp"

namespace signalfoundry::conformance {

using nlohmann::json;

namespace {

[[noreturn]] void odd(const std::string& what, const json& where) {
  throw NotUnderstood(what + ": " + where.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 200));
}

// The one member of {"range": {...}}.
std::pair<std::string, const json*> only(const json& object) {
  if (!object.is_object() || object.size() != 1) odd("one member was expected", object);
  return {object.begin().key(), &object.begin().value()};
}

bool exists(const json* value) {
  if (value == nullptr || value->is_null()) return false;
  return !value->is_array() || !value->empty();
}

bool equals(const json* value, const json& wanted) {
  if (value == nullptr) return false;
  const json& one = wanted.is_object() && wanted.contains("value") ? wanted.at("value") : wanted;
  if (value->is_array())
    return std::any_of(value->begin(), value->end(), [&](const json& item) { return item == one; });
  return *value == one;
}

bool in_range(const json* value, const json& bounds) {
  if (!exists(value)) return false;
  const auto time = value->is_number() ? std::nullopt : millis_of(*value);
  const auto number = value->is_number() ? value->get<double>() : time ? static_cast<double>(*time) : 0;
  if (!value->is_number() && !time) return false;
  for (const auto& [name, bound] : bounds.items()) {
    if (name == "format" || name == "time_zone" || name == "boost") continue;
    if (bound.is_null()) continue;
    const auto at = bound.is_number() ? std::nullopt : millis_of(bound);
    if (!bound.is_number() && !at) odd("a bound of a range", bounds);
    const auto edge = bound.is_number() ? bound.get<double>() : static_cast<double>(*at);
    if (name == "gte" || name == "from") {
      if (number < edge) return false;
    } else if (name == "gt") {
      if (number <= edge) return false;
    } else if (name == "lte" || name == "to") {
      if (number > edge) return false;
    } else if (name == "lt") {
      if (number >= edge) return false;
    } else {
      odd("a range", bounds);
    }
  }
  return true;
}

// A clause that may be one query or a list of them.
template <class Test>
bool all(const json& clause, Test&& test) {
  if (clause.is_array()) return std::all_of(clause.begin(), clause.end(), test);
  return test(clause);
}

bool holds_bool(const json& about, const json& document, const std::string& id) {
  const auto yes = [&](const json& query) { return holds(query, document, id); };
  for (const auto& [name, clause] : about.items()) {
    if (name == "filter" || name == "must") {
      if (!all(clause, yes)) return false;
    } else if (name == "must_not") {
      if (!all(clause, [&](const json& query) { return !yes(query); })) return false;
    } else if (name == "should") {
      if (clause.is_array() && std::none_of(clause.begin(), clause.end(), yes)) return false;
    } else if (name != "minimum_should_match" && name != "boost") {
      odd("a bool query", about);
    }
  }
  return true;
}

}  // namespace

std::optional<std::int64_t> millis_of(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return static_cast<std::int64_t>(value.get<double>());
  if (!value.is_string()) return std::nullopt;
  return parse_time(value.get_ref<const std::string&>());
}

bool holds(const json& query, const json& document, const std::string& id) {
  const auto [kind, about] = only(query);
  if (kind == "match_all") return true;
  if (kind == "match_none") return false;
  if (kind == "bool") return holds_bool(*about, document, id);
  if (kind == "exists") return exists(field_of(document, about->at("field").get<std::string>()));
  if (kind == "ids") return equals(&about->at("values"), id);
  const auto [field, value] = only(*about);
  if (kind == "range") return in_range(field_of(document, field), *value);
  if (kind == "term" || kind == "match") {
    const json name = id;
    return equals(field == "_id" ? &name : field_of(document, field), *value);
  }
  if (kind == "terms") {
    const auto* found = field_of(document, field);
    return std::any_of(value->begin(), value->end(), [&](const json& one) { return equals(found, one); });
  }
  odd("a query", query);
}

json sort_values(const json& sort, const json& document, const std::string& id, std::uint64_t sequence) {
  json out = json::array();
  for (const auto& one : sort) {
    const std::string field = one.is_string() ? one.get<std::string>() : only(one).first;
    if (field == "_doc" || field == "_shard_doc") {
      out.push_back(sequence);
      continue;
    }
    if (field == "_id") {
      out.push_back(id);
      continue;
    }
    const auto* value = field_of(document, field);
    if (!exists(value)) {
      out.push_back(nullptr);
      continue;
    }
    // What reads as a time with date and zone is mapped as a date.
    const auto* text = value->get_ptr<const std::string*>();
    const auto time = text != nullptr && text->find('T') != std::string::npos ? parse_time(*text) : std::nullopt;
    out.push_back(time ? json(*time) : *value);
  }
  return out;
}

bool comes_before(const json& a, const json& b, const json& sort) {
  for (std::size_t i = 0; i < sort.size() && i < a.size() && i < b.size(); ++i) {
    if (a[i] == b[i]) continue;
    if (a[i].is_null() || b[i].is_null()) return b[i].is_null();
    const auto& one = sort[i];
    bool down = false;
    if (one.is_object()) {
      const auto& order = one.begin().value();
      down = order == "desc" || (order.is_object() && order.value("order", "asc") == "desc");
    }
    return down ? b[i] < a[i] : a[i] < b[i];
  }
  return false;
}

}  // namespace signalfoundry::conformance
