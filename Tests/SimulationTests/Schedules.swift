/// Cases that once failed, or that show what a rule is for, as `vipsim` printed them.
enum Schedules {
  private static let pair = """
    host kind=vipd priority=100 interval=100ms start=0ms
    host kind=vipd priority=100 interval=100ms start=0ms

    """

  /// Each kept its promise only after a change in the core, or of what the simulator believed possible.
  static let fixed: [(name: String, text: String)] = [
    (
      "a third router took the VIP beside a dead owner's kernel when a claimant gave up",
      "network jitter=0ms\n" + pair
        + "host kind=vipd priority=253 interval=300ms start=371231331ns\nat 1120ms kill h2\n"
    ),
    (
      "a member that could not open its sockets at first did not hear that its leader had become Active",
      """
      seed 158456
      network jitter=0ms gateway=none reference=two instances=2 group=yes
      host kind=vipd priority=255 interval=100ms start=115853377ns
      host kind=vipd priority=100 interval=100ms start=0ms
      at 90ms failing-sockets h1 of 2 20 for 40ms
      """
    ),
    (
      "a preemption waited for evidence that the host was on the network",
      """
      network jitter=0ms
      host kind=vipd priority=100 interval=100ms start=63398793ns
      host kind=vipd priority=101 interval=100ms start=165259772ns
      """
    ),
    (
      "a gateway that was the dead peer left nobody to take over",
      """
      network jitter=0ms gateway=peer
      host kind=vipd priority=100 interval=100ms start=148311435ns
      host kind=vipd priority=100 interval=100ms start=168962626ns
      at 900ms kill h1
      """
    ),
    (
      "a departing router that could not hear its successor went on offering",
      """
      network jitter=0ms
      host kind=vipd priority=100 interval=100ms start=0ms
      host kind=vipd priority=99 interval=100ms start=0ms
      at 1030ms blocked-vrrp h1 2 for 1250ms
      at 2190ms stop h1 29ms
      """
    ),
    (
      "routers that could not hear each other both kept the VIP",
      "network jitter=0ms\n" + pair + "at 280ms blocked-vrrp h1 2 for 940ms\n"
    ),
    (
      "a Backup router on a busy network never asks the gateway, and takes over when it is unplugged",
      "network chatter=24661018ns jitter=0ms\n" + pair + "at 6040ms unplug h1 for 470ms\n"
    ),
    (
      "what a Backup router heard just before it was unplugged counts as evidence",
      """
      network jitter=0ms
      host kind=vipd priority=100 interval=100ms start=0ms
      host kind=vipd priority=254 interval=100ms start=0ms
      at 6330ms unplug h1 for 350ms
      """
    ),
    (
      "the witness asks for the first address only",
      "network addresses=2 jitter=0ms\n" + pair + "at 6450ms kill h2\nat 6660ms deleted-address h2\n"
    ),
    (
      "an owner whose gateway is silent gives way though its peers would answer",
      """
      seed 1129
      network jitter=0ms gateway=peer
      client period=177029990ns
      client period=226024006ns
      host kind=vipd priority=100 interval=100ms start=97938794ns
      host kind=vipd priority=100 interval=100ms preempt-delay=89ms start=0ms
      at 5800ms crash h1 35ms
      """
    ),
    (
      "four routers that have the VIP at once do not agree by ARP",
      """
      seed 58519
      network jitter=0ms gateway=peer chatter=442017599ns
      host kind=vipd priority=100 interval=50ms start=0ms
      host kind=vipd priority=100 interval=50ms start=0ms
      host kind=vipd priority=100 interval=50ms start=0ms
      host kind=vipd priority=100 interval=50ms start=0ms
      at 60ms blocked-vrrp h1+h2+h3+h4+h5 2 for 1040ms
      """
    ),
    (
      "a forged claim diverts the witness from a dead owner's kernel",
      """
      network jitter=0ms
      host priority=100 interval=30ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 250ms kill h1
      at 260ms forged-arp h1 1 for 90ms
      """
    ),
    (
      "a router that is beaten while it has no address waits for nothing",
      """
      host priority=254 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 570ms readdressed h1 for 140ms
      at 650ms forged-vrrp forger 255 for 1ms
      """
    ),
    (
      "standbys that asked a proxy in the other family only took each other for strangers",
      """
      network delay=30us jitter=0ms gateway-delay=200us proxy=yes addresses=2 family=ipv4+ipv6
      host kind=vipd priority=100 interval=300ms start=0ms
      host kind=vipd priority=100 interval=300ms start=0ms
      at 400ms blocked-vrrp h1+h2 1 for 4210ms
      """
    ),
    (
      "a proxy that limits its answers is never found out",
      """
      seed 357861
      network delay=30us jitter=0ms gateway=router gateway-delay=200us proxy=yes reference=auto chatter=0ms instances=1 group=no addresses=1 wire=no family=ipv4 narrow=no routes=0 virtual-mac=no unicast=no penalty=none
      host kind=vipd priority=100 interval=100ms preempt=yes preempt-delay=0ms lease=2000ms witness=strict remembers=yes promotes=yes start=0ms
      host kind=vipd priority=100 interval=100ms preempt=yes preempt-delay=0ms lease=2000ms witness=strict remembers=yes promotes=yes start=0ms
      at 120ms gateway-slow gw 48ms for 1600ms
      at 420ms blocked-vrrp h1 1 for 1ms
      """
    ),
    (
      "an address that is renewed at that moment is not put in its place",
      """
      seed 462842
      network delay=30us jitter=0ms gateway=router gateway-delay=200us proxy=no reference=auto chatter=0ms instances=1 group=no addresses=1 wire=no family=ipv4 narrow=no routes=0 virtual-mac=no unicast=no penalty=none
      host kind=vipd priority=100 interval=100ms preempt=yes preempt-delay=0ms lease=2000ms witness=strict remembers=yes promotes=yes start=0ms
      host kind=vipd priority=255 interval=100ms preempt=yes preempt-delay=0ms lease=2000ms witness=off remembers=yes promotes=yes start=190603695ns
      at 6110ms readdressed h2 of 1 for 1ms
      at 6180ms freeze h2 for 50ms
      """
    ),
    (
      "what would not go when it was given up is missed when it is wanted again",
      """
      seed 876583
      network delay=30us jitter=0ms gateway=router gateway-delay=200us proxy=no reference=auto chatter=0ms instances=1 group=no addresses=1 wire=no family=ipv6+ipv4 narrow=no routes=3 virtual-mac=no unicast=no penalty=none
      host kind=vipd priority=100 interval=100ms preempt=yes preempt-delay=0ms lease=2000ms witness=strict remembers=yes promotes=yes start=0ms
      host kind=vipd priority=255 interval=100ms preempt=yes preempt-delay=0ms lease=2000ms witness=strict remembers=yes promotes=yes start=0ms
      at 540ms renamed h2 for 1370ms
      at 950ms failing-netlink h2 98 for 880ms
      """
    ),
    (
      "a proxy that answers for a peer, too, wins every contest",
      """
      network proxy=yes addresses=2 family=ipv6+ipv4 virtual-mac=yes
      host priority=100 interval=100ms witness=off start=0ms
      host priority=100 interval=100ms witness=off start=0ms
      at 710ms blocked-family h1+h2+h3+h4 6 for 1440ms
      """
    ),
    (
      "an owner believes that it stands by for itself",
      "network jitter=0ms\n" + pair + "at 900ms hostile h1+h2\n"
    ),
    (
      "an owner of both families forgets the standby that asks in each of them in turn",
      """
      network jitter=0ms addresses=2 family=ipv4+ipv6
      host priority=101 interval=1000ms start=0ms
      host priority=100 interval=1000ms start=0ms
      at 10880ms unplug h1 for 3510ms
      """
    ),
    (
      "a rival that let go hides another one that did not",
      """
      seed 287699
      network jitter=81us family=ipv6
      host priority=255 interval=100ms start=0ms
      host priority=254 interval=100ms witness=lease start=0ms
      host priority=253 interval=100ms witness=lease remembers=no start=0ms
      at 850ms blocked-vrrp h1 1 for 6470ms
      """
    ),
    (
      "a router that never heard its rival takes it for a stranger",
      """
      seed 160276
      network jitter=0ms
      host priority=100 interval=100ms witness=lease start=160246273ns
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=10ms start=0ms
      at 860ms blocked-vrrp h1 3 for 3970ms
      at 1020ms stand-back h3 for 1ms
      """
    ),
    (
      "a router that never heard its rival is asked in the family that does not elect",
      """
      seed 421452
      network delay=131us jitter=0ms addresses=2 family=ipv6+ipv4
      host priority=100 interval=100ms witness=lease start=165277795ns
      host priority=255 interval=100ms start=0ms
      host priority=100 interval=100ms witness=lease start=0ms
      at 1090ms blocked-vrrp h1+h2+h3+h4+h5 2 for 5530ms
      """
    ),
    (
      "a preemption does not ask the kernel of a rival that became Active, and froze, a moment ago",
      """
      seed 907980
      network jitter=0ms
      host priority=50 interval=20ms start=13922654ns
      host priority=100 interval=20ms remembers=no start=23860415ns
      at 90082us freeze h1 for 20ms
      """
    ),
    (
      "a router that was frozen takes over before it has read the heartbeat that waits for it",
      """
      seed 900257
      network delay=30us jitter=0ms
      host priority=100 interval=100ms start=181561740ns
      host priority=50 interval=100ms start=0ms
      at 200ms freeze h1 for 342699us
      at 530ms crash h2 32ms
      """
    ),
    (
      "a router that gives way to one whose daemon is frozen invites a third one",
      """
      seed 876966
      network delay=30us jitter=0ms family=ipv6+ipv4
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 360967us freeze h2 for 440ms
      """
    ),
    (
      "a daemon that has died hears evidence, and takes over",
      """
      seed 687538
      network delay=30us jitter=0ms gateway-delay=200us chatter=0ms family=ipv6
      host priority=100 interval=1000ms start=0ms
      host priority=100 interval=1000ms start=0ms
      host kind=plain priority=100 interval=1000ms start=0ms
      at 3580ms crash h2 37ms
      """
    ),
    (
      "an addition from before a removal counted as the one after it",
      """
      seed 130539
      network jitter=0ms family=ipv6+ipv4 virtual-mac=yes
      host kind=vipd priority=100 interval=100ms start=0ms
      host kind=vipd priority=254 interval=100ms start=24092132ns
      at 820ms held-lock h2 for 680ms
      at 890ms freeze h2 for 240ms
      """
    ),
    (
      "a router that offers the VIP contradicted a resignation, and so took its offer back",
      """
      seed 144351
      network jitter=0ms instances=4 group=yes addresses=2 routes=3
      host kind=vipd priority=100 interval=10ms start=10630961ns
      host kind=vipd priority=50 interval=10ms start=16054442ns
      at 50ms failing-netlink h2 of 4 22 for 60ms
      at 56ms mute h1 for 50ms
      """
    ),
    (
      "a macvlan that could not be removed when its interface was renamed kept the VIP",
      """
      seed 339242
      network jitter=0ms reference=none virtual-mac=yes
      host kind=vipd priority=100 interval=100ms start=0ms
      host kind=vipd priority=100 interval=200ms start=0ms
      at 730ms failing-sockets h1 49 for 1ms
      at 730ms renamed h1 for 1ms
      """
    ),
    (
      "sockets that were asked for before the interface went counted as open",
      """
      seed 472566
      network jitter=0ms group=yes
      host kind=vipd priority=100 interval=100ms start=0ms
      host kind=vipd priority=100 interval=100ms start=0ms
      at 100ms held-lock h1 of 1 for 470ms
      at 110ms reload-interval h1 of 2 10ms
      at 340ms renamed h1 for 1ms
      """
    ),
    (
      "a restart in the middle of a stop left the VIP to nobody",
      """
      seed 899838
      network jitter=0ms
      host kind=vipd priority=100 interval=100ms start=0ms
      host kind=vipd priority=100 interval=100ms start=0ms
      at 900ms stop h2
      at 909ms restart h2
      """
    ),
    (
      "a run that began while its interface had another name left the VIP of the run before on it",
      """
      seed 982811
      network jitter=0ms gateway-delay=20466ns
      host kind=vipd priority=100 interval=10ms start=10993485ns
      host kind=vipd priority=100 interval=10ms start=15581149ns
      at 140ms heavy-loss h2 50 for 110ms
      at 210ms restart h1
      at 240ms renamed h1 for 10ms
      """
    ),
    (
      "a dead owner that never had most of the addresses that it was asked for seemed to be silent",
      """
      seed 29356
      network jitter=0ms
      host kind=vipd priority=100 interval=100ms remembers=no start=0ms
      host kind=vipd priority=100 interval=100ms remembers=no start=0ms
      at 660ms kill h2
      at 740ms reload-addresses h1 31
      """
    ),
    (
      "an address that was put back after its daemon's end was not asked for any more",
      """
      seed 411614
      network jitter=0ms addresses=2 family=ipv6+ipv4
      host kind=vipd priority=100 interval=100ms start=0ms
      host kind=vipd priority=100 interval=100ms start=0ms
      at 500ms held-lock h1 for 750ms
      at 670ms deleted-address h1
      at 900ms kill h1
      """
    ),
    (
      "an IPv6 address was removed by a prefix length that the kernel does not have it with",
      """
      seed 626163
      network jitter=0ms family=ipv6
      host kind=vipd priority=100 interval=10ms start=0ms
      host kind=vipd priority=100 interval=100ms witness=off start=0ms
      at 7ms link-down h2 for 40ms
      at 36463us renamed h1 for 1586us
      at 74274us renamed h1 for 1ms
      """
    ),
    (
      "a macvlan that could not be made on an interface that went counted against the next one",
      """
      seed 864231
      network jitter=0ms addresses=2 family=ipv4+ipv6 virtual-mac=yes
      host kind=vipd priority=100 interval=100ms start=0ms
      host kind=vipd priority=255 interval=100ms start=0ms
      at 650ms interface-gone h2 for 1ms
      at 920ms interface-gone h2 for 1ms
      """
    ),
  ]
}
