#include "CLinux.h"

#include <linux/capability.h>
#include <linux/if.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(VIP_IFF_UP == IFF_UP, "as in linux/if.h");
_Static_assert(VIP_IFF_LOOPBACK == IFF_LOOPBACK, "as in linux/if.h");
_Static_assert(VIP_IFF_RUNNING == IFF_RUNNING, "as in linux/if.h");
_Static_assert(VIP_IFF_NOARP == IFF_NOARP, "as in linux/if.h");
_Static_assert(VIP_IFF_LOWER_UP == IFF_LOWER_UP, "as in linux/if.h");
_Static_assert(VIP_CAP_NET_ADMIN == CAP_NET_ADMIN, "as in linux/capability.h");
_Static_assert(VIP_CAP_NET_RAW == CAP_NET_RAW, "as in linux/capability.h");

int vip_effective_capabilities(uint64_t *capabilities) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
  if (syscall(SYS_capget, &header, data) < 0) return -1;
  *capabilities = (uint64_t)data[1].effective << 32 | data[0].effective;
  return 0;
}
