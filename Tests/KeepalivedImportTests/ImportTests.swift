import Configuration
import Internet
import KeepalivedImport
import Testing
import VRRP

private func only(_ text: String) throws -> ImportedInstance {
  let configuration = KeepalivedConfiguration(parsing: text)
  try #require(configuration.instances.count == 1)
  return configuration.instances[0]
}

/// An instance with an address and what else is in `lines`.
private func instance(_ lines: String) throws -> ImportedInstance {
  try only("vrrp_instance VI {\n interface eth0\n virtual_ipaddress {\n192.0.2.219/24\n}\n\(lines)\n}\n")
}

@Suite struct ImportTests {
  @Test func everythingThatHasACounterpart() throws {
    let text = """
      global_defs {
        vrrp_version 3
        vrrp_garp_master_repeat 3
      }
      vrrp_instance web {
        interface eth0
        virtual_router_id 51
        priority 150
        advert_int 0.25
        nopreempt
        preempt_delay 4.5
        use_vmac
        garp_master_refresh 30
        virtual_ipaddress {
          192.0.2.219/24 dev eth0 scope link
          192.0.2.220
        }
        virtual_routes {
          default via 192.0.2.254 src 192.0.2.219 metric 5
          198.51.100.0/24 gw 192.0.2.254 dev eth0 table 100
        }
        unicast_peer {
          192.0.2.218
        }
      }
      """
    let imported = try only(text)
    #expect(imported.name == "web")
    #expect(imported.notes.map(\.text) == ["scope link"])
    let settings = try ImportHost.settings(of: imported)
    #expect(settings.interface == "eth0" && settings.virtualRouterID == 51 && settings.priority == 150)
    #expect(settings.version == .v3 && settings.advertisementInterval.duration == .milliseconds(250))
    #expect(!settings.preempt && settings.preemptDelay == .milliseconds(4500) && settings.virtualMAC)
    #expect(settings.addresses.map(\.description) == ["192.0.2.219/24", "192.0.2.220/32"])
    #expect(
      settings.routes.map(\.description) == [
        "default via 192.0.2.254 src 192.0.2.219 metric 5", "198.51.100.0/24 via 192.0.2.254 table 100",
      ])
    #expect(settings.peers.map(\.description) == ["192.0.2.218"])
    #expect(settings.announcementRepeat == 3 && settings.refreshInterval == .seconds(30))
  }

  /// keepalived has a pace for each family.
  @Test(arguments: [
    ("vrrp_garp_interval 0.001", "", Duration.milliseconds(1)), ("vrrp_garp_interval 0", "", nil),
    ("vrrp_garp_interval 0.00001", "", .microseconds(100)), ("vrrp_gna_interval 0.5", "", nil),
    ("vrrp_gna_interval 0.5", "fd00::219/64", .milliseconds(500)),
    ("vrrp_garp_interval 0.25\n vrrp_gna_interval 0.01", "fd00::219/64", .milliseconds(250)),
  ])
  func thePaceOfAnnouncements(globals: String, address: String, pace: Duration?) throws {
    let imported = try only(
      """
      global_defs {
        vrrp_version 3
        \(globals)
      }
      vrrp_instance VI {
        interface eth0
        virtual_ipaddress {
          192.0.2.219/24
        }
        virtual_ipaddress_excluded {
          \(address)
        }
      }
      """)
    #expect(try ImportHost.settings(of: imported).announcementInterval == pace)
  }

  @Test func aPaceOutOfRangeIsNoted() throws {
    let imported = try only(
      "global_defs {\n vrrp_garp_interval 2\n}\nvrrp_instance VI {\n interface eth0\n virtual_ipaddress {\n"
        + "192.0.2.219/24\n}\n}\n")
    #expect(imported.notes.map(\.text).contains("vrrp_garp_interval 2"))
    #expect(try ImportHost.settings(of: imported).announcementInterval == nil)
  }

  @Test func version2IsKeepalivedsDefault() throws {
    let settings = try ImportHost.settings(
      of: try instance("authentication {\n auth_type PASS\n auth_pass 123456789\n}"))
    #expect(settings.version == .v2 && settings.authentication == "12345678")
    #expect(settings.advertisementInterval.duration == .seconds(1))
  }

  @Test func addressesOfIPv6AreVersion3() throws {
    let imported = try only(
      """
      vrrp_instance VI {
        interface eth0
        advert_int 0.015
        virtual_ipaddress { fd00::219/64 }
      }
      """)
    let settings = try ImportHost.settings(of: imported)
    #expect(settings.version == .v3 && settings.advertisementInterval.duration == .milliseconds(20))
    #expect(settings.addresses.count == 2)
    #expect(imported.notes.contains { $0.line == 3 && $0.reason.contains("20ms") })
  }

  @Test(arguments: [
    ("smtp_alert", "mail"), ("notify_master \"/usr/bin/up now\"", "vip-active@VI.target"),
    ("track_file {\n x weight 1\n}", "(to line 7)"), ("mcast_src_ip 192.0.2.1", "interface's own"),
    ("priority 300", "1 to 255"), ("dont_track_primary", "no counterpart"), ("bogus 1 2", "no counterpart"),
    ("@main priority 200", "configuration id main"), ("priority 100 200", "not understood"),
    ("virtual_routes {\n blackhole 198.51.100.0/24\n}", "destination"),
    ("virtual_routes {\n 198.51.100.0/24 via 192.0.2.9 dev eth7\n}", "destination"),
    ("virtual_ipaddress {\n 192.0.2.221 dev eth1\n}", "another interface"),
    ("virtual_ipaddress {\n 192.0.2.219\n}", "already"),
    ("virtual_ipaddress_excluded {\n fd00::1\n}", "VRRPv2"),
    ("virtual_ipaddress_excluded {\n 192.0.2.222\n}", "skip_check_adv_addr"),
    ("track_interface {\n eth1 weight 10 reverse\n}", "when it fails"),
    ("track_interface {\n eth1 weight 10\n}", "part of Priority="),
    ("priority 255\ntrack_interface {\n eth1 weight 10\n}", "address owner"),
    ("track_script {\n nothing\n}", "no such"),
    ("authentication {\n auth_type AH\n auth_pass x\n}", "only PASS"),
    ("unicast_peer {\n 192.0.2.218\n fd00::1\n}", "no IPv6 address"), ("include other.conf", "not followed"),
  ])
  func whatIsNotCarriedOverIsNamed(lines: String, reason: String) throws {
    let text = "vrrp_instance VI {\n interface eth0\n virtual_ipaddress {\n192.0.2.219/24\n}\n\(lines)\n}\n"
    let configuration = KeepalivedConfiguration(parsing: text)
    let imported = try #require(configuration.instances.first)
    let notes = imported.notes + configuration.notes
    #expect(notes.count == 1, "\(notes)")
    #expect(notes.contains { $0.reason.contains(reason) && (6...8).contains($0.line) }, "\(notes)")
    // The notes of an instance are in its file.
    for note in imported.notes { #expect(imported.text.contains("# \(note)\n")) }
    _ = try ImportHost.settings(of: imported)
  }

  @Test func tracking() throws {
    let configuration = KeepalivedConfiguration(
      parsing: """
        vrrp_script one {
          script "/usr/bin/check 'a b'"
          interval 5
          timeout 1.5
          rise 2
          fall 3
        }
        vrrp_script two {
          script "killall -0 sshd"
          weight -4
        }
        vrrp_script unused {
          script /bin/true
        }
        vrrp_instance VI {
          interface eth0
          track_interface {
            eth1
          }
          track_script {
            one
            two
          }
          virtual_ipaddress {
            192.0.2.219/24
          }
        }
        """)
    let imported = try #require(configuration.instances.first)
    let lines = imported.text.split(separator: "\n")
    let track = lines.drop { $0 != "[Track]" }.dropFirst()
    #expect(
      Array(track) == [
        "Interface=eth1", "Exec=/usr/bin/check 'a b'", "IntervalSec=5s", "TimeoutSec=1500ms", "Rise=2",
        "Fall=3",
        "[Track]", "Exec=/usr/bin/env killall -0 sshd", "IntervalSec=1s", "TimeoutSec=1s", "Rise=1", "Fall=1",
        "Penalty=4",
      ])
    #expect(!imported.notes.contains { $0.reason.hasPrefix("not imported") })
    #expect(try ImportHost.settings(of: imported).tracks.map(\.penalty) == [0, 4])
    #expect(configuration.notes.contains { $0.line == 12 && $0.text == "vrrp_script unused" })
  }

  @Test func weightsThatAreTheSameArePenalties() throws {
    let imported = try instance("track_interface {\n eth1 weight -20\n eth2 weight -20\n}")
    #expect(imported.notes.isEmpty)
    #expect(imported.text.hasSuffix("[Track]\nInterface=eth1\nInterface=eth2\nPenalty=20\n"))
  }

  @Test func whatASuccessAddsIsTakenOffByAFailure() throws {
    let imported = try instance(
      "priority 90\ntrack_interface {\n eth1 weight 20\n eth2 weight -20\n eth3 weight 5\n}")
    let settings = try ImportHost.settings(of: imported)
    #expect(settings.priority == 115)
    #expect(settings.tracks.map(\.penalty) == [20, 5])
    #expect(settings.tracks.map(\.interfaces) == [["eth1", "eth2"], ["eth3"]])
    let high = try instance("priority 250\ntrack_interface {\n eth1 weight 20\n}")
    #expect(try ImportHost.settings(of: high).priority == 254)
    #expect(high.notes.contains { $0.reason.contains("254 is the highest") })
  }

  @Test func whatIsTrackedTwiceIsNamed() throws {
    let imported = try instance("track_interface {\n eth1\n eth1 weight -20\n}")
    #expect(imported.notes.map(\.reason) == ["not imported: it is tracked already"])
    #expect(imported.text.hasSuffix("[Track]\nInterface=eth1\n"))
  }

  @Test func groups() throws {
    let configuration = KeepalivedConfiguration(
      parsing: """
        vrrp_sync_group G1 { group { A B } notify_master /bin/x }
        vrrp_sync_group "G 2" {
          group {
            A
            C
          }
        }
        vrrp_instance A {
          interface eth0
          virtual_ipaddress { 192.0.2.219/24 }
        }
        vrrp_instance C {
          interface eth0
          virtual_ipaddress { 192.0.2.220/24 }
        }
        """)
    let groups = try configuration.instances.map { try ImportHost.settings(of: $0).group }
    #expect(groups == ["G1", "G-2"])
    // A second group is none; neither are notify scripts.
    #expect(configuration.notes.map(\.text) == ["notify_master /bin/x", "A"])
    #expect(configuration.instances[1].notes.map(\.reason) == ["is Group=G-2"])
  }

  @Test func parameters() throws {
    let configuration = KeepalivedConfiguration(
      parsing: """
        $PRIORITY=150   # of this host
        $NET=192.0.${THIRD}
        $THIRD=2
        $NEVER=1
        $BLOCK= \\
        vrrp_instance VI_${N} { \\
          interface eth0 \\
          priority $PRIORITY \\
          virtual_ipaddress { \\
            ${NET}.21${N}/24 \\
          } \\
        }
        $N=8
        $BLOCK
        $N=9
        $BLOCK
        """)
    #expect(configuration.instances.map(\.name) == ["VI_8", "VI_9"])
    let settings = try configuration.instances.map { try ImportHost.settings(of: $0) }
    #expect(settings.map(\.priority) == [150, 150])
    #expect(settings.flatMap(\.addresses).map(\.description) == ["192.0.2.218/24", "192.0.2.219/24"])
    #expect(configuration.notes.map(\.text) == ["$NEVER"])
  }

  @Test func parametersWithoutEndAreNamed() {
    let configuration = KeepalivedConfiguration(parsing: "$A=x${A}${A}\nrouter $A\n")
    #expect(configuration.notes.contains { $0.line == 2 && $0.reason.contains("never end") })
  }

  @Test func bracesThatDoNotMatchAreNamed() {
    #expect(KeepalivedConfiguration(parsing: "}\n").notes.map(\.text) == ["}"])
    #expect(KeepalivedConfiguration(parsing: "{\n}\n").notes.contains { $0.text == "{" })
    let deep = KeepalivedConfiguration(parsing: String(repeating: "a {\n", count: 10_000))
    #expect(deep.notes.contains { $0.reason.contains("too deeply") })
    let open = KeepalivedConfiguration(parsing: "vrrp_instance A {\n interface eth0\n")
    #expect(open.instances.count == 1 && open.notes.contains { $0.text == "}" })
  }

  @Test func namesAreThoseOfUnits() {
    let text = ["VI_1", "web front", "web-front", "ü"].map { "vrrp_instance \"\($0)\" {\n}\n" }.joined()
    let names = KeepalivedConfiguration(parsing: text).instances.map(\.name)
    #expect(names == ["VI_1", "web-front", "web-front-2", "-"])
  }
}
