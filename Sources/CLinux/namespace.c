#define _GNU_SOURCE
#include <sched.h>

#include "CLinux.h"

int vip_unshare_network(void) { return unshare(CLONE_NEWNET); }

int vip_unshare_mounts(void) { return unshare(CLONE_NEWNS | CLONE_FS); }

int vip_enter_network(int fd) { return setns(fd, CLONE_NEWNET); }
