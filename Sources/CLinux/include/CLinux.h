// Constants, structs and inline calls of Linux that Swift's importer cannot see: function-like
// macros, ioctl-sized casts and system calls without a libc wrapper.
#pragma once

#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdint.h>
#include <sys/types.h>

/// The calling thread's effective capabilities, bit n for capability n; -1 and errno on failure.
int vip_effective_capabilities(uint64_t *capabilities);

/// capabilities(7) that vipd needs.
enum { VIP_CAP_NET_ADMIN = 12, VIP_CAP_NET_RAW = 13 };

/// Flags of a link (netdevice(7)). linux/if.h and net/if.h define them as different types, and which of the two
/// Swift sees depends on what else is imported.
enum {
  VIP_IFF_UP = 0x1,
  VIP_IFF_LOOPBACK = 0x8,
  VIP_IFF_RUNNING = 0x40,
  VIP_IFF_NOARP = 0x80,
  VIP_IFF_LOWER_UP = 0x10000,
};

/// What the kernel says beside a datagram of an IPv6 raw socket; what it does not say is zero.
struct vip_ipv6_origin {
  uint8_t source[16];
  uint8_t destination[16];
  int hop_limit;
};

/// Receives one datagram of an IPv6 raw socket with IPV6_RECVPKTINFO and IPV6_RECVHOPLIMIT: its true length,
/// which may exceed `size`; -1 and errno on failure.
ssize_t vip_receive_ipv6(int fd, void *buffer, size_t size, struct vip_ipv6_origin *origin);

/// Sends `count` frames of `length` octets each that lie one after the other, in one call: how many of them, beginning with
/// the first, at most 512; -1 and errno if not even that one.
int vip_send_frames(
    int fd, const struct sockaddr_ll *destination, const void *frames, size_t length, unsigned count);

/// Unmaps the pages of code and constants that are in memory, those that are used again come back from the
/// page cache, and those of free heap. Does nothing for pages that are locked.
void vip_trim(void);

/// Starts the program `path` in a process group of its own: standard input from /dev/null, standard output and error
/// to `output`, no other descriptor, no signal blocked or ignored, no capability, no realtime priority, and it ends
/// with this thread. A program that cannot be run says so on `output` and exits with 127. The process's number; -1
/// and errno on failure.
///
/// posix_spawn(3) would stop the caller until the program has been read, from a disk that may be dead.
int vip_spawn(const char *path, char *const arguments[], char *const environment[], int output);

/// Moves the calling thread into a new network namespace; -1 and errno on failure.
int vip_unshare_network(void);

/// Moves the calling thread into a copy of its mount namespace; -1 and errno on failure.
int vip_unshare_mounts(void);

/// Moves the calling thread into the network namespace that `fd` refers to; -1 and errno on failure.
int vip_enter_network(int fd);

/// Of epoll(7), which glibc's module lacks: a set of descriptors; -1 and errno on failure.
int vip_epoll_create(void);

/// Adds `fd`; -1 and errno on failure.
int vip_epoll_add(int epoll, int fd);

/// Removes `fd`; -1 and errno on failure.
int vip_epoll_remove(int epoll, int fd);

/// One of those that are readable, without waiting; -1 if none is.
int vip_epoll_next(int epoll);
