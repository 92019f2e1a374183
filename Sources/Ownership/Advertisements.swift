import Internet
import VRRP

extension Instance {
  mutating func hear(_ received: ReceivedAdvertisement, at now: Instant, _ actions: inout Actions) {
    guard received.sender != identity?.address(received.sender.family) else {
      if !ownSourceReported { actions.append(.report(.ownSource)) }
      ownSourceReported = true
      return
    }
    isolation.hearPeer(at: now)
    if let form = received.checksum { heardDialect.checksum = form }
    if let isListed = received.listsDerivedAddress { heardDialect.listsDerivedAddress = isListed }
    guard received.sender.family == parameters.family else {
      return hearInOtherFamily(received, at: now, &actions)
    }
    let news = routers.hear(received, ownInterval: parameters.interval, at: now)
    let (heard, sender) = (received.advertisement, received.sender)
    if news.addressesDiffer { actions.append(.report(.addressesDiffer(sender))) }
    if news.intervalDiffers { actions.append(.report(.intervalDiffers(sender, heard.interval))) }
    guard heard.priority > 0 else { return hearResignation(heard, of: sender, at: now, &actions) }
    // There is nobody left to invite.
    isResigning = false
    switch phase {
    case .serving(let service):
      if service.offer != nil { return offerIsAccepted(by: sender, at: now) }
    case .backup(let backup):
      if backup.resumption != nil { abandonResumption(at: now, &actions) }
    case .initialize, .claiming: break
    }
    elect(.advertisement(heard, from: sender), at: now, &actions)
    follow(sender, heard.priority, at: now, &actions)
  }

  private mutating func hearResignation(
    _ heard: Advertisement, of sender: IPAddress, at now: Instant, _ actions: inout Actions
  ) {
    // An Active router would contradict (RFC 9568 §6.4.3), and so take back what it offers.
    if phase.service?.offer != nil { return }
    elect(.advertisement(heard, from: sender), at: now, &actions)
    if phase.claim?.rival == sender { takeClaimed(at: now, &actions) }
  }
}
