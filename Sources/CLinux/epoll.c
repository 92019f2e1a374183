#include <stddef.h>
#include <sys/epoll.h>

#include "CLinux.h"

int vip_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int vip_epoll_add(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int vip_epoll_remove(int epoll, int fd) { return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

int vip_epoll_next(int epoll) {
  struct epoll_event event;
  return epoll_wait(epoll, &event, 1, 0) == 1 ? event.data.fd : -1;
}
