import Foundation
import Lab
import Testing

extension SystemdTests {
  /// What the README, the man pages and the examples show is run.
  @Suite("What the documentation shows", .timeLimit(.minutes(5)))
  struct DocumentationTests {
    let pair: Pair

    init() throws {
      pair = try Pair()
      for host in pair.hosts {
        try host.installSudo()
        try host.installCurl()
      }
    }

    @Test("Every block of commands in the README runs, one after the other, on a host with the built package")
    func readme() throws {
      let host = pair.hosts[0]
      try host.shell("mkdir -p /root/readme/.build")
      defer { _ = try? host.shell("rm -rf /root/readme") }
      try host.copy(Pair.package(), to: "/root/readme/.build/\(Pair.package().lastPathComponent)")
      let blocks = try CommandBlock.ofMarkdown(Pair.root.appendingPathComponent("README.md"))
      #expect(blocks.count >= 3)
      for block in blocks {
        // What make does is tested elsewhere, or is how this test came about.
        for line in block.text.split(separator: "\n") {
          guard let target = make(line) else { continue }
          let outcome = try pair.lab.client("cd '\(Pair.root.path)' && make --dry-run \(target)")
          #expect(outcome.status == 0, "\(line)\n\(outcome.output)")
        }
        let rest = block.text.split(separator: "\n").filter { make($0) == nil }.joined(separator: "\n")
        let outcome = try host.run(["sh", "-ec", "cd /root/readme\n\(rest)"], limit: 60)
        #expect(outcome.status == 0, "\(block.heading):\n\(rest)\n\(outcome.output)")
      }
      try pair.settle(on: host)
    }

    @Test(
      "Every example in the man pages runs, or is accepted", arguments: ["vipd.8", "vipctl.8", "vip.conf.5"])
    func manPage(name: String) throws {
      let (owner, other) = try pair.start()
      try eventually("\(other.name) stands by") {
        try owner.property("StatusText").contains("standing by: \(other.address)")
      }
      defer {
        for host in pair.hosts { _ = try? host.shell("systemctl disable --now --quiet vipd-metrics.socket") }
      }
      let blocks = try CommandBlock.ofManPage(Pair.root.appendingPathComponent("packaging/man/\(name)"))
      #expect(!blocks.isEmpty)
      for block in blocks where block.heading != "DIAGNOSTICS" {
        let text = block.text.replacingOccurrences(of: "bond0", with: "eth0")
        if !block.isConfiguration {
          let outcome = try owner.run(["sh", "-ec", "rm -f /etc/vip/219.conf\n\(text)"], limit: 60)
          #expect(outcome.status == 0, "\(name) \(block.heading):\n\(text)\n\(outcome.output)")
        } else if name == "vip.conf.5" {
          try expectAccepted(text, on: owner)
        } else {
          try expectUnit(text, on: owner)
        }
      }
    }

    @Test("Every example of a configuration is accepted")
    func examples() throws {
      let directory = Pair.root.appendingPathComponent("packaging/examples")
      let paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
      let configurations = paths.filter { $0.hasSuffix("219.conf") }
      #expect(configurations.count >= 2)
      for path in configurations {
        let text = try String(contentsOf: directory.appendingPathComponent(path), encoding: .utf8)
        try expectAccepted(text.replacingOccurrences(of: "bond0", with: "eth0"), on: pair.hosts[0])
      }
    }

    @Test("Every script of an example is what sh and shellcheck accept")
    func scripts() throws {
      let outcome = try pair.lab.client(
        """
        cd '\(Pair.root.path)/packaging'
        scripts=$(grep --recursive --files-with-matches --max-count=1 '^#!/bin/sh' examples)
        shellcheck $scripts
        echo "$scripts"
        """)
      #expect(outcome.status == 0, "\(outcome.output)")
      #expect(outcome.output.contains("examples/postgresql/vip-postgresql"))
    }

    /// The target of a line that runs make.
    private func make(_ line: Substring) -> Substring? {
      let words = line.split(separator: " ").drop { $0 == "sudo" }
      return words.first == "make" ? words.dropFirst().first : nil
    }

    private func expectAccepted(_ text: String, on host: Container) throws {
      try host.configure(text)
      let outcome = try host.run(["vipd", "--check", "219"])
      #expect(outcome.status == 0, "\(text)\n\(outcome.output)")
    }

    private func expectUnit(_ text: String, on host: Container) throws {
      let outcome = try host.run([
        "sh", "-c",
        """
        cat >/run/lab-example.service <<'END'
        \(text.replacingOccurrences(of: "/usr/local/bin/report", with: "/bin/true"))
        END
        systemd-analyze verify --man=no /run/lab-example.service
        """,
      ])
      #expect(outcome.status == 0 && outcome.output.isEmpty, "\(text)\n\(outcome.output)")
    }
  }
}

extension Container {
  /// Enough for "curl URL", by bash: there is none in a minimal Debian.
  fileprivate func installCurl() throws {
    try shell(
      """
      cat >/usr/bin/curl <<'END'
      #!/bin/bash
      set -e
      [[ $1 =~ ^http://([^:/]+):([0-9]+)(/.*)$ ]]
      exec 3<>"/dev/tcp/${BASH_REMATCH[1]}/${BASH_REMATCH[2]}"
      printf 'GET %s HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' "${BASH_REMATCH[3]}" >&3
      read -r version status reason <&3
      cat <&3
      [ "$status" = 200 ]
      END
      chmod 755 /usr/bin/curl
      """)
  }
}
