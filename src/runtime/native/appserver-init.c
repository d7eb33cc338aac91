/*
 * appserver-init: what the supervisor needs of Linux and Node does not offer. Static, so that it runs in any image.
 *
 *   appserver-init serve [--listen ADDRESS]... [--backlog N] -- PROGRAM [ARGUMENT...]
 *     Is PID 1 of the container. Binds and listens first, so that early connections queue, then runs PROGRAM with
 *     LISTEN_FDS listening sockets from descriptor 3 on, behind them the workers' shared memory, and behind that the two
 *     ends of a socket pair: stubs write into the first, the fork server reads from the second. Forwards signals to
 *     PROGRAM, reaps every orphan (the supervisor's own children are not this process's, so nobody's exit status is
 *     stolen), and ends with PROGRAM's exit status. When listening fails, PROGRAM runs all the same, without sockets and
 *     with "ERRNO ADDRESS" in APPSERVER_LISTEN_ERROR, so that all errors are reported in one way and place.
 *     ADDRESS is HOST:PORT, [HOST]:PORT, :PORT for every address that there is, or unix:PATH. Sockets that a service manager hands over (sd_listen_fds(3)) are
 *     taken instead when there are any.
 *
 *   appserver-init worker PROGRAM [ARGUMENT...]
 *     Prepares a worker and becomes it: a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone;
 *     TERM when the supervisor dies; LISTEN_PID, which the socket activation protocol wants to be the worker's own pid.
 *     Says in APPSERVER_NOTIFY_FD that PROGRAM is about to run: one that cannot has ended right after that.
 *
 *   appserver-init fork REQUEST
 *     Stands for a worker that the fork server forks. Sends REQUEST, its own stdin, stdout, stderr and notification pipe
 *     (descriptor 4) and a socket for the answer to the fork server (over descriptor 3), waits for the worker's end, and
 *     ends in the same way: to the supervisor a forked worker is a child like any other.
 *
 *   appserver-runtime, appserver-ctl (links to this program)
 *     Run ../runtime/NAME.mjs with the Node beside this program, or with the one on the PATH where there is none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  FIRST_FD = 3,
  LIFTED_FD = 200,
  MAX_LISTENERS = 16,
  SHARED_MEMORY_BYTES = 4096 + 256 * 1024,
  /* Of a stub. */
  FORK_SOCKET_FD = 3,
  NOTIFY_FD = 4,
};

static const int forwarded[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH};

static int fail(const char *what) {
  fprintf(stderr, "appserver-init: %s: %s\n", what, strerror(errno));
  return 71;
}

static int usage(void) {
  fprintf(stderr, "usage: appserver-init serve [--listen ADDRESS]... [--backlog N] -- PROGRAM [ARGUMENT...]\n"
                  "       appserver-init worker PROGRAM [ARGUMENT...]\n"
                  "       appserver-init fork REQUEST\n");
  return 2;
}

static int close_with_errno(int fd) {
  int saved = errno;
  if (fd >= 0) close(fd);
  errno = saved;
  return -1;
}

static int listen_unix(const char *path, int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  /* A socket that nobody listens on is left over from a run before; one that answers belongs to another program. */
  struct stat found;
  if (stat(path, &found) == 0 && S_ISSOCK(found.st_mode)) {
    int probe = socket(AF_UNIX, SOCK_STREAM, 0);
    int answered = connect(probe, (struct sockaddr *)&address, sizeof address) == 0;
    close(probe);
    if (answered) {
      errno = EADDRINUSE;
      return -1;
    }
    unlink(path);
  }
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  /* As with gunicorn, whose users put a proxy of another user in front: its directory says who may connect. */
  mode_t before = umask(0);
  int bound = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof address);
  umask(before);
  if (bound < 0 || listen(fd, backlog) < 0) return close_with_errno(fd);
  return fd;
}

