#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>

#include "CLinux.h"

// Messages in one call; the kernel takes 1024 (UIO_MAXIOV).
enum { MOST = 512 };

int vip_send_frames(
    int fd, const struct sockaddr_ll *destination, const void *frames, size_t length, unsigned count) {
  struct mmsghdr messages[MOST];
  struct iovec data[MOST];
  if (count > MOST) count = MOST;
  for (unsigned i = 0; i < count; i++) {
    data[i] = (struct iovec){.iov_base = (char *)frames + i * length, .iov_len = length};
    messages[i] = (struct mmsghdr){
        .msg_hdr = {
            .msg_name = (void *)destination,
            .msg_namelen = sizeof *destination,
            .msg_iov = &data[i],
            .msg_iovlen = 1,
        },
    };
  }
  int sent;
  do {
    sent = sendmmsg(fd, messages, count, 0);
  } while (sent < 0 && errno == EINTR);
  return sent;
}
