#include <sys/eventfd.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-bus-vtable.h>

// sd-bus tables are made by macros, which Swift cannot see.

static inline sd_bus_vtable vip_vtable_start(void) {
  return (sd_bus_vtable)SD_BUS_VTABLE_START(0);
}

/// `names` are the arguments' and then the results', each followed by a NUL.
static inline sd_bus_vtable vip_vtable_method(const char *member, const char *signature, const char *result,
                                              const char *names, sd_bus_message_handler_t handler,
                                              uint64_t flags) {
  return (sd_bus_vtable){.type = _SD_BUS_VTABLE_METHOD,
                         .flags = flags,
                         .x = {.method = {.member = member,
                                          .signature = signature,
                                          .result = result,
                                          .handler = handler,
                                          .names = names}}};
}

static inline sd_bus_vtable vip_vtable_property(const char *member, const char *signature,
                                                sd_bus_property_get_t get, uint64_t flags) {
  return (sd_bus_vtable)SD_BUS_PROPERTY(member, signature, get, 0, flags);
}

static inline sd_bus_vtable vip_vtable_end(void) { return (sd_bus_vtable)SD_BUS_VTABLE_END; }

