// SPDX-License-Identifier: Apache-2.0
#include "base/digest.hpp"

#include <openssl/evp.h>

#include "base/error.hpp"

namespace signalfoundry {

Sha256 sha256(std::string_view bytes) {
  // Fetched once: looking the algorithm up costs more than hashing an alert.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  struct Context {
    EVP_MD_CTX* raw = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(raw); }
  };
  thread_local Context context;
  Sha256 out{};
  unsigned int size = 0;
  if (EVP_DigestInit_ex2(context.raw, algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context.raw, bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.raw, out.data(), &size) != 1)
    throw Error(Exit::internal, "SHA-256 cannot be computed: out of memory, or an OpenSSL without it");
  return out;
}

std::string to_hex(const std::uint8_t* bytes, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(size * 2, '0');
  for (std::size_t i = 0; i < size; ++i) {
    out[2 * i] = digits[bytes[i] >> 4U];
    out[2 * i + 1] = digits[bytes[i] & 15U];
  }
  return out;
}

bool from_hex(std::string_view text, std::uint8_t* out, std::size_t size) {
  if (text.size() != size * 2) return false;
  auto value = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < size; ++i) {
    const int high = value(text[2 * i]);
    const int low = value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

}  // namespace signalfoundry
