// Constants, structs and inline calls of Linux that Swift's importer cannot see: function-like
// macros, ioctl-sized casts and system calls without a libc wrapper.
#pragma once

#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdint.h>

/// The calling thread's effective capabilities, bit n for capability n; -1 and errno on failure.
int vip_effective_capabilities(uint64_t *capabilities);

/// capabilities(7) that vipd needs.
enum { VIP_CAP_NET_ADMIN = 12, VIP_CAP_NET_RAW = 13 };

/// Unmaps the pages of code and constants that are in memory; those that are used again come back from the
/// page cache. Does nothing for pages that are locked.
void vip_unmap_code(void);

/// Moves the calling thread into a new network namespace; -1 and errno on failure.
int vip_unshare_network(void);

/// Moves the calling thread into a copy of its mount namespace; -1 and errno on failure.
int vip_unshare_mounts(void);

/// Moves the calling thread into the network namespace that `fd` refers to; -1 and errno on failure.
int vip_enter_network(int fd);
