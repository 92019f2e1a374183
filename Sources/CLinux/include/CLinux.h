// Constants, structs and inline calls of Linux that Swift's importer cannot see: function-like
// macros, ioctl-sized casts and cmsg walking.
#pragma once

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
