// SPDX-License-Identifier: Apache-2.0
#include "conformance/https_server.hpp"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "base/error.hpp"

namespace signalfoundry::conformance {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::size_t kBombBytes = std::size_t{256} << 20U;
constexpr std::uint64_t kLargestRequest = std::uint64_t{16} << 20U;

std::string head_of(const Reply& reply, std::size_t length) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", reply.status,
                  std::string(http::obsolete_reason(static_cast<http::status>(reply.status))), reply.type, length);
  for (const auto& [name, value] : reply.headers) head += fmt::format("{}: {}\r\n", name, value);
  return head + "\r\n";
}

// A gzip stream of `text` as it is (stored blocks of RFC 1951, 3.2.4), its trailer missing.
std::string gzip_stored(std::string_view text) {
  constexpr std::size_t kBlock = 0xFFFF;
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  while (!text.empty()) {
    const auto block = text.substr(0, kBlock);
    text.remove_prefix(block.size());
    const auto size = static_cast<unsigned>(block.size());
    for (const unsigned byte : {text.empty() ? 1U : 0U, size & 0xFFU, size >> 8U, ~size & 0xFFU, (~size >> 8U) & 0xFFU})
      out.push_back(static_cast<char>(byte));
    out.append(block);
  }
  return out;
}

// The bytes that go out, and whether the connection goes on after them.
std::pair<std::string, bool> wire_of(Reply reply) {
  const auto size = reply.body.size();
  switch (reply.fault) {
    case Fault::truncate:
      return {head_of(reply, size) + reply.body.substr(0, size / 2), false};
    case Fault::short_body:
      return {head_of(reply, size) + reply.body.substr(0, size - std::min<std::size_t>(size, 1)), false};
    case Fault::long_body:
      return {head_of(reply, size / 2) + reply.body, false};
    case Fault::gzip_bomb:
      reply.body = gzip_bomb(kBombBytes);
      reply.headers.emplace_back("Content-Encoding", "gzip");
      return {head_of(reply, reply.body.size()) + reply.body, true};
    case Fault::gzip_twice:
      reply.body = gzip_stored(gzip_bomb(kBombBytes));
      reply.headers.emplace_back("Content-Encoding", "gzip, gzip");
      return {head_of(reply, reply.body.size()) + reply.body, true};
    default:
      return {head_of(reply, size) + reply.body, true};
  }
}

class Bits {
 public:
  // `count` bits, the lowest first, as Deflate packs everything but Huffman codes (RFC 1951, 3.1.1).
  void put(unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      byte_ |= ((value >> i) & 1U) << used_;
      if (++used_ < 8) continue;
      out.push_back(static_cast<char>(byte_));
      byte_ = used_ = 0;
    }
  }
  // A Huffman code: the highest bit first.
  void code(unsigned value, unsigned count) {
    while (count-- > 0) put((value >> count) & 1U, 1);
  }
  std::string out;

 private:
  unsigned byte_ = 0;
  unsigned used_ = 0;
};

}  // namespace

