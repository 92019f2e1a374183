import Configuration
import Internet
import Ownership

/// The family whose addresses are left out (`RequiredFamily=`), because the interface has no address of the host's own in
/// it.
struct MissingFamily: Hashable, Sendable {
  let family: AddressFamily
  let since: Instant
  /// Whether that is not over in a moment, and routers that have it are better ones.
  var isLasting = false

  /// A manager of networks that starts anew takes addresses away for a moment, and a new one is of no use before
  /// duplicate address detection has ended: at most two seconds (RFC 4862 §5.4.2).
  static let patience = Duration.seconds(3)
  /// Whoever can serve all of the VIP overrules a router that cannot.
  static let priority: UInt8 = 1
}

extension Host {
  /// Whether this host has an address of its own to send from in `family`.
  func hasOwn(_ family: AddressFamily) -> Bool {
    family == .ipv4 ? view.primary != nil : view.primaryIPv6 != nil
  }

  /// Looks whether a family that is not required is there.
  mutating func followFamily(at now: Instant, into effects: inout Effects) {
    // Without what is required nothing is served, and there is more to say than this.
    guard let family = settings.optionalFamily, case .ready = view.condition(settings.requiredFamilies) else {
      return stopMissing()
    }
    if hasOwn(family) {
      if missingFamily?.isLasting == true { effects.append(.notice(.familyBack(family))) }
      return stopMissing()
    }
    if missingFamily == nil {
      missingFamily = MissingFamily(family: family, since: now)
      told.remarks &+= 1
      alarms.set(.family, now + MissingFamily.patience)
    }
    guard let missing = missingFamily, !missing.isLasting, missing.since + MissingFamily.patience <= now
    else {
      return
    }
    missingFamily?.isLasting = true
    effects.append(.notice(.familyMissing(family)))
  }

  private mutating func stopMissing() {
    guard missingFamily != nil else { return }
    missingFamily = nil
    told.remarks &+= 1
    alarms.set(.family, nil)
  }
}
