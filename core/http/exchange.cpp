// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"

namespace signalfoundry::http {
namespace {

constexpr std::uint32_t kTimeoutMs = 30'000;
constexpr std::uint32_t kConnectTimeoutMs = 10'000;
constexpr std::uint64_t kMaxBytes = 64U << 20U;
constexpr std::size_t kMaxHeaderBytes = 256U << 10U;
constexpr std::size_t kCodings = 1;            // gzip, as was asked for
constexpr std::uint64_t kPacking = 1U << 20U;  // what a compressed body may be longer than what it decodes to

std::string_view view(sf_str text) {
  return text.data != nullptr ? std::string_view{text.data, text.size} : std::string_view{};
}

std::string base64(std::string_view in) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < in.size(); i += 3) {
    std::uint32_t bits = 0;
    const auto have = std::min<std::size_t>(3, in.size() - i);
    for (std::size_t k = 0; k < 3; ++k) bits = (bits << 8U) | (k < have ? static_cast<unsigned char>(in[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out.push_back(k <= have ? kDigits[(bits >> (18U - 6U * k)) & 63U] : '=');
  }
  return out;
}

bool header_safe(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host == "::1" ||
         (host.substr(0, 4) == "127." && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

// Without what may be a password.
std::string shown_url(const std::string& text) {
  const auto at = text.rfind('@');
  return at == std::string::npos ? "\"" + printable(text, 120) + "\"" : "\"…" + printable(text.substr(at), 120) + "\"";
}

Place place_of(const std::string& text) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
  if (!url) throw std::bad_alloc();
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
    throw Refused(shown_url(text) +
                  " is not a URL that can be asked; write https://host:port, user and password in their settings");
  const auto scheme = part_of(url.get(), CURLUPART_SCHEME);
  const auto host = part_of(url.get(), CURLUPART_HOST);
  Place place;
  place.tls = scheme == "https";
  place.loopback = is_loopback(host);
  place.where = printable(host, 120) + ":" + part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!place.tls && scheme != "http")
    throw Refused(fmt::format("{} cannot be asked over \"{}\"; use https://", place.where, printable(scheme, 20)));
  if (!place.tls && !place.loopback)
    throw Refused(
        fmt::format("plain http:// to {} is refused, because it is not on this machine; use https://", place.where));
  return place;
}

bool same_word(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char c, char l) { return (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) == l; });
}

// "gzip, chunked" is one coding: chunks and identity take nothing apart.
std::size_t codings_in(std::string_view list) {
  std::size_t out = 0;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto word = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    word.remove_prefix(std::min(word.find_first_not_of(" \t\r\n"), word.size()));
    word = word.substr(0, word.find_last_not_of(" \t\r\n") + 1);
    if (!word.empty() && !same_word(word, "chunked") && !same_word(word, "identity")) ++out;
  }
  return out;
}

void add_header(Exchange& x, std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") return x.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  line.remove_prefix(colon + 1);
  if (name == "content-encoding" || name == "transfer-encoding") x.codings += codings_in(line);
  const auto first = line.find_first_not_of(" \t");
  const auto last = line.find_last_not_of(" \t\r\n");
  x.headers.emplace_back(std::move(name),
                         first == std::string_view::npos || last == std::string_view::npos || last < first
                             ? std::string()
                             : std::string(line.substr(first, last - first + 1)));
}

extern "C" {
static size_t sf_curl_body(char* data, size_t size, size_t count, void* impl) {
  auto& x = *static_cast<Exchange*>(impl);
  const auto bytes = size * count;
  x.too_large = x.body.size() + bytes > x.q.max_bytes;
  if (x.too_large) return 0;
  try {
    x.body.append(data, bytes);
  } catch (const std::exception&) {
    return 0;
  }
  return bytes;
}
static size_t sf_curl_header(char* data, size_t size, size_t count, void* impl) {
  auto& x = *static_cast<Exchange*>(impl);
  const auto bytes = size * count;
  x.header_bytes += bytes;
  x.too_large = x.header_bytes > kMaxHeaderBytes;
  if (x.too_large) return 0;
  try {
    add_header(x, {data, bytes});
  } catch (const std::exception&) {
    return 0;
  }
  // libcurl decodes what it has read in one call, and that ends neither at a deadline nor at max_bytes. Through one
  // layer it is at most a thousand times as much; through several it may go on for days without giving a byte. A new
  // status line begins no new count: to libcurl the codings of a 100 Continue are those of the answer, too.
  return x.codings > kCodings ? 0 : bytes;
}
static int sf_curl_progress(void* impl, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) {
  auto& x = *static_cast<Exchange*>(impl);
  x.stopped = x.stop != nullptr && x.stop->load(std::memory_order_relaxed);
  // Compressed bytes may decode to nothing at all.
  const auto bytes = static_cast<std::uint64_t>(std::max<curl_off_t>(received, 0));
  x.too_large = x.too_large || (bytes > kPacking && bytes - kPacking > x.q.max_bytes);
  return x.stopped || x.too_large ? 1 : 0;
}
}  // extern "C"

