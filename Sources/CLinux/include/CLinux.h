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
