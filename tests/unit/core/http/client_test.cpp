// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <signalfoundry/abi/base.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "http/curl_failure.hpp"
#include "scripted_server.hpp"
#include "support/catch.h"

using signalfoundry::http::Attempt;
using signalfoundry::http::Client;
using signalfoundry::http::explain;

namespace {

sf_str text(const std::string& from) {
  return {from.data(), from.size()};
}

// What an exchange came to.
struct Outcome {
  sf_status status = 0;
  std::string sentence;
  unsigned http = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string header(const std::string& name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return "(absent)";
  }
  bool says(const std::string& part) const { return sentence.find(part) != std::string::npos; }
};

// What is asked; text that outlives the call.
struct Ask {
  std::string url{};
  std::string method = "GET";
  std::string body{};
  std::string user{};
  std::string password_secret{};
  std::string bearer_secret{};
  std::string ca_file{};
  std::string client_cert{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::uint64_t max_bytes = 0;
  std::uint32_t timeout_ms = 10'000;
};

Outcome run(
    Client& client, const Ask& ask, const std::atomic<bool>* stop = nullptr,
    const signalfoundry::http::SecretOf& secret = [](std::string_view) { return std::string("open sesame"); }) {
  std::vector<sf_http_header> headers;
  for (const auto& [name, value] : ask.headers) headers.push_back({text(name), text(value)});
  sf_http_request q{};
  q.struct_size = sizeof q;
  q.timeout_ms = ask.timeout_ms;
  q.method = text(ask.method);
  q.url = text(ask.url);
  q.headers = headers.data();
  q.header_count = headers.size();
  q.body = text(ask.body);
  q.max_bytes = ask.max_bytes;
  q.ca_file = text(ask.ca_file);
  q.client_cert = text(ask.client_cert);
  q.user = text(ask.user);
  q.password_secret = text(ask.password_secret);
  q.bearer_secret = text(ask.bearer_secret);
  Outcome out;
  const sf_response_sink sink{
      sizeof(sf_response_sink), 0, &out, [](const sf_response_sink* s, const sf_http_response* a) {
        auto& to = *static_cast<Outcome*>(s->impl);
        to.http = a->status;
        to.body.assign(a->body.data, a->body.size);
        for (std::uint64_t i = 0; i < a->header_count; ++i)
          to.headers.emplace_back(std::string(a->headers[i].name.data, a->headers[i].name.size),
                                  std::string(a->headers[i].value.data, a->headers[i].value.size));
      }};
  sf_error error{};
  out.status = client.request(q, secret, stop, &sink, &error);
  out.sentence = error.message;
  if (out.status != SF_OK) {
    CHECK(error.code == out.status);
    CHECK_FALSE(out.sentence.empty());
    CHECK(out.http == 0);
  }
  return out;
}

// https-fault of $SF_SHARED on a free port, while it lives; absent where there is none.
class FaultServer {
 public:
  explicit FaultServer(const std::string& certificate) {
    const char* shared = std::getenv("SF_SHARED");
    if (shared == nullptr) return;
    program_ = std::string(shared) + "/servers/https-fault/https-fault";
    char place[] = "/tmp/sf-fault-XXXXXX";
    if (mkdtemp(place) == nullptr) return;
    dir_ = place;
    const auto said = output(program_ + " start --dir " + dir_ + " --certificate " + certificate);
    about_ = nlohmann::json::parse(said, nullptr, false);
    std::ofstream(dir_ + "/rules.part") << R"([{"do": {"body": "hello"}}])";
    output("mv " + dir_ + "/rules.part " + dir_ + "/rules.json");
  }
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;
  ~FaultServer() {
    if (!dir_.empty()) output(program_ + " stop --dir " + dir_ + " && rm -rf " + dir_);
  }
  explicit operator bool() const { return about_.is_object(); }
  std::string url() const { return about_["url"]; }
  std::string ca() const { return about_["ca_file"]; }
  std::string other_ca() const { return dir_ + "/certs/self-signed.pem"; }
  // No request may have reached it.
  bool was_asked() const { return !output("cat " + dir_ + "/requests.jsonl").empty(); }