bool is_authorization(std::string_view name) {
  return same_word(name, "authorization");
}

// In one pass: who knows the secret may send it a million times.
std::string without(std::string_view text, std::string_view form) {
  static constexpr std::string_view kHidden = "[hidden]";
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find(form); at != std::string_view::npos; at = text.find(form, from)) {
    out.append(text, from, at - from).append(kHidden);
    from = at + form.size();
  }
  return out.append(text.substr(from));
}

// Every `secret` in `text`, also with its slashes escaped as some JSON writers do.
void hide(std::string& text, const std::string& secret) {
  if (secret.empty() || text.empty()) return;
  Secret escaped;
  escaped.text.reserve(2 * secret.size());
  for (const char c : secret) escaped.text.append(c == '/' ? "\\/" : std::string(1, c));
  for (const std::string_view form : {std::string_view(secret), std::string_view(escaped.text)})
    if (text.find(form) != std::string::npos) text = without(text, form);
}

void read_secret(const SecretOf& secret, std::string_view key, const Place& place, Secret& out) {
  try {
    out.text = secret ? secret(key) : std::string();
  } catch (const std::exception& error) {
    throw Refused(
        fmt::format("the {} for {} cannot be read; {}", printable(key, 40), place.where, printable(error.what(), 250)));
  }
  if (!header_safe(out.text))
    throw Refused(fmt::format("the {} for {} holds a line break or a zero byte; write it as one line",
                              printable(key, 40), place.where));
}

void add_authorization(Exchange& x, const SecretOf& secret) {
  const auto user = view(x.q.user);
  Secret line;
  if (!user.empty()) {
    if (user.find(':') != std::string_view::npos || !header_safe(user))
      throw Refused(fmt::format("the user name for {} may hold neither a colon nor a line break", x.place.where));
    Secret pair;
    if (x.q.password_secret.size != 0) read_secret(secret, view(x.q.password_secret), x.place, x.secret);
    pair.text.reserve(user.size() + 1 + x.secret.text.size());
    pair.text.append(user).append(":").append(x.secret.text);
    x.sent.text = base64(pair.text);
    line.text.reserve(x.sent.text.size() + 32);
    line.text.append("Authorization: Basic ").append(x.sent.text);
  } else if (x.q.bearer_secret.size != 0) {
    read_secret(secret, view(x.q.bearer_secret), x.place, x.secret);
    line.text.reserve(x.secret.text.size() + 32);
    line.text.append("Authorization: Bearer ").append(x.secret.text);
    x.sent.text = x.secret.text;
  } else {
    return;
  }
  x.lines.add(line.text);
}

}  // namespace

void prepare_connection(Exchange& x) {
  x.q.timeout_ms = x.q.timeout_ms == 0 ? kTimeoutMs : x.q.timeout_ms;
  x.q.connect_timeout_ms =
      std::min(x.q.connect_timeout_ms == 0 ? kConnectTimeoutMs : x.q.connect_timeout_ms, x.q.timeout_ms);
  x.q.max_bytes = x.q.max_bytes == 0 ? kMaxBytes : x.q.max_bytes;
  x.url = std::string(view(x.q.url));
  x.place = place_of(x.url);
  x.ca_file = std::string(view(x.q.ca_file));
  x.client_cert = std::string(view(x.q.client_cert));
  x.client_key = std::string(view(x.q.client_key));
}

void prepare(Exchange& x, const SecretOf& secret) {
  prepare_connection(x);
  x.method = x.q.method.size == 0 ? "GET" : std::string(view(x.q.method));
  if (x.method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos)
    throw Refused(fmt::format("\"{}\" is not an HTTP method", printable(x.method, 20)));
  for (std::uint64_t i = 0; i < x.q.header_count; ++i) {
    const auto name = view(x.q.headers[i].name);
    const auto value = view(x.q.headers[i].value);
    if (name.empty() || name.find_first_of(" :\t") != std::string_view::npos || !header_safe(name) ||
        !header_safe(value))
      throw Refused(fmt::format("the header \"{}\" for {} is malformed", printable(name, 40), x.place.where));
    if (is_authorization(name)) x.sent.text = value.substr(value.find(' ') + 1);
    // libcurl drops a header without a value unless it ends in ';'.
    x.lines.add(std::string(name) + (value.empty() ? ";" : ": ") + std::string(value));
  }
  x.lines.add("Expect:");
  add_authorization(x, secret);
}

