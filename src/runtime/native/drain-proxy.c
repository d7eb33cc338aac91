/*
 * drain-proxy: what ends the nginx in front of the application, from the preStop hook of its container. Static, so that it
 * runs in any image.
 *
 *   drain-proxy PORT DIRECTORY MINIMUM_MS MAXIMUM_MS
 *     Marks DIRECTORY/draining, upon which nginx answers with `Connection: close`. Waits MINIMUM_MS, and then until no
 *     request has come for a second, which nginx's own count at http://127.0.0.1:PORT/status tells, at most MAXIMUM_MS in
 *     all. Then has the process of DIRECTORY/nginx.pid end once it has answered what it has in hand, and removes the mark:
 *     DIRECTORY outlives the container, and so may the pod, where a liveness probe was what ended nginx.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE_MS = 100, QUIET_MS = 1000 };

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

static void sleep_ms(long ms) {
  struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
  while (nanosleep(&left, &left) < 0 && errno == EINTR) continue;
}

static int fail(const char *what) {
  fprintf(stderr, "drain-proxy: %s: %s\n", what, strerror(errno));
  return 1;
}

/* Requests that nginx has had, this one included; -1 when it does not say. */
static long requests(int port) {
  static const char question[] = "GET /status HTTP/1.0\r\n\r\n";
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct timeval patience = {.tv_sec = 1};
  char answer[2048];
  size_t length = 0;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
      write(fd, question, sizeof question - 1) == sizeof question - 1) {
    for (ssize_t n; length < sizeof answer - 1 && (n = read(fd, answer + length, sizeof answer - 1 - length)) > 0;)
      length += n;
  }
  close(fd);
  answer[length] = 0;
  /* The module's third line has no names: accepted connections, handled ones, requests. */
  const char *line = strstr(answer, "server accepts handled requests\n");
  long accepted, handled, total;
  if (line == NULL || sscanf(strchr(line, '\n'), "%ld %ld %ld", &accepted, &handled, &total) != 3) return -1;
  return total;
}

static void wait_until_quiet(int port, long deadline) {
  long last = requests(port);
  for (long quiet_since = now_ms(); last >= 0 && now_ms() < deadline && now_ms() - quiet_since < QUIET_MS;) {
    sleep_ms(SAMPLE_MS);
    long total = requests(port);
    /* One of them was the question. */
    if (total - last > 1) quiet_since = now_ms();
    last = total;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: drain-proxy PORT DIRECTORY MINIMUM_MS MAXIMUM_MS\n");
    return 2;
  }
  long begun = now_ms();
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/draining", argv[2]);
  int mark = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (mark < 0) return fail(path);
  close(mark);
  sleep_ms(atol(argv[3]));
  wait_until_quiet(atoi(argv[1]), begun + atol(argv[4]));
  char pid_path[PATH_MAX];
  snprintf(pid_path, sizeof pid_path, "%s/nginx.pid", argv[2]);
  FILE *file = fopen(pid_path, "re");
  int pid;
  int status = 0;
  if (file == NULL || fscanf(file, "%d", &pid) != 1) status = fail(pid_path);
  /* Numbers below are groups of processes, and all of them. */
  else if (pid <= 0) status = (errno = EINVAL, fail(pid_path));
  else if (kill(pid, SIGQUIT) < 0) status = fail("nginx");
  unlink(path);
  return status;
}
