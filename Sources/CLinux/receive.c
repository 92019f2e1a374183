#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "CLinux.h"

static void read_origin(struct msghdr *message, struct vip_ipv6_origin *origin) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != IPPROTO_IPV6) continue;
    if (c->cmsg_type == IPV6_HOPLIMIT && c->cmsg_len >= CMSG_LEN(sizeof origin->hop_limit)) {
      memcpy(&origin->hop_limit, CMSG_DATA(c), sizeof origin->hop_limit);
    } else if (c->cmsg_type == IPV6_PKTINFO && c->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
      memcpy(origin->destination, CMSG_DATA(c), sizeof origin->destination);
    }
  }
}

ssize_t vip_receive_ipv6(int fd, void *buffer, size_t size, struct vip_ipv6_origin *origin) {
  struct sockaddr_in6 source = {0};
  struct iovec data = {.iov_base = buffer, .iov_len = size};
  // Of cmsghdr's alignment, and larger than what both options need.
  size_t control[16];
  struct msghdr message = {
      .msg_name = &source,
      .msg_namelen = sizeof source,
      .msg_iov = &data,
      .msg_iovlen = 1,
      .msg_control = control,
      .msg_controllen = sizeof control,
  };
  ssize_t count;
  do {
    count = recvmsg(fd, &message, MSG_TRUNC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return count;
  memset(origin, 0, sizeof *origin);
  memcpy(origin->source, &source.sin6_addr, sizeof origin->source);
  read_origin(&message, origin);
  return count;
}