static int listen_at(const struct sockaddr *address, socklen_t size, int only_ipv6, int backlog) {
  int fd = socket(address->sa_family, SOCK_STREAM, 0);
  int on = 1;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      (only_ipv6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
      bind(fd, address, size) < 0 || listen(fd, backlog) < 0)
    return close_with_errno(fd);
  return fd;
}

static int listen_tcp(const char *text, int backlog) {
  char host[256];
  const char *colon = strrchr(text, ':');
  if (colon == NULL || colon - text >= (ptrdiff_t)sizeof host) {
    errno = EINVAL;
    return -1;
  }
  size_t length = colon - text;
  const char *start = text;
  if (length >= 2 && text[0] == '[' && colon[-1] == ']') {
    start++;
    length -= 2;
  }
  memcpy(host, start, length);
  host[length] = 0;
  struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found;
  if (getaddrinfo(length == 0 ? "0.0.0.0" : host, colon + 1, &hints, &found) != 0) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  int fd = listen_at(found->ai_addr, found->ai_addrlen, 0, backlog);
  int saved = errno;
  freeaddrinfo(found);
  errno = saved;
  return fd;
}

/* Whether others reach this network namespace by IPv6: a kernel without it has no such file, and scope 0 is neither that
   of the loopback device nor that of one link. */
static int has_ipv6(void) {
  FILE *file = fopen("/proc/net/if_inet6", "re");
  if (file == NULL) return 0;
  unsigned scope;
  int found = 0;
  while (!found && fscanf(file, "%*s %*x %*x %x %*x %*s", &scope) == 1) found = scope == 0;
  fclose(file);
  return found;
}

/* Beside one for all addresses of IPv4, whose clients would look like others to an application if they shared it. */
static int listen_ipv6(int port, int backlog) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
  return listen_at((struct sockaddr *)&address, sizeof address, 1, backlog);
}

/* Puts listening sockets, one or two, into fds and returns how many; -1 with errno set when there is none. */
static int listen_on(const char *address, int backlog, int *fds) {
  fds[0] = strncmp(address, "unix:", 5) == 0 ? listen_unix(address + 5, backlog) : listen_tcp(address, backlog);
  if (fds[0] < 0) return -1;
  if (address[0] != ':' || !has_ipv6()) return 1;
  fds[1] = listen_ipv6(atoi(address + 1), backlog);
  return fds[1] < 0 ? close_with_errno(fds[0]) : 2;
}

static void block_signals(int how, sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGCHLD);
  for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) sigaddset(set, forwarded[i]);
  sigprocmask(how, set, NULL);
}

/* Reaps whatever has ended. Returns whether main_pid was among it, with its wait status. */
static int reap(pid_t main_pid, int *status) {
  int ended = 0;
  int one;
  for (pid_t pid; (pid = waitpid(-1, &one, WNOHANG)) > 0;) {
    if (pid == main_pid) {
      *status = one;
      ended = 1;
    }
  }
  return ended;
}

