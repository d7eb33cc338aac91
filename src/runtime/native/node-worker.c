/*
 * node-worker.node: what a Node worker needs of the system and Node has no way to.
 *
 *   map(fd, length) → ArrayBuffer       memory that is shared with other processes
 *   watch(fd, ready) → number           ready() is called as long as a connection waits on the listening socket; throws
 *                                       where that cannot be had
 *   start(watch), stop(watch)           whether it is watched now; not yet after watch()
 *   hold(watch, yes)                    whether it keeps the process alive
 *   rest(watch, microseconds) → boolean sleeps; whether a connection waits afterwards
 *   accept(watch) → number              descriptor of a connection, or what went wrong as a negative errno
 *   unwatch(watch)
 *   dup(fd) → number                    another descriptor of it, or what went wrong as a negative errno
 *   take(fd) → number                   as accept(), for a listening socket that is not watched
 *   socket(family) → number             a TCP socket of AF_INET or AF_INET6 whose port others of this user may have too
 *                                       (SO_REUSEPORT, which Node sets since 22.12 only), or a negative errno
 *
 * Node-API is the same in all versions of Node, and system calls are made without a C library: one file serves images
 * with glibc and with musl.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of node_api.h, which is not on every machine that builds this. */
typedef struct napi_env_s *napi_env;
typedef struct napi_value_s *napi_value;
typedef struct napi_ref_s *napi_ref;
typedef struct napi_handle_scope_s *napi_handle_scope;
typedef struct napi_callback_info_s *napi_info;
typedef napi_value (*napi_function)(napi_env, napi_info);
int napi_get_cb_info(napi_env, napi_info, size_t *, napi_value *, napi_value *, void **);
int napi_get_value_int32(napi_env, napi_value, int32_t *);
int napi_get_value_bool(napi_env, napi_value, bool *);
int napi_get_boolean(napi_env, bool, napi_value *);
int napi_create_int32(napi_env, int32_t, napi_value *);
int napi_create_external_arraybuffer(napi_env, void *, size_t, void *, void *, napi_value *);
int napi_create_function(napi_env, const char *, size_t, napi_function, void *, napi_value *);
int napi_set_named_property(napi_env, napi_value, const char *, napi_value);
int napi_throw_error(napi_env, const char *, const char *);
int napi_create_reference(napi_env, napi_value, uint32_t, napi_ref *);
int napi_get_reference_value(napi_env, napi_ref, napi_value *);
int napi_delete_reference(napi_env, napi_ref);
int napi_open_handle_scope(napi_env, napi_handle_scope *);
int napi_close_handle_scope(napi_env, napi_handle_scope);
int napi_get_global(napi_env, napi_value *);
int napi_make_callback(napi_env, void *, napi_value, napi_value, size_t, const napi_value *, napi_value *);
int napi_get_and_clear_last_exception(napi_env, napi_value *);
int napi_fatal_exception(napi_env, napi_value);

/* Of uv.h, version 1. Weak, so that a Node that does not show them to addons still loads this one. */
struct uv_poll;
#define WEAK __attribute__((weak))
WEAK int napi_get_uv_event_loop(napi_env, void **);
WEAK size_t uv_handle_size(int);
WEAK int uv_poll_init(void *, struct uv_poll *, int);
WEAK int uv_poll_start(struct uv_poll *, int, void (*)(struct uv_poll *, int, int));
WEAK int uv_poll_stop(struct uv_poll *);
WEAK void uv_close(struct uv_poll *, void (*)(struct uv_poll *));
WEAK void uv_ref(struct uv_poll *);
WEAK void uv_unref(struct uv_poll *);
enum { UV_POLL = 8, UV_READABLE = 1 };

enum {
  PROT_READ_WRITE = 3,
  MAP_SHARED = 1,
  F_DUPFD_CLOEXEC = 1030,
  POLL_IN = 1,
  NONBLOCK_CLOEXEC = 02000000 | 04000, /* as accept4() and socket() want them */
  SOCK_STREAM = 1,
  SOL_SOCKET = 1,
  SO_REUSEPORT = 15,
#if defined(__x86_64__)
  CALL_CLOSE = 3,
  CALL_MMAP = 9,
  CALL_SOCKET = 41,
  CALL_SETSOCKOPT = 54,
  CALL_FCNTL = 72,
  CALL_NANOSLEEP = 35,
  CALL_PPOLL = 271,
  CALL_ACCEPT4 = 288,
#elif defined(__aarch64__)
  CALL_CLOSE = 57,
  CALL_MMAP = 222,
  CALL_FCNTL = 25,
  CALL_PPOLL = 73,
  CALL_NANOSLEEP = 101,
  CALL_SOCKET = 198,
  CALL_SETSOCKOPT = 208,
  CALL_ACCEPT4 = 242,
#else
#error "node-worker is written for x86_64 and aarch64"
#endif
};

