#pragma once
#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

// `curl_easy_setopt` and `curl_easy_getinfo` are variadic, which Swift does not import: one function per type.

static inline CURLcode cardea_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

// libcurl copies strings, but keeps CURLOPT_POSTFIELDS, lists and the callbacks' data by their address.
static inline CURLcode cardea_curl_set_pointer(
    CURL *handle, CURLoption option, const void *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cardea_curl_set_body(CURL *handle, const void *bytes, size_t count) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes) : code;
}

static inline CURLcode cardea_curl_set_open_socket(
    CURL *handle, curl_opensocket_callback callback, void *data) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, callback);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, data) : code;
}

static inline CURLcode cardea_curl_set_write(
    CURL *handle, curl_write_callback callback, void *data) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, callback);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_WRITEDATA, data) : code;
}

static inline CURLcode cardea_curl_set_header(
    CURL *handle, curl_write_callback callback, void *data) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, callback);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_HEADERDATA, data) : code;
}

static inline CURLcode cardea_curl_set_progress(
    CURL *handle, curl_xferinfo_callback callback, void *data) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, callback);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, data);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L) : code;
}

// The option that takes names came with libcurl 7.85; Debian 12 has 7.88, Ubuntu 22.04 7.81.
static inline CURLcode cardea_curl_only_http(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
  return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

// Without it libcurl waits at the end for a look-up that is still under way, beyond every timeout. It came with
// libcurl 7.87; older ones wait as long as the system's resolver does.
static inline CURLcode cardea_curl_set_quick_exit(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075700
  return curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#else
  return handle ? CURLE_OK : CURLE_FAILED_INIT;
#endif
}

static inline long cardea_curl_status(CURL *handle) {
  long status = 0;
  return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK ? status : 0;
}

// The address is longer than `struct sockaddr`, of which Swift would copy the beginning: 0 if it is no IPv4 address.
static inline int cardea_curl_v4(const struct curl_sockaddr *address, struct in_addr *result) {
  if (address->family != AF_INET || address->addrlen < sizeof(struct sockaddr_in)) return 0;
  struct sockaddr_in whole;
  memcpy(&whole, &address->addr, sizeof whole);
  *result = whole.sin_addr;
  return 1;
}

static inline int cardea_curl_v6(const struct curl_sockaddr *address, struct in6_addr *result) {
  if (address->family != AF_INET6 || address->addrlen < sizeof(struct sockaddr_in6)) return 0;
  struct sockaddr_in6 whole;
  memcpy(&whole, (const void *)&address->addr, sizeof whole);
  *result = whole.sin6_addr;
  return 1;
}

// As libcurl opens one itself, and not left to child processes.
static inline curl_socket_t cardea_curl_socket(const struct curl_sockaddr *address) {
  curl_socket_t result = socket(address->family, address->socktype, address->protocol);
  if (result != CURL_SOCKET_BAD) fcntl(result, F_SETFD, FD_CLOEXEC);
  return result;
}

static inline curl_socket_t cardea_curl_no_socket(void) { return CURL_SOCKET_BAD; }
