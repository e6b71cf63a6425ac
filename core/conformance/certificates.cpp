// SPDX-License-Identifier: Apache-2.0
#include "conformance/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>

#include "base/error.hpp"

namespace signalfoundry::conformance {

namespace {

constexpr long kDay = 24L * 3600;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;

template <class T>
T made(T thing) {
  if (!thing) throw Error(Exit::internal, "OpenSSL could not make a certificate for the scripted server");
  return thing;
}
void done(int result) {
  made(result == 1);
}

template <class Write>
std::string pem_of(Write&& write) {
  const BioPtr bio(made(BIO_new(BIO_s_mem())));
  done(write(bio.get()));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>> extension(
      made(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())));
  done(X509_add_ext(certificate, extension.get(), -1));
}

// Valid from a day ago for two days, or until an hour ago.
X509Ptr blank(const std::string& name, EVP_PKEY* key, bool expired) {
  X509Ptr out(made(X509_new()));
  done(X509_set_version(out.get(), 2));
  std::uint64_t serial = 0;
  done(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial));
  done(ASN1_INTEGER_set_uint64(X509_get_serialNumber(out.get()), serial >> 1U));
  made(X509_gmtime_adj(X509_getm_notBefore(out.get()), -kDay));
  made(X509_gmtime_adj(X509_getm_notAfter(out.get()), expired ? -3600 : kDay));
  done(X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0));
  done(X509_set_pubkey(out.get(), key));
  return out;
}

}  // namespace

struct Authority::Keys {
  Key key;
  X509Ptr certificate;
};

Authority::Authority(const std::string& name) : keys_(std::make_unique<Keys>()) {
  keys_->key.reset(made(EVP_EC_gen("P-256")));
  keys_->certificate = blank(name, keys_->key.get(), false);
  X509* self = keys_->certificate.get();
  done(X509_set_issuer_name(self, X509_get_subject_name(self)));
  extend(self, self, NID_basic_constraints, "critical,CA:TRUE");
  extend(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(self, self, NID_subject_key_identifier, "hash");
  made(X509_sign(self, keys_->key.get(), EVP_sha256()));
  pem_ = pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, self); });
}

Authority::~Authority() = default;

Certificate Authority::issue(const std::string& names, bool expired) const {
  const Key key(made(EVP_EC_gen("P-256")));
  const X509Ptr certificate = blank("scripted server", key.get(), expired);
  X509* issuer = keys_->certificate.get();
  done(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)));
  extend(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  extend(certificate.get(), issuer, NID_ext_key_usage, "serverAuth");
  extend(certificate.get(), issuer, NID_subject_alt_name, names);
  made(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()));
  return {pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }), pem_of([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace signalfoundry::conformance