static long call(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#else
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  register long x8 __asm__("x8") = number;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
  return x0;
#endif
}

static napi_value fail(napi_env env, const char *why) {
  napi_throw_error(env, NULL, why);
  return NULL;
}

/* The mapping lives as long as the process. */
static napi_value map(napi_env env, napi_info info) {
  size_t count = 2;
  napi_value arguments[2], buffer;
  int32_t fd, length;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != 0 || count != 2 ||
      napi_get_value_int32(env, arguments[0], &fd) != 0 || napi_get_value_int32(env, arguments[1], &length) != 0)
    return fail(env, "map(fd, length) wants two numbers");
  long address = call(CALL_MMAP, 0, length, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  if (address < 0 && address > -4096) return fail(env, "mmap failed");
  if (napi_create_external_arraybuffer(env, (void *)address, length, NULL, NULL, &buffer) != 0)
    return fail(env, "this Node takes no memory from outside");
  return buffer;
}

/* A listening socket each; more than a runtime has addresses in practice. */
enum { MAX_WATCHES = 16, HANDLE_BYTES = 512 };
static struct watch {
  _Alignas(16) char handle[HANDLE_BYTES]; /* struct uv_poll, whose size is known when it runs */
  napi_env env;
  napi_ref ready;
  int32_t fd; /* a descriptor of its own: libuv wants one handle for each */
  bool used;
} watches[MAX_WATCHES];

static struct uv_poll *handle_of(struct watch *watch) { return (struct uv_poll *)watch->handle; }

static void on_ready(struct uv_poll *handle, int status, int events) {
  /* The handle is the first member. */
  struct watch *watch = (struct watch *)handle;
  napi_env env = watch->env;
  napi_handle_scope scope;
  napi_value function, global, result, error;
  (void)status;
  (void)events;
  if (napi_open_handle_scope(env, &scope) != 0) return;
  if (napi_get_reference_value(env, watch->ready, &function) == 0 && napi_get_global(env, &global) == 0 &&
      napi_make_callback(env, NULL, global, function, 0, NULL, &result) != 0 &&
      napi_get_and_clear_last_exception(env, &error) == 0)
    napi_fatal_exception(env, error); /* as what is thrown by any handler of an event */
  napi_close_handle_scope(env, scope);
}

static void on_closed(struct uv_poll *handle) {
  struct watch *watch = (struct watch *)handle;
  call(CALL_CLOSE, watch->fd, 0, 0, 0, 0, 0);
  napi_delete_reference(watch->env, watch->ready);
  watch->used = false;
}

/* Nothing where it names none. */
static struct watch *watch_of(napi_env env, napi_info info, bool *yes) {
  size_t count = 2;
  napi_value arguments[2];
  int32_t index;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != 0 || count < 1 ||
      napi_get_value_int32(env, arguments[0], &index) != 0 || index < 0 || index >= MAX_WATCHES || !watches[index].used)
    return NULL;
  if (yes != NULL && napi_get_value_bool(env, arguments[1], yes) != 0) return NULL;
  return &watches[index];
}

static napi_value watch(napi_env env, napi_info info) {
  size_t count = 2;
  napi_value arguments[2], result;
  int32_t fd, index = 0;
  void *loop;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != 0 || count != 2 ||
      napi_get_value_int32(env, arguments[0], &fd) != 0)
    return fail(env, "watch(fd, ready) wants a number and a function");
  if (!napi_get_uv_event_loop || !uv_handle_size || !uv_poll_init || !uv_poll_start || !uv_poll_stop || !uv_close ||
      !uv_ref || !uv_unref || uv_handle_size(UV_POLL) > HANDLE_BYTES || napi_get_uv_event_loop(env, &loop) != 0)
    return fail(env, "this Node does not lend its event loop");
  while (index < MAX_WATCHES && watches[index].used) index++;
  if (index == MAX_WATCHES) return fail(env, "too many sockets are watched");
  struct watch *watch = &watches[index];
  watch->env = env;
  watch->fd = (int32_t)call(CALL_FCNTL, fd, F_DUPFD_CLOEXEC, 0, 0, 0, 0);
  if (watch->fd < 0) return fail(env, "no descriptor is left");
  if (napi_create_reference(env, arguments[1], 1, &watch->ready) != 0) {
    call(CALL_CLOSE, watch->fd, 0, 0, 0, 0, 0);
    return fail(env, "watch(fd, ready) wants a function");
  }
  if (uv_poll_init(loop, handle_of(watch), watch->fd) != 0) {
    call(CALL_CLOSE, watch->fd, 0, 0, 0, 0, 0);
    napi_delete_reference(env, watch->ready);
    return fail(env, "the socket cannot be watched");
  }
  watch->used = true;
  napi_create_int32(env, index, &result);
  return result;
}