std::string gzip_bomb(std::size_t bytes) {
  Bits bits;
  bits.out.assign("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  bits.put(1, 1);            // the last block,
  bits.put(1, 2);            // of fixed codes (RFC 1951, 3.2.6)
  bits.code(0x30 + ' ', 8);  // one space,
  for (std::size_t i = 0; i <= bytes / 258; ++i) {
    bits.code(0xC5, 8);  // then 258 bytes
    bits.code(0, 5);     // of those one byte back
  }
  bits.code(0, 7);
  bits.put(0, 8);
  return std::move(bits.out);
}

struct HttpsServer::Impl {
  using Stream = ssl::stream<tcp::socket>;
  struct Connection {
    std::unique_ptr<Stream> stream;
    std::thread thread;
  };

  asio::io_context io;
  ssl::context tls{ssl::context::tls_server};
  tcp::acceptor acceptor{io};
  Handler handler;
  std::uint16_t port = 0;
  std::thread accepting;
  std::atomic<std::size_t> connected{0};

  mutable std::mutex mutex;  // guards all below, and is held while the handler runs
  mutable std::condition_variable arrived;
  Spoiler spoiler;
  std::size_t count = 0;
  bool released = false;
  bool stopping = false;
  std::list<Connection> connections;

  void accept();
  void serve(Stream& stream);
  bool exchange(Stream& stream, boost::beast::flat_buffer& buffer);
};

void HttpsServer::Impl::accept() {
  for (;;) {
    ErrorCode error;
    tcp::socket socket(io);
    acceptor.accept(socket, error);
    const std::lock_guard lock(mutex);
    if (stopping) return;
    if (error) continue;
    ++connected;
    auto& connection = connections.emplace_back();
    connection.stream = std::make_unique<Stream>(std::move(socket), tls);
    connection.thread = std::thread([this, &stream = *connection.stream] { serve(stream); });
  }
}

void HttpsServer::Impl::serve(Stream& stream) {
  ErrorCode error;
  stream.handshake(Stream::server, error);
  boost::beast::flat_buffer buffer;
  try {
    while (!error && exchange(stream, buffer)) {
    }
  } catch (const std::exception&) {
    // No memory, or a handler that threw: the client sees a connection that ended.
  }
  // The descriptor itself is closed by the destructor, so that its number is not another's before that.
  stream.next_layer().shutdown(tcp::socket::shutdown_both, error);
}

bool HttpsServer::Impl::exchange(Stream& stream, boost::beast::flat_buffer& buffer) {
  ErrorCode error;
  http::request_parser<http::string_body> parser;
  parser.body_limit(kLargestRequest);
  http::read(stream, buffer, parser, error);
  if (error) return false;
  const auto& read = parser.get();
  Reply reply;
  {
    const std::lock_guard lock(mutex);
    const Request request{std::string(read.method_string()), std::string(read.target()), read.body()};
    reply = handler(request);
    ++count;
    if (spoiler) spoiler(count, request, reply);
    arrived.notify_all();
  }
  if (reply.fault == Fault::close) return false;
  if (reply.fault == Fault::hang) {
    char byte = 0;  // until the client has had enough, or this server ends
    stream.read_some(asio::buffer(&byte, 1), error);
    return false;
  }
  const auto [bytes, goes_on] = wire_of(std::move(reply));
  asio::write(stream, asio::buffer(bytes), error);
  return !error && goes_on && read.keep_alive();
}

HttpsServer::HttpsServer(const Certificate& certificate, Handler handler) : impl_(std::make_unique<Impl>()) {
  impl_->handler = std::move(handler);
  try {
    impl_->tls.use_certificate_chain(asio::buffer(certificate.pem));
    impl_->tls.use_private_key(asio::buffer(certificate.key_pem), ssl::context::pem);
    const tcp::endpoint here(asio::ip::address_v4::loopback(), 0);
    impl_->acceptor.open(here.protocol());
    impl_->acceptor.bind(here);
    impl_->acceptor.listen();
    impl_->port = impl_->acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& e) {
    throw Error(Exit::internal, fmt::format("the scripted server cannot listen on 127.0.0.1: {}", e.what()));
  }
  impl_->accepting = std::thread([impl = impl_.get()] { impl->accept(); });
}

HttpsServer::~HttpsServer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    ErrorCode error;
    for (auto& one : impl_->connections) one.stream->next_layer().shutdown(tcp::socket::shutdown_both, error);
  }
  // accept(2) does not return because its socket was shut down everywhere: one more connection makes it.
  ErrorCode error;
  tcp::socket last(impl_->io);
  last.connect({asio::ip::address_v4::loopback(), impl_->port}, error);
  impl_->accepting.join();
  for (auto& one : impl_->connections) one.thread.join();
}

std::string HttpsServer::url() const {
  return fmt::format("https://127.0.0.1:{}", impl_->port);
}

void HttpsServer::spoil(Spoiler spoiler) {
  const std::lock_guard lock(impl_->mutex);
  impl_->spoiler = std::move(spoiler);
  impl_->count = 0;
}

std::size_t HttpsServer::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->count;
}

std::size_t HttpsServer::connections() const {
  return impl_->connected.load();
}

void HttpsServer::wait_for_request() const {
  std::unique_lock lock(impl_->mutex);
  impl_->arrived.wait(lock, [&] { return impl_->count != 0 || impl_->released; });
}

void HttpsServer::stop_waiting() {
  const std::lock_guard lock(impl_->mutex);
  impl_->released = true;
  impl_->arrived.notify_all();
}

}  // namespace signalfoundry::conformance
