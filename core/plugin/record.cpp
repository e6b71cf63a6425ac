// SPDX-License-Identifier: Apache-2.0
#include "plugin/record.hpp"

#include <signalfoundry/fields.hpp>

#include <array>
#include <variant>

#include "base/time.hpp"

namespace signalfoundry::plugin {

namespace {

enum class Fact {
  alert_key,
  alert_id,
  alert_source,
  alert_sha256,
  alert_received,
  alert_raised,
  case_id,
  case_path,
  verdict_disposition,
  verdict_reason,
  verdict_trail,
  verdict_stage,
  verdict_plugin,
  verdict_inputs,
  verdict_time,
  verdict_seq,
  count
};
// In the order of Fact.
constexpr auto& kFacts = sf::kFacts;
static_assert(kFacts.size() == static_cast<std::size_t>(Fact::count));
static_assert(kFacts[static_cast<std::size_t>(Fact::verdict_seq)] == "verdict.seq");

sf_str view(std::string_view text) {
  return {text.data(), text.size()};
}

sf_status put_text(std::string_view text, sf_value& out) {
  out.type = SF_STR;
  out.as.str = view(text);
  return SF_OK;
}
sf_status put_made(const Record& record, std::string text, sf_value& out, uint32_t type = SF_STR) {
  out.type = type;
  out.as.str = view(record.scratch.emplace_back(std::move(text)));
  return SF_OK;
}

sf_status put_number(const Json& value, sf_value& out) {
  out.type = SF_F64;
  out.as.f64 = value.get<double>();
  return SF_OK;
}

sf_status put_json(const Record& record, const Json& value, sf_value& out) {
  switch (value.type()) {
    case Json::value_t::string:
      return put_text(value.get_ref<const std::string&>(), out);
    case Json::value_t::boolean:
      out.type = SF_BOOL;
      out.as.boolean = value.get<bool>() ? 1 : 0;
      return SF_OK;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return put_number(value, out);
      out.type = SF_I64;
      out.as.i64 = value.get<std::int64_t>();
      return SF_OK;
    case Json::value_t::number_float:
      return put_number(value, out);
    case Json::value_t::object:
      return put_made(record, value.dump(), out, SF_OBJECT);
    case Json::value_t::array:
      return put_made(record, value.dump(), out, SF_ARRAY);
    default:
      return SF_ABSENT;
  }
}

bool is_list(Field field) {
  return field == Field::rule_groups || field == Field::rule_mitre_id || field == Field::rule_mitre_tactic ||
         field == Field::rule_mitre_technique;
}

sf_status put_field(const Record& record, Field field, sf_value& out) {
  const Alert& alert = *record.alert;
  if (field == Field::time) return put_made(record, rfc3339(alert.time_ms), out);
  if (field == Field::rule_level) {
    out.type = SF_I64;
    out.as.i64 = alert.level.value_or(0);
    return alert.level ? SF_OK : SF_ABSENT;
  }
  if (field == Field::severity) return alert.level ? put_text(severity_word(*alert.level), out) : SF_ABSENT;
  const Json* value = alert.mapping->find(field, alert.document);
  if (value == nullptr) return SF_ABSENT;
  if (is_list(field))
    return value->is_array() ? put_json(record, *value, out)
                             : put_made(record, Json::array({*value}).dump(), out, SF_ARRAY);
  if (value->is_array() && !value->empty()) value = &value->front();
  if (value->is_string()) return put_text(value->get_ref<const std::string&>(), out);
  if (value->is_structured() || value->is_null()) return SF_ABSENT;
  return put_made(record, scalar_text(*value), out);
}

sf_status put_optional(std::string_view text, sf_value& out) {
  return text.empty() ? SF_ABSENT : put_text(text, out);
}

sf_status put_fact(const Record& r, Fact fact, sf_value& out) {
  switch (fact) {
    case Fact::alert_key:
      return put_text(r.alert->key, out);
    case Fact::alert_id:
      return put_optional(r.alert->id, out);
    case Fact::alert_source:
      return put_text(r.alert->source, out);
    case Fact::alert_sha256:
      return put_text(r.alert->sha256, out);
    case Fact::alert_received:
      return put_made(r, rfc3339(r.received_ms), out);
    case Fact::alert_raised:
      return r.alert->has_time ? put_made(r, rfc3339(r.alert->time_ms), out) : SF_ABSENT;
    case Fact::case_id:
      return put_made(r, r.case_id(), out);
    case Fact::case_path:
      return put_made(r, r.case_path(), out);
    default:
      break;
  }
  if (r.verdict.disposition == store::Disposition::none) return SF_ABSENT;
  switch (fact) {
    case Fact::verdict_disposition:
      return put_text(store::disposition_name(r.verdict.disposition), out);
    case Fact::verdict_reason:
      return put_text(r.verdict.reason, out);
    case Fact::verdict_trail:
      return put_text(r.verdict.trail, out);
    case Fact::verdict_stage:
      return put_optional(r.verdict.stage, out);
    case Fact::verdict_plugin:
      return put_optional(r.verdict.plugin, out);
    case Fact::verdict_inputs:
      return put_optional(r.verdict.inputs, out);
    case Fact::verdict_time:
      return put_made(r, rfc3339(r.verdict.time_ms), out);
    default:
      out.type = SF_I64;
      out.as.i64 = r.verdict.seq;
      return SF_OK;
  }
}

}  // namespace

struct CompiledPath {
  std::variant<Pointer, Field, Fact> what;
};
void CompiledPathDeleter::operator()(CompiledPath* path) const {
  delete path;
}

std::string Record::case_path() const {
  return date_path(alert->time_ms) + "/" + case_id();
}

CompiledPathPtr compile_path(std::string_view text) {
  if (auto pointer = Pointer::parse(text)) return CompiledPathPtr(new CompiledPath{std::move(*pointer)});
  if (const auto field = field_of(text)) return CompiledPathPtr(new CompiledPath{*field});
  for (std::size_t i = 0; i < kFacts.size(); ++i)
    if (kFacts[i] == text) return CompiledPathPtr(new CompiledPath{static_cast<Fact>(i)});
  return nullptr;
}

sf_status get_value(const Record& record, const CompiledPath& path, sf_value& out) {
  if (const auto* pointer = std::get_if<Pointer>(&path.what)) {
    const Json* value = pointer->find(record.alert->document);
    return value == nullptr ? SF_ABSENT : put_json(record, *value, out);
  }
  if (const auto* field = std::get_if<Field>(&path.what)) return put_field(record, *field, out);
  return put_fact(record, std::get<Fact>(path.what), out);
}

sf_status each_text(const Record& record, const CompiledPath& path, int32_t (*visit)(void*, sf_str), void* impl) {
  const Json* value = nullptr;
  if (const auto* pointer = std::get_if<Pointer>(&path.what)) value = pointer->find(record.alert->document);
  if (const auto* field = std::get_if<Field>(&path.what);
      field != nullptr && *field != Field::time && *field != Field::severity && *field != Field::rule_level)
    value = record.alert->mapping->find(*field, record.alert->document);
  if (value == nullptr) {
    sf_value one{};
    if (get_value(record, path, one) != SF_OK) return SF_ABSENT;
    if (one.type == SF_STR)
      visit(impl, one.as.str);
    else if (one.type == SF_I64)
      visit(impl, view(record.scratch.emplace_back(std::to_string(one.as.i64))));
    return SF_OK;
  }
  if (value->is_null()) return SF_ABSENT;
  const auto give = [&](const Json& item) {
    if (item.is_string()) return visit(impl, view(item.get_ref<const std::string&>())) == 0;
    if (item.is_structured() || item.is_null()) return true;
    return visit(impl, view(record.scratch.emplace_back(scalar_text(item)))) == 0;
  };
  if (!value->is_array()) {
    give(*value);
    return SF_OK;
  }
  for (const auto& item : *value)
    if (!give(item)) break;
  return SF_OK;
}

}  // namespace signalfoundry::plugin
