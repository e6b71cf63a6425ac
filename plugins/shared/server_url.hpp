// SPDX-License-Identifier: Apache-2.0
//
// server_url.hpp - the setting `url` of a source: checked, and never shown with what may be a password. [any-thread]
#pragma once
#include <signalfoundry/error.hpp>

#include <string>

#include "safe_text.hpp"

namespace shared {

// What a refusal says of the address that was meant.
struct UrlWords {
  std::string address;  // "indexer address"
  std::string example;  // "https://host:9200"
  std::string instead;  // of a user in the address: "use user and password of the stage"
};

// "host:port" of `url`, printable: what messages call the server. Throws sf::Error(SF_INVALID) with a sentence for what
// is no http:// or https:// address, names a user, or has a query or fragment.
inline std::string where_of(const std::string& url, const UrlWords& words) {
  // An @ anywhere: a password may hold a slash, a ? or a #, and what stands before the @ is not to be shown.
  if (url.find('@') != std::string::npos)
    throw sf::Error(SF_INVALID, "url must not hold a user or password; " + words.instead);
  const auto refuse = [&](const char* more) {
    throw sf::Error(SF_INVALID, "url = \"" + printable(url.substr(0, url.find_first_of("?#"))) + "\" is no " +
                                    words.address + "; write " + words.example + more);
  };
  const bool tls = url.rfind("https://", 0) == 0;
  if (!tls && url.rfind("http://", 0) != 0) refuse("");
  auto host = url.substr(tls ? 8 : 7);
  host = host.substr(0, host.find('/'));
  if (host.empty() || url.find_first_of("?#") != std::string::npos) refuse(", without ? or #");
  const auto colon = host.rfind(':');
  const bool port = colon != std::string::npos && host.find(']', colon) == std::string::npos;
  return printable(port ? host : host + (tls ? ":443" : ":80"));
}

}  // namespace shared
