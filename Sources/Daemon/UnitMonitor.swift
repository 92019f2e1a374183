import Configuration
import Host
import Internet
import Linux
import Systemd

/// Hears of the ActiveState of units, from systemd by the system's message bus. Nothing here waits.
///
/// A message bus that is restarted is connected to anew; meanwhile what was last heard holds.
final class UnitMonitor {
  private static let manager = "org.freedesktop.systemd1"
  private static let managerPath = "/org/freedesktop/systemd1"
  private static let unitInterface = "org.freedesktop.systemd1.Unit"
  private static let patience = Duration.seconds(5)
  private static let pause = Duration.seconds(1)

  private let loop: EventLoop
  private let report: (Input) -> Void
  private var names: [String] = []
  private var client: BusClient?
  private var slots: [BusSlot] = []
  private var timer: Timer?
  private var isTroubled = false

  /// `report` is called with the state of each unit when it is known, and whenever it changes; and with the first
  /// trouble of a row.
  init(on loop: EventLoop, report: @escaping (Input) -> Void) throws(SystemdError) {
    self.loop = loop
    self.report = report
    timer = try loop.timer { [unowned self] in connect() }
  }

  /// Watches the units `names`, and no others.
  func follow(_ names: [String]) {
    guard names != self.names else { return }
    self.names = names
    connect()
  }

  private func connect() {
    disconnect()
    guard !names.isEmpty else { return }
    do throws(SystemdError) {
      let client = try BusClient(systemBusOn: loop)
      self.client = client
      slots.append(
        try client.signals(
          "Disconnected", of: "org.freedesktop.DBus.Local", at: "/org/freedesktop/DBus/Local"
        ) { [unowned self] _ in retry("the message bus closed the connection") })
      // Without a subscriber, systemd tells nobody of changes.
      slots.append(
        try client.call(
          "Subscribe", of: "\(Self.manager).Manager", at: Self.managerPath, destination: Self.manager,
          timeout: Self.patience, answer: { [unowned self] in check($0) }))
      for name in names { try watch(name, by: client) }
    } catch {
      retry("\(error)")
    }
  }

  private func disconnect() {
    timer?.disarm()
    slots = []
    client = nil
  }

  /// First the changes, then the state, so that nothing falls in between.
  private func watch(_ name: String, by client: BusClient) throws(SystemdError) {
    let path = try Self.path(of: name)
    slots.append(
      try client.propertyChanges(at: path, sender: Self.manager) { [unowned self] message in
        if let error = message.error { return retry("\(error)") }
        if let new = Self.activeState(in: message) { note(name, new) }
      })
    slots.append(
      try client.property(
        "ActiveState", of: Self.unitInterface, at: path, destination: Self.manager, timeout: Self.patience
      ) { [unowned self] answer in
        guard let message = check(answer),
          let new = try? message.read(
            .variant, of: "s", { () throws(SystemdError) in try message.readString() })
        else { return }
        note(name, new)
      })
  }

  /// A unit that is being reloaded is at work.
  private func note(_ name: String, _ state: String) {
    report(.check(.unit(name), passed: ["active", "reloading"].contains(state), reason: "is \(state)"))
  }

  @discardableResult
  private func check(_ answer: BusClient.Answer) -> BusMessage? {
    switch answer {
    case .success(let message):
      isTroubled = false
      return message
    case .failure(let error):
      retry("\(error)")
      return nil
    }
  }

  /// Connects anew after a pause. The objects of the connection stay until then: one of them is calling.
  private func retry(_ reason: String) {
    timer?.arm(at: Clock.now + Self.pause)
    if isTroubled { return }
    isTroubled = true
    report(.unitsUnwatched(reason))
  }

  /// The ActiveState in a PropertiesChanged signal, whose body is `sa{sv}as`; nil if it has none.
  private static func activeState(in message: BusMessage) -> String? {
    do throws(SystemdError) {
      guard try message.readString() == unitInterface else { return nil }
      var state: String?
      _ = try message.readArray(of: "{sv}") { () throws(SystemdError) in
        try message.read(.entry, of: "sv") { () throws(SystemdError) in
          if try message.readString() == "ActiveState" {
            state = try message.read(.variant, of: "s") { () throws(SystemdError) in try message.readString()
            }
          } else {
            try message.skip()
          }
        }
      }
      return state
    } catch {
      return nil
    }
  }

  /// The object of the unit `name`.
  static func path(of name: String) throws(SystemdError) -> String {
    try BusPath.encode(name, below: "\(managerPath)/unit")
  }
}
