#define _GNU_SOURCE
#include "CLab.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int lab_enter_network_namespace(int descriptor) { return setns(descriptor, CLONE_NEWNET); }

int lab_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int lab_periodic_timer(int64_t interval_ns) {
  struct timespec interval = {interval_ns / 1000000000, interval_ns % 1000000000};
  struct itimerspec value = {interval, interval};
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer >= 0 && timerfd_settime(timer, 0, &value, NULL) < 0) {
    close(timer);
    return -1;
  }
  return timer;
}

int lab_prefer_this_thread(void) {
  struct sched_param parameters = {.sched_priority = 2};
  return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters);
}

int lab_hold_opens(const char *directory) {
  int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
  if (group < 0) return -1;
  if (fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM | FAN_EVENT_ON_CHILD, AT_FDCWD, directory) < 0) {
    close(group);
    return -1;
  }
  return group;
}

int lab_accept_neighbours_and_vrrp_only(int socket) {
  enum { solicitation = 135, advertisement = 136, vrrp = 112 };
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 13, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 10, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 2),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, vrrp, 7, 8),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 7),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 6),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, vrrp, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 4),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 40),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, solicitation, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, advertisement, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xFFFF),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog filter = {sizeof program / sizeof *program, program};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

ssize_t lab_receive(int socket, void *buffer, size_t size, void *sender, uint32_t sender_size,
                    int64_t *received_ns) {
  char control[CMSG_SPACE(sizeof(struct timespec))] __attribute__((aligned(8)));
  struct iovec part = {buffer, size};
  struct msghdr message = {sender, sender_size, &part, 1, control, sizeof control, 0};
  ssize_t count = recvmsg(socket, &message, MSG_DONTWAIT);
  *received_ns = 0;
  if (count < 0) return count;
  for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SO_TIMESTAMPNS) continue;
    struct timespec time;
    memcpy(&time, CMSG_DATA(item), sizeof time);
    *received_ns = time.tv_sec * 1000000000LL + time.tv_nsec;
  }
  return count;
}

int lab_memory_file(void) { return memfd_create("viplab", MFD_CLOEXEC); }

int lab_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