static int supervise(pid_t main_pid, const sigset_t *set) {
  for (;;) {
    siginfo_t info;
    int signal = sigwaitinfo(set, &info);
    if (signal < 0) continue;
    if (signal == SIGCHLD) {
      int status;
      if (!reap(main_pid, &status)) continue;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    /* What a terminal sends it sends to the whole foreground group, the supervisor included. */
    if (info.si_code != SI_KERNEL) kill(main_pid, signal);
  }
}

/* How many sockets a service manager has handed over to this process. */
static int inherited(void) {
  const char *pid = getenv("LISTEN_PID");
  const char *fds = getenv("LISTEN_FDS");
  if (pid == NULL || fds == NULL || atoi(pid) != getpid()) return 0;
  int count = atoi(fds);
  return count > 0 && count <= MAX_LISTENERS ? count : 0;
}

/* Node closes what it inherits when it becomes another program, but for what stands far above all else. */
static void lift_inherited(void) {
  int count = inherited();
  for (int i = 0; i < count; i++) dup2(FIRST_FD + i, LIFTED_FD + i);
  if (count > 0) setenv("APPSERVER_LIFTED", "1", 1);
}

/* Puts the descriptors, which stand out of each other's way, at 3, 4, 5 and so on, inheritable. */
static int place(const int *fds, int count) {
  for (int i = 0; i < count; i++) {
    if (dup2(fds[i], FIRST_FD + i) < 0) return -1;
    close(fds[i]);
  }
  return 0;
}

static int serve(char **arguments) {
  const char *addresses[MAX_LISTENERS];
  int wanted = 0;
  int backlog = 2048;
  for (; *arguments != NULL && strcmp(*arguments, "--") != 0; arguments += 2) {
    if (arguments[1] == NULL) return usage();
    if (strcmp(*arguments, "--backlog") == 0) {
      backlog = atoi(arguments[1]);
    } else if (strcmp(*arguments, "--listen") == 0 && wanted < MAX_LISTENERS) {
      addresses[wanted++] = arguments[1];
    } else {
      return usage();
    }
  }
  if (*arguments == NULL || arguments[1] == NULL) return usage();
  char **command = arguments + 1;

  /* All are made out of the way of the numbers that they get in the end. */
  enum { HIGH = 64 };
  int fds[2 * MAX_LISTENERS + 3];
  int count = 0;
  int handed_over = inherited();
  int from = getenv("APPSERVER_LIFTED") == NULL ? FIRST_FD : LIFTED_FD;
  for (; count < handed_over; count++) {
    fds[count] = fcntl(from + count, F_DUPFD, HIGH);
    close(from + count);
  }
  unsetenv("APPSERVER_LIFTED");
  const char *unlink_at_end[MAX_LISTENERS];
  int unlinks = 0;
  for (int i = 0; handed_over == 0 && i < wanted; i++) {
    int made[2];
    int sockets = listen_on(addresses[i], backlog, made);
    if (sockets < 0) {
      char text[512];
      snprintf(text, sizeof text, "%d %s", errno, addresses[i]);
      setenv("APPSERVER_LISTEN_ERROR", text, 1);
      count = 0;
      break;
    }
    for (int one = 0; one < sockets; one++) {
      fds[count++] = fcntl(made[one], F_DUPFD, HIGH);
      close(made[one]);
    }
    if (strncmp(addresses[i], "unix:", 5) == 0) unlink_at_end[unlinks++] = addresses[i] + 5;
  }
  char number[16];
  snprintf(number, sizeof number, "%d", count);
  setenv("LISTEN_FDS", number, 1);
  unsetenv("LISTEN_PID");

  int memory = memfd_create("appserver-workers", MFD_ALLOW_SEALING);
  /* Workers have it, too: one that changed its size would take it from all of them. */
  if (memory < 0 || ftruncate(memory, SHARED_MEMORY_BYTES) < 0 ||
      fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
    return fail("shared memory");
  fds[count++] = fcntl(memory, F_DUPFD, HIGH);
  close(memory);
  int pair[2];
  /* Packets keep the descriptors of one request together, however many stubs share the socket. */
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0) return fail("socket pair");
  for (int i = 0; i < 2; i++) {
    fds[count++] = fcntl(pair[i], F_DUPFD, HIGH);
    close(pair[i]);
  }
  if (place(fds, count) < 0) return fail("descriptors");
  if (getpid() != 1) prctl(PR_SET_CHILD_SUBREAPER, 1);

  sigset_t set;
  block_signals(SIG_BLOCK, &set);
  pid_t pid = fork();
  if (pid < 0) return fail("fork");
  if (pid == 0) {
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(command[0], command);
    _exit(fail(command[0]));
  }
  /* Held by the supervisor and the workers alone: the port is free once they are gone. */
  for (int i = 0; i < count; i++) close(FIRST_FD + i);
  int status = supervise(pid, &set);
  for (int i = 0; i < unlinks; i++) unlink(unlink_at_end[i]);
  return status;
}

static void say_running(void) {
  const char *fd = getenv("APPSERVER_NOTIFY_FD");
  /* Nobody may read it any more; the program is run all the same. */
  if (fd != NULL && dprintf(atoi(fd), "X_APPSERVER_RUNNING=1\n") < 0) errno = 0;
}

static int worker(char **command) {
  char pid[16];
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  snprintf(pid, sizeof pid, "%d", getpid());
  setenv("LISTEN_PID", pid, 1);
  say_running();
  execvp(command[0], command);
  fail(command[0]);
  return errno == ENOENT ? 127 : 126;
}

/* Ends as the worker did. The answer is "exit N" or "signal N"; none when the fork server died before the worker. */
static int end_like(char *answer) {
  int number;
  if (sscanf(answer, "exit %d", &number) == 1) return number;
  if (sscanf(answer, "signal %d", &number) == 1) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    kill(getpid(), number);
  }
  return 0;
}

