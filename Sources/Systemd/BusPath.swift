import CSystemd
import Glibc

/// Paths of objects on a message bus.
public enum BusPath {
  /// The path of the object called `name` among those of `prefix`, which is a path itself (sd_bus_path_encode(3)).
  public static func encode(_ name: String, below prefix: String) throws(SystemdError) -> String {
    var path: UnsafeMutablePointer<CChar>?
    let result = sd_bus_path_encode(prefix, name, &path)
    defer { free(path) }
    guard result >= 0, let path else { throw SystemdError("naming a D-Bus object", result) }
    return String(cString: path)
  }
}
