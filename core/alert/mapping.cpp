// SPDX-License-Identifier: Apache-2.0
#include "alert/mapping.hpp"

#include <signalfoundry/fields.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "base/digest.hpp"
#include "base/text.hpp"

namespace signalfoundry {

namespace {

// In the order of Field.
constexpr auto& kNames = sf::kCanonicalFields;
static_assert(kNames.size() == static_cast<std::size_t>(Field::count));
static_assert(kNames[static_cast<std::size_t>(Field::rule_mitre_technique)] == "rule.mitre.technique");
static_assert(kNames[static_cast<std::size_t>(Field::location)] == "location");

std::vector<Pointer> pointers(const Json& list, const std::string& where) {
  std::vector<Pointer> out;
  for (const auto& item : list) {
    auto pointer = item.is_string() ? Pointer::parse(item.get<std::string>()) : std::nullopt;
    if (!pointer) throw std::invalid_argument(where + " holds something that is no JSON pointer");
    out.push_back(std::move(*pointer));
  }
  return out;
}

// Bounded in depth: what is copied below is copied by recursion.
Json parse_mapping(std::string_view text) {
  try {
    return parse_json(text);
  } catch (const Rejected& error) {
    throw std::invalid_argument(std::string("the mapping is not a JSON object: ") + error.what());
  }
}

// The element of an array that a token names; null where it names none.
const Json* element(const Json& array, const std::string& token) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc{} || end != token.data() + token.size() || index >= array.size()) return nullptr;
  return &array[index];
}

// No member is looked at twice: different names lead to different members. Depth: the number of tokens.
const Json* dotted_find(const std::string* token, const std::string* end, const Json& at) {
  if (token == end) return &at;
  if (at.is_array()) {
    const Json* inner = element(at, *token);
    return inner == nullptr ? nullptr : dotted_find(token + 1, end, *inner);
  }
  if (!at.is_object()) return nullptr;
  const auto& object = at.get_ref<const Json::object_t&>();
  std::string name;
  while (token != end) {
    name += *token++;
    if (const auto it = object.find(name); it != object.end())
      if (const Json* value = dotted_find(token, end, it->second)) return value;
    name += '.';
  }
  return nullptr;
}

