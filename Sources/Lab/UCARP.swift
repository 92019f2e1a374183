/// How ucarp is started: it has no file of settings, and leaves the address to scripts.
enum UCARP {
  /// A shell script, for the host it runs on.
  static func text(_ settings: DaemonSettings) -> String {
    let (address, prefixLength) = settings.addresses.first.map(split) ?? ("", "")
    return """
      #!/bin/sh
      cd "$(dirname "$0")"
      printf '#!/bin/sh\\nexec ip address add "$2/$3" dev "$1"\\n' >up
      printf '#!/bin/sh\\nexec ip address delete "$2/$3" dev "$1"\\n' >down
      chmod +x up down
      own=$(ip -4 -o address show dev \(settings.interface) | sed 's/.* inet //;s,/.*,,;q')
      exec ucarp --interface=\(settings.interface) --srcip="$own" --vhid=\(settings.virtualRouterID) --pass=lab \\
        --addr=\(address) --advbase=\(Int(settings.interval.seconds)) --advskew=0 \\
        --upscript="$PWD/up" --downscript="$PWD/down" --xparam=\(prefixLength) --shutdown

      """
  }

  private static func split(_ network: String) -> (String, String) {
    let parts = network.split(separator: "/").map(String.init)
    return (parts.first ?? "", parts.last ?? "")
  }
}
