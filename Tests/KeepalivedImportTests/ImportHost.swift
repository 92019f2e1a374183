import Configuration
import Internet
import KeepalivedImport

/// A host with the interfaces that the tests' and the samples' instances name.
enum ImportHost {
  /// What an imported file comes to there.
  static func settings(of instance: ImportedInstance) throws(ConfigurationError) -> Settings {
    return try Configuration.resolve(
      instance: instance.name, files: [ConfigurationFile(path: "imported", bytes: Array(instance.text.utf8))],
      surroundings: surroundings)
  }

  private static let surroundings: Surroundings = {
    let names = ["eth0", "eth1", "eth2", "eth0.1", "eth0.2"]
    let links = names.enumerated().map { index, name in
      let own = ["192.0.2.\(index + 1)": 24, "fe80::\(index + 1)": 64].compactMap { text, length in
        IPAddress(text).flatMap { IPNetwork($0, prefixLength: length) }.map { Surroundings.Address($0) }
      }
      return Surroundings.Link(
        index: Int32(index + 2), name: name, hardwareAddress: MACAddress(bits: UInt64(index + 2)),
        addresses: own)
    }
    return Surroundings(links: links, defaultRouteLinkIndex: 2)
  }()
}
