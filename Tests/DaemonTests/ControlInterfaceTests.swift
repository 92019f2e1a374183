import Control
import Glibc
import Host
import Internet
import Linux
import Systemd
import Testing

@testable import Daemon

@Suite(.timeLimit(.minutes(1)))
struct ControlInterfaceTests {
  private let temporary: TemporaryDirectory
  private let loop: EventLoop

  init() throws {
    temporary = try TemporaryDirectory()
    loop = try EventLoop()
  }

  private func call(
    _ member: String, by client: BusClient, _ answer: @escaping (BusClient.Answer) -> Void
  ) throws -> BusSlot {
    try client.call(
      member, of: InstanceInterface.name, at: InstanceInterface.path, timeout: .seconds(5), answer: answer)
  }

  @Test func callsBecomeInputsAndRepliesAnswers() throws {
    var inputs: [Input] = []
    var answers: [String] = []
    var control: ControlInterface?
    control = try ControlInterface(in: temporary.path, on: loop, status: { InstanceStatus() }) { input in
      inputs.append(input)
      switch input {
      case .handover(let caller?): control?.reply(.takenOver(by: .any(.ipv4)), to: caller)
      case .hold(true, let caller?): control?.reply(.done, to: caller)
      case .hold(false, let caller?): control?.reply(.refused("not now"), to: caller)
      case .reload(let caller?):
        control?.reply(.changed(["a", "b"]), to: caller)
        // Nobody waits any more.
        control?.reply(.done, to: caller)
      default: Issue.record("\(input)")
      }
    }
    let client = try BusClient(path: InstanceInterface.socket(in: temporary.path), on: loop)
    var slots: [BusSlot] = []
    func note(_ answer: BusClient.Answer, _ read: (BusMessage) throws -> String) {
      switch answer {
      case .success(let message): answers.append((try? read(message)) ?? "unreadable")
      case .failure(let error): answers.append(error.message)
      }
      if answers.count == 4 { loop.exit(0) }
    }
    slots.append(try call("Handover", by: client) { note($0) { try $0.readString() } })
    slots.append(try call("Hold", by: client) { note($0) { _ in "held" } })
    slots.append(try call("Release", by: client) { note($0) { _ in "released" } })
    slots.append(
      try call("Reload", by: client) {
        note($0) { message in
          try message.readArray(of: "s") { () throws(SystemdError) in try message.readString() }
            .joined(separator: " ")
        }
      })
    #expect(try loop.run() == 0)
    #expect(answers == ["0.0.0.0", "held", "not now", "a b"])
    #expect(
      inputs == [
        .handover(Caller(1)), .hold(true, Caller(2)), .hold(false, Caller(3)), .reload(Caller(4)),
      ])
    withExtendedLifetime((control, slots)) {}
  }

  @Test func whoeverGotNoReplyByTheEndIsRefused() throws {
    var inputs: [Input] = []
    var control: ControlInterface?
    let end = try loop.timer { control = nil }
    control = try ControlInterface(in: temporary.path, on: loop, status: { InstanceStatus() }) { input in
      inputs.append(input)
      end.arm(at: Clock.now)
    }
    let client = try BusClient(path: InstanceInterface.socket(in: temporary.path), on: loop)
    var refusal: BusError?
    let slot = try call("Handover", by: client) { [loop] answer in
      if case .failure(let error) = answer { refusal = error }
      loop.exit(0)
    }
    #expect(try loop.run() == 0)
    #expect(inputs == [.handover(Caller(1))])
    #expect(control == nil && refusal?.name == BusError.noReply)
    withExtendedLifetime((slot, end)) {}
  }
}