// As a token of a JSON pointer (RFC 6901).
std::string escaped(const std::string& part) {
  std::string out;
  for (const char c : part) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

std::optional<double> number(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

std::string_view field_name(Field field) {
  return kNames[static_cast<std::size_t>(field)];
}

std::optional<Field> field_of(std::string_view name) {
  const auto it = std::find(kNames.begin(), kNames.end(), name);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<Field>(it - kNames.begin());
}

std::optional<Pointer> Pointer::parse(std::string_view text) {
  Pointer out;
  if (text.empty() || text.front() != '/') return std::nullopt;
  while (!text.empty()) {
    text.remove_prefix(1);
    const auto slash = std::min(text.find('/'), text.size());
    std::string token;
    for (std::size_t i = 0; i < slash; ++i) {
      if (text[i] != '~') {
        token += text[i];
      } else if (i + 1 < slash && (text[i + 1] == '0' || text[i + 1] == '1')) {
        token += text[++i] == '0' ? '~' : '/';
      } else {
        return std::nullopt;
      }
    }
    out.tokens_.push_back(std::move(token));
    text.remove_prefix(slash);
  }
  return out;
}

const Json* Pointer::find(const Json& document) const {
  const Json* at = &document;
  for (const auto& token : tokens_) {
    if (at->is_object()) {
      const auto& object = at->get_ref<const Json::object_t&>();
      const auto it = object.find(token);
      if (it == object.end()) return nullptr;
      at = &it->second;
    } else if (at->is_array()) {
      at = element(*at, token);
      if (at == nullptr) return nullptr;
    } else {
      return nullptr;
    }
  }
  return at;
}

const Json* Pointer::find_dotted(const Json& document) const {
  return dotted_find(tokens_.data(), tokens_.data() + tokens_.size(), document);
}

void Pointer::erase_from(Json& document) const {
  Pointer parent = *this;
  parent.tokens_.pop_back();
  auto* holder = const_cast<Json*>(parent.find(document));
  if (holder != nullptr && holder->is_object()) holder->erase(tokens_.back());
}

std::shared_ptr<const Mapping> Mapping::parse(std::string_view text) {
  const Json json = parse_mapping(text);
  if (!json.is_object()) throw std::invalid_argument("the mapping is not a JSON object");
  auto out = std::make_shared<Mapping>();
  out->text_ = text;
  out->digest_ = sha256_hex(text).substr(0, 16);
  try {
    out->read(json);
  } catch (const Json::exception&) {
    throw std::invalid_argument("a member of the mapping has the wrong type (docs/formats/alert.md)");
  }
  return out;
}

void Mapping::read(const Json& json) {
  name_ = json.value("name", "");
  const Json identity = json.value("identity", Json::object());
  read_ids(identity.value("id", Json::array()));
  nodes_ = pointers(identity.value("node", Json::array()), "identity.node");
  ignored_ = pointers(identity.value("ignore", Json::array()), "identity.ignore");
  id_seconds_ = identity.value("id_seconds", false);
  dotted_ = json.value("dotted", false);
  const Json fields = json.value("fields", Json::object());
  for (const auto& [name, list] : fields.items()) {
    const auto field = field_of(name);
    if (!field || *field == Field::severity)
      throw std::invalid_argument("\"" + printable(name, 64) + "\" is no canonical field");
    fields_[static_cast<std::size_t>(*field)] = pointers(list, "fields." + name);
  }
  const Json level = json.value("level", Json::object());
  if (level.contains("fields"))
    fields_[static_cast<std::size_t>(Field::rule_level)] = pointers(level["fields"], "level.fields");
  level_from_ = level.value("from", 0.0);
  level_to_ = level.value("to", 15.0);
  if (!(level_to_ > level_from_) || !std::isfinite(level_to_ - level_from_))
    throw std::invalid_argument("level.to is not over level.from");
  const Json words = level.value("words", Json::object());
  for (const auto& [word, value] : words.items())
    level_words_[word] = static_cast<int>(std::clamp(value.get<double>(), 0.0, 15.0));
}

// Each is a pointer, or a list of them: the parts of one id.
void Mapping::read_ids(const Json& list) {
  for (const auto& item : list) {
    auto parts = pointers(item.is_array() ? item : Json::array({item}), "identity.id");
    if (parts.empty()) throw std::invalid_argument("identity.id holds an id of no parts");
    ids_.push_back(std::move(parts));
  }
}

const Json* Mapping::at(const Pointer& pointer, const Json& document) const {
  return dotted_ ? pointer.find_dotted(document) : pointer.find(document);
}

const Json* Mapping::first(const std::vector<Pointer>& pointers, const Json& document, Want want) const {
  for (const auto& pointer : pointers) {
    const Json* value = at(pointer, document);
    if (value == nullptr || value->is_null() || value->is_object()) continue;
    if (want == Want::scalar_or_list || !value->is_array()) return value;
  }
  return nullptr;
}

const Json* Mapping::find(Field field, const Json& document) const {
  const Want want = field == Field::time || field == Field::rule_level ? Want::scalar : Want::scalar_or_list;
  return first(fields_[static_cast<std::size_t>(field)], document, want);
}

std::optional<int> Mapping::level(const Json& document) const {
  for (const auto& pointer : fields_[static_cast<std::size_t>(Field::rule_level)])
    if (const Json* value = at(pointer, document))
      if (const auto level = level_of(*value)) return level;
  return std::nullopt;
}

std::optional<int> Mapping::level_of(const Json& value) const {
  if (value.is_string())
    if (const auto it = level_words_.find(value.get_ref<const std::string&>()); it != level_words_.end())
      return it->second;
  const auto raw = number(value);
  if (!raw || !std::isfinite(*raw)) return std::nullopt;
  const double scaled = (*raw - level_from_) * 15.0 / (level_to_ - level_from_);
  return static_cast<int>(std::clamp(scaled, 0.0, 15.0));
}

std::string Mapping::id(const Json& document) const {
  for (const auto& parts : ids_) {
    std::string whole;
    for (const auto& part : parts) {
      const Json* value = at(part, document);
      std::string text = value == nullptr ? std::string() : scalar_text(*value);
      if (text.empty()) break;
      if (parts.size() == 1) return text;
      whole += (whole.empty() ? "" : "/") + escaped(text);
      if (&part == &parts.back()) return whole;
    }
  }
  return {};
}

std::string Mapping::node(const Json& document) const {
  const Json* value = first(nodes_, document, Want::scalar);
  return value == nullptr ? std::string() : scalar_text(*value);
}

std::string Mapping::comparable(const Json& document) const {
  Json copy = document;
  for (const auto& pointer : ignored_) pointer.erase_from(copy);
  return copy.dump();
}

std::string_view severity_word(int level) {
  if (level >= 15) return "critical";
  if (level >= 12) return "high";
  if (level >= 7) return "medium";
  return level >= 4 ? "low" : "informational";
}

}  // namespace signalfoundry