 private:
  static std::string output(const std::string& command) {
    std::string out;
    auto* pipe = popen(command.c_str(), "r");
    char piece[4096];
    for (std::size_t got = 0; pipe != nullptr && (got = fread(piece, 1, sizeof piece, pipe)) > 0;)
      out.append(piece, got);
    if (pipe != nullptr) pclose(pipe);
    return out;
  }
  std::string program_;
  std::string dir_;
  nlohmann::json about_;
};

}  // namespace

TEST_CASE("http client: hands over status, headers in lower case and the whole body", "[http]") {
  std::string seen;
  const ScriptedServer server([&](const std::string& request) {
    seen = request;
    return http_answer("an answer", "418 Teapot", "X-Colour:  Blue \r\nConnection: keep-alive\r\n");
  });
  Client client;
  const auto got =
      run(client, {.url = server.url() + "/a?b=c", .method = "POST", .body = "a body", .headers = {{"X-Ask", "1"}}});
  CHECK(got.status == SF_OK);
  CHECK(got.http == 418);
  CHECK(got.body == "an answer");
  CHECK(got.header("x-colour") == "Blue");
  CHECK(seen.find("POST /a?b=c HTTP/1.1\r\n") == 0);
  CHECK(seen.find("X-Ask: 1\r\n") != std::string::npos);
  CHECK(seen.find("Accept-Encoding: gzip\r\n") != std::string::npos);
  CHECK(seen.find("\r\n\r\na body") != std::string::npos);
}

TEST_CASE("http client: keeps the connection for the next request", "[http]") {
  const ScriptedServer server([](const std::string&) { return http_answer("x"); });
  Client client;
  for (int i = 0; i < 5; ++i) CHECK(run(client, {.url = server.url()}).status == SF_OK);
  CHECK(server.connections() == 1);
}

TEST_CASE("http client: sends Basic and Bearer from the named secrets", "[http]") {
  std::string seen;
  const ScriptedServer server([&](const std::string& request) { return seen = request, http_answer("x"); });
  Client client;
  CHECK(run(client, {.url = server.url(), .user = "Aladdin", .password_secret = "password"}).status == SF_OK);
  CHECK(seen.find("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") != std::string::npos);
  CHECK(run(client, {.url = server.url(), .bearer_secret = "token"}).status == SF_OK);
  CHECK(seen.find("Authorization: Bearer open sesame\r\n") != std::string::npos);
  CHECK(run(client, {.url = server.url()}).status == SF_OK);
  CHECK(seen.find("Authorization") == std::string::npos);
}

TEST_CASE("http client: a secret that cannot be read or sent is refused, and is never in the sentence", "[http]") {
  Client client;
  const Ask ask{.url = "http://127.0.0.1:9", .bearer_secret = "token"};
  const auto unreadable =
      run(client, ask, nullptr, [](std::string_view) -> std::string { throw std::runtime_error("no such file"); });
  CHECK(unreadable.status == SF_INVALID);
  CHECK(unreadable.says("the token for 127.0.0.1:9 cannot be read; no such file"));
  const auto broken = run(client, ask, nullptr, [](std::string_view) { return std::string("hunter2\r\nX: y"); });
  CHECK(broken.status == SF_INVALID);
  CHECK_FALSE(broken.says("hunter2"));
  CHECK(run(client, {.url = "http://127.0.0.1:9", .user = "a:b", .password_secret = "password"}).status == SF_INVALID);
}

TEST_CASE("http client: what may not be asked is refused before anything is sent", "[http]") {
  Client client;
  for (const std::string url :
       {"http://indexer.example:9200", "http://10.0.0.1", "http://127.0.0.1.example", "ftp://127.0.0.1",
        "file:///etc/passwd", "https://user:secret@indexer.example", "", "https://", "https://a b"}) {
    INFO(url);
    const auto got = run(client, {.url = url});
    CHECK(got.status == SF_INVALID);
    CHECK_FALSE(got.says("secret"));
  }
  CHECK(run(client, {.url = "http://127.0.0.1:9", .method = "GET / HTTP/1.1\r\nX:"}).status == SF_INVALID);
  CHECK(run(client, {.url = "http://127.0.0.1:9", .headers = {{"X", "a\r\nY: b"}}}).status == SF_INVALID);
}

TEST_CASE("http client: a redirect is an answer", "[http]") {
  const ScriptedServer elsewhere([](const std::string&) { return http_answer("there"); });
  const ScriptedServer server([&](const std::string&) {
    return http_answer("", "302 Found", "Location: " + elsewhere.url() + "\r\nConnection: keep-alive\r\n");
  });
  Client client;
  CHECK(run(client, {.url = server.url()}).http == 302);
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("http client: a refused connection names host and port", "[http]") {
  std::string url;
  {
    const ScriptedServer gone([](const std::string&) { return std::string(); });
    url = gone.url();
  }
  Client client;
  const auto got = run(client, {.url = url});
  CHECK(got.status == SF_RETRY);
  CHECK(got.says(url.substr(7) + " refused the connection"));
}

TEST_CASE("http client: answers cut short or damaged are retried", "[http]") {
  for (const std::string bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                                  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", "HTT",
                                  "SSH-2.0-OpenSSH_9.2\r\n", ""}) {
    INFO(bytes);
    const ScriptedServer server([&](const std::string&) { return bytes; });
    Client client;
    const auto got = run(client, {.url = server.url()});
    CHECK(got.status == SF_RETRY);
    CHECK(got.says(server.where()));
  }
}

TEST_CASE("http client: max_bytes counts decoded bytes", "[http]") {
  // 4,000 spaces, gzipped.
  static constexpr char kBomb[] =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\x2a\xeb\x9f\xd2\x18\x3e\x40\x01\x00"
      "\x00\x00\x6f"
      "\x03\x7c\x95\xcd\xba\xa0\x0f\x00\x00";
  const std::string bomb(kBomb, sizeof kBomb - 1);
  const ScriptedServer server([&](const std::string&) {
    return http_answer(bomb, "200 OK", "Content-Encoding: gzip\r\nConnection: keep-alive\r\n");
  });
  Client client;
  CHECK(run(client, {.url = server.url(), .max_bytes = 4000}).body == std::string(4000, ' '));
  const auto got = run(client, {.url = server.url(), .max_bytes = 3999});
  CHECK(got.status == SF_TOO_LARGE);
  CHECK(got.says("larger than 3999 bytes"));
}

namespace {

// "hello", gzipped, and that gzipped again.
const std::string& gzipped(bool twice) {
  static constexpr char kOnce[] =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00";
  static constexpr char kTwice[] =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x93\xef\xe6\x60\x00\x01\x26\xe6\xd3\x1e\x67\x4f\x9e\x64\x67\x68"
      "\x5b\x26\x60\xc6\x0a\x14\x00\x00\xa7\x6f\xb4\x45\x19\x00\x00\x00";
  static const std::string once(kOnce, sizeof kOnce - 1);
  static const std::string two(kTwice, sizeof kTwice - 1);
  return twice ? two : once;
}

}  // namespace

// Goal: no server makes libcurl decode layer inside layer, which no deadline and no max_bytes ends.
TEST_CASE("http client: an answer that is compressed twice is damaged, however it says so", "[http]") {
  const std::string early = "HTTP/1.1 100 Continue\r\nContent-Encoding: gzip\r\n\r\n";
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n",
        "HTTP/1.1 200 OK\r\ncontent-encoding: GZIP\r\nCONTENT-ENCODING: \t x-gzip\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip,gzip\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Encoding: identity , gzip\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nHTTP/1.1: no\r\nContent-Encoding: gzip\r\n",
        "early HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"}) {
    INFO(head);
    const ScriptedServer server(
        [&](const std::string&) { return (head[0] == 'e' ? early + head.substr(6) : head) + "\r\n" + gzipped(true); });
    Client client;
    const auto got = run(client, {.url = server.url()});
    CHECK(got.status == SF_RETRY);
    CHECK(got.says(server.where() + " is damaged: it is compressed more than once"));
  }
  for (const std::string head : {"Content-Encoding: identity, gzip\r\n", "Content-Encoding: x-gzip\r\n",
                                 "Transfer-Encoding: gzip\r\nContent-Encoding:\r\n"}) {
    INFO(head);
    const ScriptedServer server(
        [&](const std::string&) { return "HTTP/1.1 200 OK\r\n" + head + "\r\n" + gzipped(false); });
    Client client;
    CHECK(run(client, {.url = server.url()}).body == "hello");
  }
}

