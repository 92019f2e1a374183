import Foundation
import Lab
import Testing

extension SystemdTests {
  /// The endpoint as it is installed, and Debian's Prometheus with the example's configuration.
  @Suite("Metrics", .timeLimit(.minutes(5)))
  struct MetricsTests {
    let pair: Pair
    let owner: Container
    let other: Container

    init() throws {
      pair = try Pair()
      (owner, other) = try pair.start()
    }

    @Test("Nothing listens before it is asked to, and nothing runs when nobody scrapes")
    func socket() throws {
      #expect(try owner.shell("systemctl is-enabled vipd-metrics.socket || true") == "disabled")
      #expect(
        try owner.shell("systemctl show --value --property=ActiveState vipd-metrics.socket") == "inactive")
      defer { _ = try? owner.shell("systemctl disable --now --quiet vipd-metrics.socket") }
      try owner.shell("systemctl enable --now --quiet vipd-metrics.socket")
      #expect(try owner.shell("ss --listening --numeric --tcp --no-header").contains(" 127.0.0.1:9919 "))
      let text = try get("/metrics", on: owner)
      #expect(text.hasPrefix("HTTP/1.1 200 OK"))
      #expect(text.contains("\nvip_owned{vip=\"219\",address=\"\(Pair.vip)\"} 1\n"))
      #expect(text.contains("\nvip_up{vip=\"219\"} 1\n"))
      #expect(try get("/", on: owner).hasPrefix("HTTP/1.1 200 OK"))
      #expect(try get("/x", on: owner).hasPrefix("HTTP/1.1 404 "))
      try eventually("nothing runs") {
        try owner.shell("systemctl list-units --all --no-legend 'vipd-metrics@*'").isEmpty
      }
      let body = try #require(text.range(of: "\r\n\r\n")).upperBound
      try owner.shell("test \"$(stat --format=%U /run/vip/219/bus)\" = _vipd")
      let checked = try pair.lab.client("promtool check metrics <<'END'\n\(text[body...])\nEND")
      #expect(checked.status == 0 && checked.output.isEmpty, "\(checked.output)")
    }

    @Test("A client that says nothing is answered, and is gone, after some seconds")
    func slowClient() throws {
      defer { _ = try? owner.shell("systemctl stop vipd-metrics.socket") }
      try owner.shell("systemctl start vipd-metrics.socket")
      let answer = try owner.run(
        ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9919; printf 'GET /metrics HTTP/1.1\\r\\n' >&3; cat <&3"],
        limit: 15)
      #expect(answer.output.hasPrefix("HTTP/1.1 408 Request Timeout"))
    }

    @Test("A daemon that does not answer is not up")
    func silentDaemon() throws {
      defer { _ = try? owner.shell("systemctl stop vipd-metrics.socket; rm -rf /run/vip/220") }
      try owner.shell("systemctl start vipd-metrics.socket; mkdir /run/vip/220")
      let text = try get("/metrics", on: owner)
      #expect(text.contains("\nvip_up{vip=\"219\"} 1\n") && text.contains("\nvip_up{vip=\"220\"} 0\n"))
    }

    @Test("Its exposure is at most 2.0")
    func security() throws {
      #expect(try owner.exposure(of: "vipd-metrics@1.service") <= 2.0)
    }

    @Test("Prometheus scrapes both hosts with the example's configuration, and its rules hold")
    func prometheus() throws {
      defer {
        for host in pair.hosts {
          _ = try? host.shell(
            """
            systemctl stop vipd-metrics.socket
            rm -r /etc/systemd/system/vipd-metrics.socket.d
            systemctl daemon-reload
            """)
        }
      }
      for host in pair.hosts {
        try host.shell(
          """
          mkdir -p /etc/systemd/system/vipd-metrics.socket.d
          printf '[Socket]\\nListenStream=\\nListenStream=\(host.address):9919\\n' \\
            >/etc/systemd/system/vipd-metrics.socket.d/address.conf
          systemctl daemon-reload
          systemctl start vipd-metrics.socket
          """)
      }
      let outcome = try pair.lab.client(Self.script(examples: Pair.examples.path))
      #expect(outcome.status == 0, "\(outcome.output)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.contains("up 2"), "\(outcome.output)")
      #expect(lines.contains("owners 1"))
      #expect(lines.contains("standbys 1"))
      #expect(lines.contains("openmetrics 2"))
      #expect(lines.contains("rules ok 7"))
      #expect(lines.contains("firing 0"))
    }

    @Test("promtool accepts the example's rules, and their tests")
    func rules() throws {
      let outcome = try pair.lab.client(
        """
        cd '\(Pair.examples.path)'
        promtool check config prometheus.yml
        promtool check rules vip.rules.yml
        promtool test rules vip.rules.test.yml
        """)
      #expect(outcome.status == 0, "\(outcome.output)")
    }

    private func get(_ path: String, on host: Container) throws -> String {
      try host.shell(
        """
        bash -c 'exec 3<>/dev/tcp/127.0.0.1/9919
        printf "GET \(path) HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n" >&3; cat <&3'
        """)
    }

    /// Prometheus for a few seconds, on the loopback of the client.
    private static func script(examples: String) -> String {
      """
      directory=$(mktemp -d)
      trap 'kill $prometheus; wait $prometheus; rm -rf "$directory"' EXIT
      cp '\(examples)'/vip.rules.yml "$directory"
      (echo 'global: {scrape_interval: 1s, evaluation_interval: 1s}'; cat '\(examples)'/prometheus.yml) \\
        >"$directory/prometheus.yml"
      prometheus --config.file="$directory/prometheus.yml" --storage.tsdb.path="$directory/data" \\
        --web.listen-address=127.0.0.1:9090 --log.level=error &
      prometheus=$!
      api() { curl --silent --get "http://127.0.0.1:9090/api/v1/$1" --data-urlencode "query=$2"; }
      value() { api query "$1" | sed -n 's/.*"value":\\[[^,]*,"\\([^"]*\\)"\\].*/\\1/p'; }
      for attempt in $(seq 100); do
        if [ "$(value 'sum(up{job="vipd"})')" = 2 ]; then break; fi
        sleep 0.2
      done
      sleep 2
      echo "up $(value 'sum(up{job="vipd"})')"
      echo "owners $(value 'sum(vip_owned)')"
      echo "standbys $(value 'sum(vip_standbys)')"
      # Only the OpenMetrics parser knows of units.
      echo "openmetrics $(curl --silent http://127.0.0.1:9090/api/v1/targets/metadata --get \\
        --data-urlencode metric=vip_lease_seconds | grep -o '"unit":"seconds"' | wc -l)"
      echo "rules ok $(curl --silent http://127.0.0.1:9090/api/v1/rules | grep -o '"health":"ok"' | wc -l)"
      echo "firing $(curl --silent http://127.0.0.1:9090/api/v1/alerts | grep -o '"state":"firing"' | wc -l)"
      """
    }
  }
}
