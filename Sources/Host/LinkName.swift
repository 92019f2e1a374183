import Configuration
import Internet
import Netlink

extension Host {
  /// How long a link that was renamed counts as the one that Interface= names. It carries what it carried, so nothing is
  /// in danger; and names are exchanged, and given back, in steps.
  private static let renamePatience = Duration.milliseconds(500)

  /// What the link that carries the VIP is called. Where nobody asked for a name, that does not matter.
  mutating func followName(at now: Instant, into effects: inout Effects) {
    guard view.isRenamed, let link = view.link else { return alarms.set(.name, nil) }
    guard settings.isInterfaceDerived else {
      if alarms[.name] == nil { alarms.set(.name, now + Self.renamePatience) }
      return
    }
    effects.append(.notice(.renamed(from: settings.interface, to: link.name)))
    settings.interface = link.name
    view.follow(name: link.name)
    told.remarks &+= 1
  }

  /// It did not get its name back.
  mutating func nameIsGone() {
    view.giveUpRenamed()
    hasChanged = true
  }
}