static int stub(char *request) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  int answer[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, answer) < 0) return fail("socket pair");
  int passed[] = {answer[1], 0, 1, 2, NOTIFY_FD};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof passed)];
  } control = {0};
  struct iovec text = {.iov_base = request, .iov_len = strlen(request)};
  struct msghdr message = {
      .msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof passed);
  memcpy(CMSG_DATA(header), passed, sizeof passed);
  if (sendmsg(FORK_SOCKET_FD, &message, MSG_NOSIGNAL) < 0) return fail("fork server");
  close(answer[1]);
  close(FORK_SOCKET_FD);
  char reply[64] = "";
  size_t length = 0;
  for (ssize_t more; length < sizeof reply - 1; length += more) {
    more = read(answer[0], reply + length, sizeof reply - 1 - length);
    if (more < 0 && errno == EINTR) more = 0;
    else if (more <= 0) break;
  }
  reply[length] = 0;
  return end_like(reply);
}

/* Is there before it is needed, and gets its request on stdin. */
static int standby(void) {
  static char request[4096];
  size_t length = 0;
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  while (length == 0 || request[length - 1] != '\n') {
    ssize_t more = length < sizeof request ? read(0, request + length, sizeof request - length) : 0;
    if (more < 0 && errno == EINTR) continue;
    /* Nobody will ask any more. */
    if (more <= 0) return 0;
    length += more;
  }
  request[length - 1] = 0;
  /* What the worker gets for its stdin. */
  int nothing = open("/dev/null", O_RDWR);
  if (nothing < 0 || dup2(nothing, 0) < 0) return fail("/dev/null");
  close(nothing);
  return stub(request);
}

/* Runs a program of the runtime that is named like the link that was called. */
static int run_named(const char *name, char **arguments, int count) {
  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length < 0) return fail("/proc/self/exe");
  self[length] = 0;
  const char *folder = dirname(self);
  lift_inherited();
  char node[PATH_MAX + 16], script[PATH_MAX + 64];
  snprintf(node, sizeof node, "%s/node", folder);
  snprintf(script, sizeof script, "%s/../runtime/%s.mjs", folder, name);
  char **command = calloc(count + 3, sizeof *command);
  if (command == NULL) return fail("memory");
  command[0] = node;
  command[1] = script;
  memcpy(command + 2, arguments, count * sizeof *command);
  execv(command[0], command);
  command[0] = "node";
  execvp(command[0], command);
  return fail(command[0]);
}

int main(int argc, char **argv) {
  const char *name = basename(argv[0]);
  if (strcmp(name, "appserver-runtime") == 0 || strcmp(name, "appserver-ctl") == 0)
    return run_named(name, argv + 1, argc - 1);
  if (argc >= 4 && strcmp(argv[1], "serve") == 0) return serve(argv + 2);
  if (argc >= 3 && strcmp(argv[1], "worker") == 0) return worker(argv + 2);
  if (argc == 3 && strcmp(argv[1], "fork") == 0) return stub(argv[2]);
  if (argc == 2 && strcmp(argv[1], "fork") == 0) return standby();
  return usage();
}
