// SPDX-License-Identifier: Apache-2.0
//
// Goal: any text is a mapping or refused with a sentence, and a mapping reads any alert the same way each time.
// Input: a mapping in the first line, an alert in the others.
#include "alert/alert.hpp"
#include "alert/mapping.hpp"
#include "fuzz.hpp"

using namespace signalfoundry;
using fuzz::hold;

namespace {

void check_mapping(const std::shared_ptr<const Mapping>& mapping, const std::string& bytes) {
  const Alert alert = read_alert(bytes, "poll", mapping, "doc", 7);
  hold(is_key(alert.key) && alert.bytes == bytes);
  hold(!alert.level || (*alert.level >= 0 && *alert.level <= 15));
  const Json& document = alert.document;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Field::count); ++i) {
    const Json* value = mapping->find(static_cast<Field>(i), document);
    hold(value == nullptr || (!value->is_null() && !value->is_object()));
  }
  hold(Json::accept(mapping->comparable(document)));
  const auto again = Mapping::parse(mapping->text());
  hold(read_alert(bytes, "poll", again, "doc", 7).key == alert.key);
  hold(again->level(document) == mapping->level(document) && again->id(document) == mapping->id(document));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [text, document] = fuzz::cut(fuzz::text_of(data, size), "\n");
  try {
    const auto mapping = Mapping::parse(text);
    hold(mapping->text() == text);
    check_mapping(mapping, std::string(document));
  } catch (const std::invalid_argument& error) {
    hold(fuzz::sentence(error.what()));
  } catch (const Rejected& error) {
    hold(fuzz::sentence(error.what()));
  }
  if (const auto pointer = Pointer::parse(text)) hold(pointer->find(Json(1)) == nullptr);
  return 0;
}
