public import Configuration
public import Internet
public import Netlink
public import Ownership
public import VRRP

/// What an operator wants to know; `Message` has the words.
public enum Notice: Hashable, Sendable {
  /// The instance has begun.
  case started
  /// The instance waits for its surroundings, as the error says.
  case awaiting(ConfigurationError)
  /// This host has an address of the VIP as its own on another link.
  case copied(Copy)
  /// The core's decisions.
  case core(Report)
  /// Addresses that an earlier run left were found.
  case leftover(AddressSet)
  /// Netlink's news were lost; everything is looked at again.
  case changesLost
  /// The kernel refused to add or remove an address.
  case addressRefused(IPNetwork, KernelRefusal)
  /// The kernel refused a route that is wanted; it is asked again.
  case routeRefused(VirtualRoute, KernelRefusal)
  /// A route that somebody removed was put back.
  case routeRestored(VirtualRoute)
  /// The kernel refused what the VIP needs beside addresses; it is asked again.
  case kernelRefused(KernelRefusal)
  /// The sockets could not be opened; it is tried again.
  case socketsRefused(KernelRefusal)
  /// The first packet that was discarded for this reason.
  case discarded(Discard, Envelope)
  /// Packets of a kind cannot be sent; told once a minute.
  case sendFailed(Outgoing, KernelRefusal)
  /// A reload changed this.
  case reloaded(Settings.Change)
  /// A reload changed nothing.
  case reloadedNothing
  /// The files are wrong, and nothing was changed.
  case reloadRefused(ConfigurationError)
  /// The operator has this host stand back.
  case held
  /// Or no longer.
  case released
  /// What the group says has changed: why this instance stands back, nil if it does not.
  case groupChanged(String, GroupReason?)
  /// A check fails; its name with the reason, and what follows from it.
  case checkFailed(String)
  /// It passes again.
  case checkPassed(String)
  /// Units cannot be watched for now.
  case unitsUnwatched(String)
  /// A file of the runtime directory cannot be written; it is tried again.
  case writeFailed(RuntimeFile)
  /// All files could be written in the end.
  case writtenAgain
  /// The interface is called something else, which does not matter, because `Interface=` does not name it.
  case renamed(from: String, to: String)
  /// This process was to have realtime priority, and goes on without.
  case realtimeMissing
  /// No addresses of this family are served: the host has none of its own in it.
  case familyMissing(AddressFamily)
  /// They are served again.
  case familyBack(AddressFamily)
  /// The kernel took a route that it had refused.
  case routeAccepted(VirtualRoute)
}
