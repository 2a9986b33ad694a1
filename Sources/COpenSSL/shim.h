// OpenSSL's macros as inline functions, so that Swift can call them, and the few calls whose
// variadic or stack-of-thing types Swift cannot spell. No logic lives here.
#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Contexts.

static inline void COpenSSL_set_modes(SSL_CTX *context) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
}

// After an end of stream without close_notify OpenSSL would refuse to write, and what came before it
// could not be answered any more; so it takes it for one, and COpenSSL_is_at_end tells them apart.
static inline void COpenSSL_set_options(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_ENABLE_KTLS | SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static inline int COpenSSL_set_min_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int COpenSSL_set_max_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void COpenSSL_disable_session_cache(SSL_CTX *context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline void COpenSSL_set_app_data(SSL_CTX *context, void *data) {
  SSL_CTX_set_app_data(context, data);
}

static inline void *COpenSSL_get_app_data(const SSL *session) {
  return SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
}

static inline int COpenSSL_use_revocations(SSL_CTX *context, const char *file) {
  X509_STORE *store = SSL_CTX_get_cert_store(context);
  X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (lookup == NULL || X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) < 1) return 0;
  return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

static inline void COpenSSL_allow_partial_chains(SSL_CTX *context) {
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
}

static inline void COpenSSL_ignore_dates(SSL_CTX *context) {
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_NO_CHECK_TIME);
}

// Sessions.

static inline int COpenSSL_set_server_name(SSL *session, const char *name) {
  return (int)SSL_set_tlsext_host_name(session, name);
}

static inline int COpenSSL_reads_by_kernel(const SSL *session) {
  return BIO_get_ktls_recv(SSL_get_rbio(session));
}

// Whether the peer has ended the stream that records come from.
static inline int COpenSSL_is_at_end(const SSL *session) {
  return BIO_eof(SSL_get_rbio(session));
}

static inline int COpenSSL_chain_count(const STACK_OF(X509) *chain) {
  return chain == NULL ? 0 : sk_X509_num(chain);
}

static inline X509 *COpenSSL_chain_at(const STACK_OF(X509) *chain, int index) {
  return sk_X509_value(chain, index);
}

// Certificates.

static inline int COpenSSL_names_count(const GENERAL_NAMES *names) {
  return names == NULL ? 0 : sk_GENERAL_NAME_num(names);
}

static inline const GENERAL_NAME *COpenSSL_names_at(const GENERAL_NAMES *names, int index) {
  return sk_GENERAL_NAME_value(names, index);
}

// One line, control characters escaped, other characters than ASCII as they are.
static inline void COpenSSL_print_name(BIO *bio, const X509_NAME *name) {
  X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ);
}

static inline void COpenSSL_print_name_rfc2253(BIO *bio, const X509_NAME *name) {
  X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
}

static inline long COpenSSL_memory(BIO *bio, char **start) { return BIO_get_mem_data(bio, start); }

static inline EVP_PKEY *COpenSSL_make_p256_key(void) { return EVP_EC_gen("P-256"); }
#endif
