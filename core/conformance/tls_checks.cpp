// SPDX-License-Identifier: Apache-2.0
//
// Servers that are not who they say: no request may reach them.
#include <fmt/format.h>

#include "conformance/check.hpp"

namespace signalfoundry::conformance {

namespace {

// A run against a server at the same place in the settings, with another certificate.
void refused(Bench& bench, const std::string& what, const Certificate& certificate) {
  bench.server();
  if (!has_setting(bench.plugin, "url")) skip("the source has no setting \"url\" to point elsewhere");
  std::size_t asked = 0;
  HttpsServer impostor(certificate, [&](const Request&) {
    ++asked;
    return Reply{};
  });
  bench.overrides["url"] = "\"" + impostor.url() + "\"";
  const auto t = bench.run();
  require(asked == 0, fmt::format("{}: a request was sent all the same", what));
  require(impostor.connections() != 0, fmt::format("{}: it did not even connect; {}", what, t.ending()));
  require(t.status < 0, fmt::format("{}: {}, as if all were well", what, t.ending()));
  require(t.position.empty(), fmt::format("{}: the position moved", what));
  if (t.sentence.find("ertificate") == std::string::npos)
    bench.warnings.push_back(fmt::format("{}: the sentence does not speak of the certificate: {}", what, t.sentence));
}

void other_ca(Bench& bench) {
  const Authority other("somebody else");
  refused(bench, "a certificate of another CA", other.issue("IP:127.0.0.1,DNS:localhost"));
}
void expired(Bench& bench) {
  refused(bench, "a certificate that has expired", bench.authority().issue("IP:127.0.0.1,DNS:localhost", true));
}
void wrong_name(Bench& bench) {
  refused(bench, "a certificate of another host", bench.authority().issue("DNS:indexer.example,IP:192.0.2.1"));
}
void name_for_address(Bench& bench) {
  refused(bench, "a certificate whose name is the address as text",
          bench.authority().issue("DNS:127.0.0.1,DNS:localhost"));
}

}  // namespace

std::vector<Check> tls_checks() {
  return {
      {"tls-other-ca", "A certificate of a CA that is not trusted is refused, with a sentence.", "SIEM 14", other_ca},
      {"tls-expired", "An expired certificate is refused, with a sentence.", "SIEM 14", expired},
      {"tls-wrong-name", "A certificate of another host is refused, with a sentence.", "SIEM 14", wrong_name},
      {"tls-ip-san", "An address wants the certificate to name it as an address.", "SIEM 14", name_for_address},
  };
}

}  // namespace signalfoundry::conformance
