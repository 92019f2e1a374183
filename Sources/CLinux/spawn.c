#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "CLinux.h"

// Only what signal-safety(7) allows: other threads may hold locks at the time of the fork.

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  // What is not allowed here stays as it is.
  if (write(fd, text, strlen(text)) < 0) errno = 0;
  close(fd);
}

static void restore_signals(void) {
  for (int signal_number = 1; signal_number < NSIG; signal_number++) signal(signal_number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void drop_privileges(void) {
  struct sched_param parameters = {0};
  sched_setscheduler(0, SCHED_OTHER, &parameters);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // The daemon is worth more than what it runs.
  write_file("/proc/self/oom_score_adj", "0");
}

static void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(127);
}

int vip_spawn(const char *path, char *const arguments[], char *const environment[], int output) {
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != parent) _exit(127);
  setpgid(0, 0);
  restore_signals();
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
      dup2(output, STDERR_FILENO) < 0)
    _exit(127);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  drop_privileges();
  execve(path, arguments, environment);
  const char *reason = strerrordesc_np(errno);
  say("cannot be run: ");
  say(reason ? reason : "unknown error");
  _exit(127);
}