TEST_CASE("http client: bytes that decode to nothing count, too", "[http]") {
  std::string empty_blocks = gzipped(false).substr(0, 10);
  for (int i = 0; i < 2'000'000; ++i) empty_blocks.append("\0\0\0\xff\xff", 5);
  const ScriptedServer server([&](const std::string&) {
    return http_answer(empty_blocks, "200 OK", "Content-Encoding: gzip\r\nConnection: keep-alive\r\n");
  });
  Client client;
  CHECK(run(client, {.url = server.url(), .max_bytes = 1'000'000}).status == SF_TOO_LARGE);
}

TEST_CASE("http client: a hang ends at the timeout, or when the run stops", "[http]") {
  std::atomic<bool> stop{false};
  std::atomic<bool> stopping{false};
  const ScriptedServer server([&](const std::string&) {
    if (stopping) stop = true;
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: keep-alive\r\n\r\n");
  });
  Client client;
  const auto late = run(client, {.url = server.url(), .timeout_ms = 100});
  CHECK(late.status == SF_RETRY);
  CHECK(late.says("did not finish its answer within 100 ms"));
  stopping = true;
  const auto stopped = run(client, {.url = server.url(), .timeout_ms = 60'000}, &stop);
  CHECK(stopped.status == SF_CANCELLED);
}

TEST_CASE("http client: many threads share one client", "[http]") {
  const ScriptedServer server(
      [](const std::string& request) { return http_answer(request.substr(5, request.find(" HTTP") - 5)); });
  Client client;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const auto path = std::to_string(t * 100 + i);
        Outcome out;
        sf_http_request q{};
        const auto url = server.url() + "/" + path;
        q.struct_size = sizeof q;
        q.url = text(url);
        const sf_response_sink sink{sizeof(sf_response_sink), 0, &out,
                                    [](const sf_response_sink* s, const sf_http_response* a) {
                                      static_cast<Outcome*>(s->impl)->body.assign(a->body.data, a->body.size);
                                    }};
        if (client.request(q, {}, nullptr, &sink, nullptr) != SF_OK || out.body != path) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(server.connections() <= 8);
}

TEST_CASE("http client: files that TLS needs are named when they cannot be read", "[http]") {
  const ScriptedServer server([](const std::string&) { return std::string(); });
  Client client;
  const auto ca = run(client, {.url = server.url("https"), .ca_file = "/nowhere/ca.pem"});
  CHECK(ca.status == SF_INVALID);
  CHECK(ca.says("the CA file /nowhere/ca.pem"));
  const auto certificate = run(client, {.url = server.url("https"), .client_cert = "/nowhere/cert.pem"});
  CHECK(certificate.status == SF_INVALID);
  CHECK(certificate.says("/nowhere/cert.pem"));
}

TEST_CASE("http client: each TLS refusal has its own sentence", "[http][shared]") {
  // Goal: one sentence per cause, and no request leaves for a server that was not verified.
  const std::vector<std::pair<std::string, std::string>> kinds = {{"good", ""},
                                                                  {"wrong-host", "is for another host name"},
                                                                  {"expired", "has expired"},
                                                                  {"self-signed", "is self-signed"},
                                                                  {"tls1.0", "older than TLS 1.2"},
                                                                  {"none", "does not speak TLS"}};
  for (const auto& [kind, sentence] : kinds) {
    const FaultServer server(kind);
    if (!server) {
      WARN("skipped: SF_SHARED is not set");
      return;
    }
    INFO(kind);
    auto url = server.url();
    if (kind == "none") url.replace(0, 4, "https");
    Client client;
    const auto got = run(client, {.url = url, .ca_file = server.ca()});
    INFO(got.sentence);
    CHECK(got.status == (sentence.empty() ? SF_OK : SF_INVALID));
    CHECK(got.says(sentence));
    CHECK(server.was_asked() == sentence.empty());
    if (!sentence.empty()) continue;
    CHECK(got.body == "hello");
    CHECK(run(client, {.url = url, .ca_file = server.other_ca()}).says("is not signed by an authority in"));
    CHECK(run(client, {.url = url}).says("this machine's certificate store"));
  }
}

TEST_CASE("http client: faults that no test can cause are told apart too", "[http]") {
  Attempt a;
  a.where = "indexer.example:9200";
  a.timeout_ms = 30'000;
  a.connect_timeout_ms = 10'000;
  CHECK(explain(CURLE_COULDNT_RESOLVE_HOST, a).sentence.find("cannot be resolved") != std::string::npos);
  CHECK(explain(CURLE_OPERATION_TIMEDOUT, a).sentence.find("no connection to indexer.example:9200 within 10 s") !=
        std::string::npos);
  a.detail = "Resolving timed out after 10000 milliseconds";
  CHECK(explain(CURLE_OPERATION_TIMEDOUT, a).sentence.find("was not resolved") != std::string::npos);
  a.detail = "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0";
  CHECK(explain(CURLE_RECV_ERROR, a).status == SF_INVALID);
  CHECK(explain(CURLE_RECV_ERROR, a).sentence.find("client_cert") != std::string::npos);
  a.detail = "\x1b[31mred";
  CHECK(explain(CURLE_TOO_MANY_REDIRECTS, a).sentence.find('\x1b') == std::string::npos);
}

namespace {

// "HTTP/1.1 401 …" with a body, over a connection that is closed after it.
std::string answer(const std::string& status, const std::string& body, const std::string& header = "") {
  return "HTTP/1.1 " + status + "\r\n" + header + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// The value of a request's Authorization header, without its scheme.
std::string credentials_in(const std::string& request) {
  const auto at = request.find("Authorization: ");
  if (at == std::string::npos) return "";
  const auto from = request.find(' ', at + 15) + 1;
  return request.substr(from, request.find('\r', from) - from);
}

}  // namespace

TEST_CASE("http: a secret that was rotated during the exchange is read again and sent once more", "[http]") {
  int requests = 0;
  std::string now = "old";
  ScriptedServer server([&](const std::string& request) {
    ++requests;
    if (credentials_in(request) == "new") return answer("200 OK", "{}");
    now = "new";
    return answer("401 Unauthorized", "no");
  });
  Client client;
  const auto secret = [&](std::string_view) { return now; };
  const auto out = run(client, {.url = server.url(), .bearer_secret = "token"}, nullptr, secret);
  CHECK(out.http == 200);
  CHECK(requests == 2);
}

TEST_CASE("http: a secret that is refused and did not change is not sent again", "[http]") {
  int requests = 0;
  ScriptedServer server([&](const std::string&) {
    ++requests;
    return answer("401 Unauthorized", "no");
  });
  Client client;
  CHECK(run(client, {.url = server.url(), .bearer_secret = "token"}).http == 401);
  CHECK(requests == 1);
  int changes = 0;  // one that changes each time it is read is tried twice, no more
  const auto restless = [&](std::string_view) { return std::to_string(++changes); };
  CHECK(run(client, {.url = server.url(), .bearer_secret = "token"}, nullptr, restless).http == 401);
  CHECK(requests == 3);
}

TEST_CASE("http: an answer that repeats the credentials is handed over without them", "[http]") {
  const auto echo = [](const std::string& status) {
    return [status](const std::string& request) {
      const auto sent = credentials_in(request);
      std::string escaped;
      for (const char c : sent) escaped += c == '/' ? "\\/" : std::string(1, c);
      return answer(status, "you sent " + sent + " or " + escaped + ", which is p//?word>>",
                    "X-Echo: " + sent + "\r\n");
    };
  };
  const auto secret = [](std::string_view) { return std::string("p//?word>>"); };
  Client client;
  const std::string encoded = "dXNlcjpwLy8/d29yZD4+";  // user:p//?word>>
  for (const char* status : {"401 Unauthorized", "403 Forbidden", "302 Found", "500 Internal Server Error"}) {
    ScriptedServer server(echo(status));
    const auto out = run(client, {.url = server.url(), .user = "user", .password_secret = "password"}, nullptr, secret);
    CHECK(out.body == "you sent [hidden] or [hidden], which is [hidden]");
    CHECK(out.header("x-echo") == "[hidden]");
  }
  ScriptedServer server(echo("200 OK"));
  const auto out = run(client, {.url = server.url(), .user = "user", .password_secret = "password"}, nullptr, secret);
  CHECK(out.body == "you sent [hidden] or [hidden], which is p//?word>>");  // in alerts it may be any word
  const auto key = run(client, {.url = server.url(), .headers = {{"authorization", "ApiKey " + encoded}}});
  CHECK(key.header("x-echo") != encoded);
  CHECK(key.body.find(encoded) == std::string::npos);
}
