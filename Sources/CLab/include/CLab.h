// What the lab needs of Linux that Swift's importer cannot see: GNU-only calls, cmsg walking and
// classic BPF. Part of the lab only; the daemon links none of it.
#pragma once

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <sys/types.h>

/// Moves the calling thread, and it alone, into the network namespace `descriptor`.
int lab_enter_network_namespace(int descriptor);

/// An event descriptor that another thread can write to, to end a poll.
int lab_event(void);

/// A timer on CLOCK_MONOTONIC that expires every `interval_ns`.
int lab_periodic_timer(int64_t interval_ns);

/// Gives the calling thread SCHED_FIFO, above the daemons: what measures must not wait for the measured.
int lab_prefer_this_thread(void);

/// Whoever opens a file of `directory` waits, until the descriptor that this returns is closed (fanotify(7)); -1 and
/// errno on failure.
int lab_hold_opens(const char *directory);

/// Lets only ARP, neighbour solicitations and advertisements, and VRRP through to a packet socket, and of them only
/// the frames that come in.
int lab_accept_neighbours_and_vrrp_only(int socket);

/// One datagram without waiting; `received_ns` is when the kernel got it (CLOCK_REALTIME, SO_TIMESTAMPNS), or 0.
ssize_t lab_receive(int socket, void *buffer, size_t size, void *sender, uint32_t sender_size,
                    int64_t *received_ns);

/// An unnamed file in memory.
int lab_memory_file(void);

/// A pipe, `ends[0]` to read and `ends[1]` to write, that no child inherits by chance.
int lab_pipe(int ends[2]);
