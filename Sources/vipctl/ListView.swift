import Control
import Host

/// The table of this host's VIPs, and before it what is wrong with them.
struct ListView {
  let reports: [Report]
  let now: UInt64

  private static let columns = [
    Table.Column(title: "NAME", rank: 0), Table.Column(title: "ADDRESS", rank: 0),
    Table.Column(title: "ROLE", rank: 0), Table.Column(title: "OWNER", rank: 0),
    Table.Column(title: "MAC", rank: 5), Table.Column(title: "SINCE", rank: 1),
    Table.Column(title: "STANDBYS", rank: 2), Table.Column(title: "EVERY", rank: 7),
    Table.Column(title: "LEASE", rank: 9), Table.Column(title: "WITNESS", rank: 8),
    Table.Column(title: "LAST CHANGE", rank: 3),
  ]

  func lines(on terminal: Terminal) -> [String] {
    if reports.isEmpty { return ["No virtual IP address on this host. Make one: vipctl new 219"] }
    var table = Table(columns: Self.columns)
    table.rows = reports.map(row)
    let remarks = [true, false].flatMap { isTrouble in
      reports.flatMap { report in
        report.remarks.filter { $0.isTrouble == isTrouble }.flatMap {
          $0.lines(named: report.name, on: terminal)
        }
      }
    }
    return remarks + (remarks.isEmpty ? [] : [""]) + table.lines(on: terminal)
  }

  private func row(_ report: Report) -> [Table.Cell] {
    guard let status = report.status else {
      let role =
        switch report.answer {
        case .silent: Table.Cell("no answer", .trouble)
        case .dead: Table.Cell("dead", .trouble)
        default: Table.Cell("stopped", report.isWell ? .faint : .trouble)
        }
      return [Table.Cell(report.name), Table.Cell(""), role]
        + [Table.Cell](repeating: Table.Cell(""), count: Self.columns.count - 3)
    }
    return [
      Table.Cell(status.instance), address(status), role(report, status), owner(status),
      Table.Cell(status.ownerHardware),
      Table.Cell(WallClock.shortSpan(now > status.since ? now - status.since : 0)), standbys(status),
      Table.Cell(WallClock.setting(status.interval)),
      Table.Cell(status.lease == 0 ? "none" : WallClock.setting(status.lease)), witness(status),
      Table.Cell(status.cause),
    ]
  }

  private func address(_ status: InstanceStatus) -> Table.Cell {
    let more = status.addresses.count > 1 ? " +\(status.addresses.count - 1)" : ""
    return Table.Cell((status.addresses.first ?? "") + more)
  }

  private func role(_ report: Report, _ status: InstanceStatus) -> Table.Cell {
    switch status.state {
    case "active": Table.Cell("Active", report.isWell ? .strong : .trouble)
    case "backup":
      Table.Cell(status.isHeld ? "Backup, held" : "Backup", report.isWell ? .plain : .trouble)
    default: Table.Cell("Initialize", .trouble)
    }
  }

  private func owner(_ status: InstanceStatus) -> Table.Cell {
    if status.state == "active" { return Table.Cell("this host") }
    return Table.Cell(status.owner)
  }

  private func standbys(_ status: InstanceStatus) -> Table.Cell {
    // A Backup router cannot hear the other ones.
    guard status.state == "active" else { return Table.Cell("") }
    let names = status.standbys.map { peer in
      let words = [peer.priority > 0 ? "\(peer.priority)" : nil, peer.isReady ? nil : "held"]
      let details = words.compactMap(\.self).joined(separator: ", ")
      return details.isEmpty ? peer.address : "\(peer.address) (\(details))"
    }
    return names.isEmpty ? Table.Cell("nobody", .warning) : Table.Cell(names.joined(separator: ", "))
  }

  private func witness(_ status: InstanceStatus) -> Table.Cell {
    guard status.state == "backup", status.witnessMode != "off" else { return Table.Cell(status.witnessMode) }
    return Table.Cell(
      status.witness.isEmpty ? "\(status.witnessMode), silent" : "\(status.witnessMode), answered")
  }
}