static napi_value start(napi_env env, napi_info info) {
  struct watch *watch = watch_of(env, info, NULL);
  if (watch != NULL) uv_poll_start(handle_of(watch), UV_READABLE, on_ready);
  return NULL;
}

static napi_value stop(napi_env env, napi_info info) {
  struct watch *watch = watch_of(env, info, NULL);
  if (watch != NULL) uv_poll_stop(handle_of(watch));
  return NULL;
}

static napi_value hold(napi_env env, napi_info info) {
  bool yes;
  struct watch *watch = watch_of(env, info, &yes);
  if (watch != NULL) (yes ? uv_ref : uv_unref)(handle_of(watch));
  return NULL;
}

static napi_value unwatch(napi_env env, napi_info info) {
  struct watch *watch = watch_of(env, info, NULL);
  if (watch != NULL) uv_close(handle_of(watch), on_closed);
  return NULL;
}

static napi_value rest(napi_env env, napi_info info) {
  static const struct timespec {
    long seconds, nanoseconds;
  } at_once = {0, 0};
  size_t count = 2;
  napi_value arguments[2], result;
  int32_t microseconds;
  struct watch *watch = watch_of(env, info, NULL);
  if (watch == NULL || napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != 0 || count != 2 ||
      napi_get_value_int32(env, arguments[1], &microseconds) != 0 || microseconds < 0 || microseconds > 999999)
    return fail(env, "rest(watch, microseconds) wants the number of a watch and less than a second");
  struct timespec while_others_look = {0, microseconds * 1000L};
  call(CALL_NANOSLEEP, (long)&while_others_look, 0, 0, 0, 0, 0);
  struct {
    int fd;
    short wanted, found;
  } poll = {watch->fd, POLL_IN, 0};
  napi_get_boolean(env, call(CALL_PPOLL, (long)&poll, 1, (long)&at_once, 0, 8, 0) > 0, &result);
  return result;
}

static napi_value accept(napi_env env, napi_info info) {
  napi_value result;
  struct watch *watch = watch_of(env, info, NULL);
  if (watch == NULL) return fail(env, "nothing is watched under this number");
  napi_create_int32(env, (int32_t)call(CALL_ACCEPT4, watch->fd, 0, 0, NONBLOCK_CLOEXEC, 0, 0), &result);
  return result;
}

/* The one argument of a function that wants a number. */
static bool number_of(napi_env env, napi_info info, int32_t *number) {
  size_t count = 1;
  napi_value argument;
  return napi_get_cb_info(env, info, &count, &argument, NULL, NULL) == 0 && count == 1 &&
         napi_get_value_int32(env, argument, number) == 0;
}

static napi_value another(napi_env env, napi_info info) {
  napi_value result;
  int32_t fd;
  if (!number_of(env, info, &fd)) return fail(env, "dup(fd) wants a number");
  napi_create_int32(env, (int32_t)call(CALL_FCNTL, fd, F_DUPFD_CLOEXEC, 0, 0, 0, 0), &result);
  return result;
}

static napi_value take(napi_env env, napi_info info) {
  napi_value result;
  int32_t fd;
  if (!number_of(env, info, &fd)) return fail(env, "take(fd) wants a number");
  napi_create_int32(env, (int32_t)call(CALL_ACCEPT4, fd, 0, 0, NONBLOCK_CLOEXEC, 0, 0), &result);
  return result;
}

static napi_value make_socket(napi_env env, napi_info info) {
  static const int on = 1;
  napi_value result;
  int32_t family;
  if (!number_of(env, info, &family)) return fail(env, "socket(family) wants a number");
  long fd = call(CALL_SOCKET, family, SOCK_STREAM | NONBLOCK_CLOEXEC, 0, 0, 0, 0);
  if (fd >= 0) {
    long refused = call(CALL_SETSOCKOPT, fd, SOL_SOCKET, SO_REUSEPORT, (long)&on, sizeof on, 0);
    if (refused < 0) {
      call(CALL_CLOSE, fd, 0, 0, 0, 0, 0);
      fd = refused;
    }
  }
  napi_create_int32(env, (int32_t)fd, &result);
  return result;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_function function;
  } all[] = {{"map", map},   {"watch", watch}, {"start", start},   {"stop", stop},
             {"hold", hold}, {"rest", rest}, {"accept", accept}, {"unwatch", unwatch},
             {"dup", another}, {"take", take}, {"socket", make_socket}};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    napi_value function;
    if (napi_create_function(env, all[i].name, (size_t)-1, all[i].function, NULL, &function) != 0 ||
        napi_set_named_property(env, exports, all[i].name, function) != 0)
      return NULL;
  }
  return exports;
}