namespace {

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (const auto code = curl_easy_setopt(handle, option, value); code != CURLE_OK)
    throw Refused(fmt::format("libcurl refuses an option ({}); install a libcurl with TLS", curl_easy_strerror(code)));
}

void set_tls(CURL* handle, const Exchange& x) {
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!x.ca_file.empty()) {
    set(handle, CURLOPT_CAINFO, x.ca_file.c_str());
    set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
#if LIBCURL_VERSION_NUM >= 0x075700
  // A CA file that is replaced counts from the next connection on, not a day later.
  if (!x.ca_file.empty()) set(handle, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
  if (!x.client_cert.empty()) {
    // A resumed session would still be that of the certificate before.
    set(handle, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    set(handle, CURLOPT_SSLCERT, x.client_cert.c_str());
    set(handle, CURLOPT_SSLKEY, x.client_key.empty() ? x.client_cert.c_str() : x.client_key.c_str());
  }
}

}  // namespace

void set_up_connection(CURL* handle, Exchange& x) {
#if LIBCURL_VERSION_NUM >= 0x075500
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(handle, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  set(handle, CURLOPT_URL, x.url.c_str());
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(x.q.timeout_ms));
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(x.q.connect_timeout_ms));
  set(handle, CURLOPT_ERRORBUFFER, x.detail);
  set(handle, CURLOPT_NOPROGRESS, 0L);
  set(handle, CURLOPT_XFERINFOFUNCTION, &sf_curl_progress);
  set(handle, CURLOPT_XFERINFODATA, &x);
  if (x.place.loopback) set(handle, CURLOPT_PROXY, "");
  if (x.place.tls) set_tls(handle, x);
}

void set_up(CURL* handle, Exchange& x) {
  set_up_connection(handle, x);
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  set(handle, CURLOPT_HTTPHEADER, x.lines.get());
  set(handle, CURLOPT_WRITEFUNCTION, &sf_curl_body);
  set(handle, CURLOPT_WRITEDATA, &x);
  set(handle, CURLOPT_HEADERFUNCTION, &sf_curl_header);
  set(handle, CURLOPT_HEADERDATA, &x);
  if (x.q.body.size != 0 || x.method == "POST") {
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(x.q.body.size));
    set(handle, CURLOPT_POSTFIELDS, x.q.body.size != 0 ? x.q.body.data : "");
  }
  if (x.method == "HEAD") set(handle, CURLOPT_NOBODY, 1L);
  set(handle, CURLOPT_CUSTOMREQUEST, x.method.c_str());
}

void hide_credentials(Exchange& x, long status) {
  constexpr std::size_t kToken = 8;  // a shorter one may be part of anything
  const bool refusal = status < 200 || status > 299;
  for (const auto* secret : {&x.sent.text, &x.secret.text}) {
    const bool token = secret == &x.sent.text && secret->size() >= kToken;
    if (!token && !refusal) continue;
    hide(x.body, *secret);
    for (auto& [name, value] : x.headers) hide(value, *secret);
  }
}

Failure failure_of(CURL* handle, CURLcode code, const Exchange& x) {
  Attempt a;
  a.where = x.place.where;
  a.detail = x.detail;
  a.ca_file = x.ca_file;
  a.client_cert = x.client_cert;
  a.client_key = x.client_key;
  a.tls = x.place.tls;
  a.stopped = x.stopped;
  a.too_large = x.too_large;
  a.stacked = x.codings > kCodings;
  a.max_bytes = x.q.max_bytes;
  a.timeout_ms = x.q.timeout_ms;
  a.connect_timeout_ms = x.q.connect_timeout_ms;
  curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &a.verify_result);
  curl_off_t ready = 0;
  curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &ready);
  a.connected = ready > 0;
  return explain(code, a);
}

sf_status fail(sf_error* error, sf_status status, const std::string& sentence) {
  if (error != nullptr) {
    *error = sf_error{};
    error->code = status;
    std::strncpy(error->where, "http", sizeof error->where - 1);
    std::strncpy(error->message, sentence.c_str(), sizeof error->message - 1);
  }
  return status;
}

}  // namespace signalfoundry::http
