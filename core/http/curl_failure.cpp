// SPDX-License-Identifier: Apache-2.0
#include "http/curl_failure.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace signalfoundry::http {
namespace {

// X509_V_ERR_* of OpenSSL, which libcurl hands on as plain numbers.
enum : long {
  kUnknownIssuer = 2,
  kNotYetValid = 9,
  kExpired = 10,
  kSelfSigned = 18,
  kSelfSignedInChain = 19,
  kUnknownLocalIssuer = 20,
  kUnverifiedLeaf = 21,
};

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

std::string seconds(std::uint32_t ms) {
  return ms % 1000 == 0 ? fmt::format("{} s", ms / 1000) : fmt::format("{} ms", ms);
}

Failure certificate(const Attempt& a) {
  const auto by = a.ca_file.empty() ? std::string("this machine's certificate store") : printable(a.ca_file, 100);
  const auto told = [&](std::string_view what, std::string_view remedy) {
    return Failure{SF_INVALID, fmt::format("the certificate of {} {}; {}", a.where, what, remedy)};
  };
  if (has(a.detail, "subject name") || has(a.detail, "does not match"))
    return told("is for another host name", "use a name that it holds in url, or issue one that holds this name");
  switch (a.verify_result) {
    case kExpired:
      return told("has expired", "renew it on the server, or set this machine's clock right");
    case kNotYetValid:
      return told("is not valid yet", "set this machine's clock right, or wait until it is");
    case kSelfSigned:
      return told("is self-signed and not trusted by " + by,
                  "name that certificate in ca_file if it is the server's own");
    case kUnknownIssuer:
    case kSelfSignedInChain:
    case kUnknownLocalIssuer:
    case kUnverifiedLeaf:
      return told("is not signed by an authority in " + by, "name the CA that signed it in ca_file");
    default:
      return told("is refused: " + printable(a.detail, 120),
                  "replace it on the server, or name the right CA in ca_file");
  }
}

Failure handshake(const Attempt& a) {
  const auto told = [&](std::string_view what) {
    return Failure{SF_INVALID, fmt::format("TLS with {} {}", a.where, what)};
  };
  if (has(a.detail, "certificate required") || has(a.detail, "handshake failure"))
    return told(a.client_cert.empty()
                    ? "failed: it wants a client certificate or ciphers that this machine refuses; set client_cert and "
                      "client_key"
                    : "failed: it does not accept the client certificate or this machine's ciphers; check client_cert");
  if (has(a.detail, "wrong version number") || has(a.detail, "packet length too long") || has(a.detail, "http request"))
    return told("failed: it does not speak TLS; check the port, or use http:// where the server is on this machine");
  if (has(a.detail, "protocol version") || has(a.detail, "unsupported protocol") ||
      has(a.detail, "no protocols available"))
    return told("was refused: it offers only versions older than TLS 1.2; switch TLS 1.2 or 1.3 on at the server");
  if (has(a.detail, "SSL_ERROR_SYSCALL") || has(a.detail, "unexpected eof"))
    return {SF_RETRY, fmt::format("{} closed the connection during the TLS handshake; see the server's log", a.where)};
  return told("failed: " + printable(a.detail, 160) + "; check the TLS settings of the server");
}

Failure timeout(const Attempt& a) {
  if (has(a.detail, "esolving timed out"))
    return {SF_RETRY, fmt::format("the name in {} was not resolved within {}; check this machine's DNS", a.where,
                                  seconds(a.connect_timeout_ms))};
  if (!a.connected)
    return {SF_RETRY, fmt::format("no connection to {} within {}; check address, port and firewall", a.where,
                                  seconds(a.connect_timeout_ms))};
  return {SF_RETRY, fmt::format("{} did not finish its answer within {}; raise timeout, or look at the server's load",
                                a.where, seconds(a.timeout_ms))};
}

Failure reading(CURLcode code, const Attempt& a) {
  if (a.tls && has(a.detail, "certificate required")) return handshake(a);
  if (code == CURLE_GOT_NOTHING)
    return {SF_RETRY, fmt::format("{} closed the connection without an answer; see the server's log", a.where)};
  return {SF_RETRY,
          fmt::format("the answer of {} was cut short ({}); see the log of the server or of a proxy before it", a.where,
                      curl_easy_strerror(code))};
}

Failure tls_files(CURLcode code, const Attempt& a) {
  if (code == CURLE_SSL_CACERT_BADFILE)
    return {SF_INVALID,
            fmt::format("the CA file {} for {} cannot be read as PEM; check the path, its permissions and its content",
                        a.ca_file.empty() ? "of this machine" : printable(a.ca_file, 160), a.where)};
  return {SF_INVALID, fmt::format("the client certificate {} or its key {} for {} cannot be read, or they do not "
                                  "belong together; check both PEM "
                                  "files and their permissions",
                                  printable(a.client_cert, 100), printable(a.client_key, 100), a.where)};
}

}  // namespace

Failure explain(CURLcode code, const Attempt& a) {
  if (a.stopped)
    return {SF_CANCELLED, fmt::format("the exchange with {} was stopped, because the run is stopping", a.where)};
  if (a.too_large)
    return {SF_TOO_LARGE,
            fmt::format("the answer of {} is larger than {} bytes; ask for less at a time", a.where, a.max_bytes)};
  if (a.stacked)
    return {SF_RETRY, fmt::format("the answer of {} is damaged: it is compressed more than once (Content-Encoding or "
                                  "Transfer-Encoding); see the log and the settings of a proxy before it",
                                  a.where)};
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {SF_RETRY,
              fmt::format("the host name in {} cannot be resolved; check url and this machine's DNS", a.where)};
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return {SF_RETRY, fmt::format("the proxy for {} does not work; check https_proxy and no_proxy", a.where)};
    case CURLE_COULDNT_CONNECT:
      if (has(a.detail, "timed out")) return timeout(a);
      if (has(a.detail, "unreachable") || has(a.detail, "No route"))
        return {SF_RETRY,
                fmt::format("there is no route to {}; check the address and this machine's network", a.where)};
      return {SF_RETRY,
              fmt::format("{} refused the connection; check that the server runs and that the port is right", a.where)};
    case CURLE_OPERATION_TIMEDOUT:
      return timeout(a);
    case CURLE_PEER_FAILED_VERIFICATION:
      return certificate(a);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
      return handshake(a);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return tls_files(code, a);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return reading(code, a);
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
      return {SF_RETRY,
              fmt::format(
                  "the answer of {} is damaged: its compression or framing is wrong; see the log of a proxy before it",
                  a.where)};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {SF_RETRY, fmt::format("{} does not speak HTTP; check the port in url", a.where)};
    default:
      return {SF_RETRY, fmt::format("the exchange with {} failed: {}; try again, and see the server's log", a.where,
                                    a.detail.empty() ? curl_easy_strerror(code) : printable(a.detail, 160))};
  }
}

}  // namespace signalfoundry::http
