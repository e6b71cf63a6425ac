// SPDX-License-Identifier: Apache-2.0
//
// Goal: an address that a source cannot use is refused with a sentence, and no sentence shows a password.
#include "../../../../plugins/shared/server_url.hpp"

#include "support/catch.h"

namespace {

std::string said(const std::string& url) {
  try {
    return shared::where_of(url, {"indexer address", "https://host:9200", "use user and password"});
  } catch (const sf::Error& error) {
    CHECK(error.code() == SF_INVALID);
    return error.what();
  }
}

}  // namespace

TEST_CASE("server url: host and port, as messages name the server", "[shared]") {
  CHECK(said("https://indexer:9200") == "indexer:9200");
  CHECK(said("https://indexer/behind/proxy") == "indexer:443");
  CHECK(said("http://127.0.0.1") == "127.0.0.1:80");
  CHECK(said("https://[::1]") == "[::1]:443");
  CHECK(said("https://[::1]:9200") == "[::1]:9200");
  CHECK(said("https://a\x1b[2Jb:1") == "a\\x1b[2Jb:1");
}

TEST_CASE("server url: what is none is refused, and what to write is said", "[shared]") {
  CHECK(said("indexer:9200") == "url = \"indexer:9200\" is no indexer address; write https://host:9200");
  CHECK(said("https:///x") == "url = \"https:///x\" is no indexer address; write https://host:9200, without ? or #");
  CHECK(said("") == "url = \"\" is no indexer address; write https://host:9200");
}

TEST_CASE("server url: no password is shown, wherever it stands", "[shared]") {
  for (const char* url :
       {"https://u:geheim@h:9200", "ftp://u:geheim@h", "u:geheim@h", "https://u:geheim/x@h", "https://u:x/geheim@h",
        "https://u:geheim#x@h", "https://u:geheim?x@h", "https:///u:geheim@h", "//u:geheim@h", "https://geheim@h"}) {
    INFO(url);
    CHECK(said(url) == "url must not hold a user or password; use user and password");
  }
  for (const char* url : {"https://h/?key=geheim", "https://h?geheim", "https://h/#geheim", "ftp://h/?geheim"}) {
    INFO(url);
    CHECK(said(url).find("is no indexer address") != std::string::npos);
    CHECK(said(url).find("geheim") == std::string::npos);
  }
}
