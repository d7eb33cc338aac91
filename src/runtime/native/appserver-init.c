/*
 * appserver-init: what the supervisor needs of Linux and Node does not offer. Static, so that it runs in any image.
 *
 *   appserver-init serve ADDRESS PORT BACKLOG PROGRAM [ARGUMENT...]
 *     Is PID 1 of the container. Binds and listens first, so that early connections queue, then runs PROGRAM with the
 *     listening socket as descriptor 3 and the workers' shared memory as descriptor 4. Forwards signals to it, reaps
 *     every orphan (the supervisor's own children are not this process's, so nobody's exit status is stolen), and ends
 *     with its exit status. When listening fails, PROGRAM runs all the same, without descriptor 3 and with the number
 *     of the error in APPSERVER_LISTEN_ERRNO, so that all errors are reported in one way and place.
 *
 *   appserver-init worker PROGRAM [ARGUMENT...]
 *     Prepares a worker and becomes it: a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone;
 *     TERM when the supervisor dies; LISTEN_PID, which the socket activation protocol wants to be the worker's own pid.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LISTEN_FD = 3, SHARED_MEMORY_FD = 4, SHARED_MEMORY_BYTES = 4096 + 256 * 512 };

static const int forwarded[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH};

static int fail(const char *what) {
  fprintf(stderr, "appserver-init: %s: %s\n", what, strerror(errno));
  return 71;
}

/* Moves fd to the wanted number, inheritable. */
static int place(int fd, int wanted) {
  if (fd == wanted) return fcntl(fd, F_SETFD, 0);
  if (dup2(fd, wanted) < 0) return -1;
  return close(fd);
}

/* Returns a listening socket, or -1 with errno set. */
static int listen_on(const char *address, const char *port, int backlog) {
  struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found;
  if (getaddrinfo(address, port, &hints, &found) != 0) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  int fd = socket(found->ai_family, SOCK_STREAM, 0);
  int on = 1;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, backlog) < 0) {
    int saved = errno;
    if (fd >= 0) close(fd);
    fd = -1;
    errno = saved;
  }
  freeaddrinfo(found);
  return fd;
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

static int serve(const char *address, const char *port, int backlog, char **command) {
  int memory = memfd_create("appserver-workers", 0);
  if (memory < 0 || ftruncate(memory, SHARED_MEMORY_BYTES) < 0) return fail("shared memory");
  /* Out of the way of descriptor 3. */
  int high = fcntl(memory, F_DUPFD, 10);
  if (high < 0) return fail("shared memory");
  close(memory);

  int listener = listen_on(address, port, backlog);
  if (listener < 0) {
    char number[16];
    snprintf(number, sizeof number, "%d", errno);
    setenv("APPSERVER_LISTEN_ERRNO", number, 1);
  } else if (place(listener, LISTEN_FD) < 0) {
    return fail("listening socket");
  }
  if (place(high, SHARED_MEMORY_FD) < 0) return fail("shared memory");
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
  close(LISTEN_FD);
  close(SHARED_MEMORY_FD);
  return supervise(pid, &set);
}

static int worker(char **command) {
  char pid[16];
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  snprintf(pid, sizeof pid, "%d", getpid());
  setenv("LISTEN_PID", pid, 1);
  execvp(command[0], command);
  fail(command[0]);
  return errno == ENOENT ? 127 : 126;
}

int main(int argc, char **argv) {
  if (argc >= 6 && strcmp(argv[1], "serve") == 0) return serve(argv[2], argv[3], atoi(argv[4]), argv + 5);
  if (argc >= 3 && strcmp(argv[1], "worker") == 0) return worker(argv + 2);
  fprintf(stderr, "usage: appserver-init serve ADDRESS PORT BACKLOG PROGRAM [ARGUMENT...]\n"
                  "       appserver-init worker PROGRAM [ARGUMENT...]\n");
  return 2;
}
