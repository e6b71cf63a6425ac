// SPDX-License-Identifier: Apache-2.0
//
// Goal: any bytes are read as an alert or rejected with a reason; what is read has a key, and reads back to the same
// one.
#include <signalfoundry/wazuh_mapping.hpp>

#include <cstdlib>

#include "alert/alert.hpp"
#include "base/text.hpp"

using namespace signalfoundry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto mapping = Mapping::parse(sf::kWazuhMapping);
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    const Alert alert = read_alert(bytes, "poll", mapping, "doc", 7);
    if (!is_key(alert.key) || alert.bytes != bytes || (alert.level && (*alert.level < 0 || *alert.level > 15)))
      std::abort();
    if (!valid_utf8(bytes) || !Json::accept(json_quote(alert.id))) std::abort();
    if (read_alert(alert.document.dump(), "poll", mapping, alert.id, 7).key != alert.key) std::abort();
  } catch (const Rejected& e) {
    const std::string_view reason = e.what();
    if (reason.empty() || reason.size() > 300 || printable(reason, 300) != reason) std::abort();
  }
  try {
    Mapping::parse(bytes);
  } catch (const std::invalid_argument&) {
    return 0;
  }
  return 0;
}
