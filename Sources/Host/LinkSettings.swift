import Internet
import Netlink
import Ownership

/// What the link needs to be set to, once for each link.
struct LinkSettings: Hashable, Sendable {
  /// The link that was asked to be set; nil for none.
  var linkIndex: Int32?
  var retry = Retry()
}

extension Host {
  mutating func followLinkSettings(at now: Instant, into effects: inout Effects) {
    guard core.identity != nil, sockets.isOpen, let link = view.link, sockets.linkIndex == link.index,
      linkSettings.linkIndex != link.index, allows(linkSettings.retry, at: now)
    else { return }
    linkSettings.linkIndex = link.index
    ask(
      .promoteSecondaries(linkIndex: link.index), about: .setting, isAddition: true, into: &effects)
    if carriers.areMacvlans {
      ask(.confineARP(linkIndex: link.index), about: .setting, isAddition: true, into: &effects)
    }
  }

  mutating func settingAnswered(_ refusal: KernelRefusal?, at now: Instant, into effects: inout Effects) {
    guard let refusal else {
      // Another one may have been refused a moment ago.
      if linkSettings.linkIndex != nil { linkSettings.retry.succeeded() }
      return
    }
    linkSettings.linkIndex = nil
    if refusal.kind == .linkGone { return }
    if !linkSettings.retry.isRefused { effects.append(.notice(.kernelRefused(refusal))) }
    linkSettings.retry.refused(at: now)
    schedule(linkSettings.retry)
  }
}
