/*
 * map-memory.node: lets JavaScript write into memory that it shares with other processes.
 *
 *   map(fd, length) → ArrayBuffer
 *
 * Node-API is the same in all versions of Node, and the two system calls are made without a C library: one file serves
 * images with glibc and with musl. The mapping lives as long as the process.
 */
#include <stddef.h>
#include <stdint.h>

/* Of node_api.h, which is not on every machine that builds this. */
typedef struct napi_env_s *napi_env;
typedef struct napi_value_s *napi_value;
typedef struct napi_info_s *napi_info;
typedef napi_value (*napi_function)(napi_env, napi_info);
int napi_get_cb_info(napi_env, napi_info, size_t *, napi_value *, napi_value *, void **);
int napi_get_value_int32(napi_env, napi_value, int32_t *);
int napi_create_external_arraybuffer(napi_env, void *, size_t, void *, void *, napi_value *);
int napi_create_function(napi_env, const char *, size_t, napi_function, void *, napi_value *);
int napi_throw_error(napi_env, const char *, const char *);

enum { PROT_READ_WRITE = 3, MAP_SHARED = 1 };

static long map_pages(long length, long fd) {
  long result;
#if defined(__x86_64__)
  register long flags __asm__("r10") = MAP_SHARED;
  register long descriptor __asm__("r8") = fd;
  register long offset __asm__("r9") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(9), "D"(0), "S"(length), "d"(PROT_READ_WRITE), "r"(flags), "r"(descriptor), "r"(offset)
                   : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long x0 __asm__("x0") = 0;
  register long x1 __asm__("x1") = length;
  register long x2 __asm__("x2") = PROT_READ_WRITE;
  register long x3 __asm__("x3") = MAP_SHARED;
  register long x4 __asm__("x4") = fd;
  register long x5 __asm__("x5") = 0;
  register long x8 __asm__("x8") = 222;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
  result = x0;
#else
#error "map-memory is written for x86_64 and aarch64"
#endif
  return result;
}

static napi_value map(napi_env env, napi_info info) {
  size_t count = 2;
  napi_value arguments[2], buffer;
  int32_t fd, length;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != 0 || count != 2 ||
      napi_get_value_int32(env, arguments[0], &fd) != 0 || napi_get_value_int32(env, arguments[1], &length) != 0) {
    napi_throw_error(env, NULL, "map(fd, length) wants two numbers");
    return NULL;
  }
  long address = map_pages(length, fd);
  if (address < 0 && address > -4096) {
    napi_throw_error(env, NULL, "mmap failed");
    return NULL;
  }
  if (napi_create_external_arraybuffer(env, (void *)address, length, NULL, NULL, &buffer) != 0) {
    napi_throw_error(env, NULL, "this Node takes no memory from outside");
    return NULL;
  }
  return buffer;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value function;
  (void)exports;
  return napi_create_function(env, "map", 3, map, NULL, &function) == 0 ? function : NULL;
}
