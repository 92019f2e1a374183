import Configuration
import Linux
import Systemd
import Testing

@testable import Daemon

struct ReloadTests {
  /// Who asks while the files are being read may have changed them since: they are read once more, for all of them.
  @Test func whoAsksDuringAReadingGetsTheNext() throws {
    let loop = try EventLoop()
    var readings = 0
    var outcomes: [[String]] = []
    let reload = Reload(
      of: "219", ConfigurationFiles(directory: "/nonexistent"), on: loop,
      Reload.Handlers(
        apply: { files in
          readings += 1
          #expect(files == .success([]))
          return .success(["reading \(readings)"])
        },
        finished: { loop.exit(0) }))
    for _ in 0..<3 { reload.request { outcomes.append((try? $0.get()) ?? []) } }
    #expect(try loop.run() == 0)
    #expect(outcomes == [["reading 1"], ["reading 2"], ["reading 2"]])
  }

  @Test func filesThatCannotBeReadAreAnOutcome() throws {
    let loop = try EventLoop()
    var isRefused = false
    let reload = Reload(
      of: "../219", ConfigurationFiles(directory: "/nonexistent"), on: loop,
      Reload.Handlers(
        apply: { files in
          guard case .failure(let error) = files else { return .success([]) }
          return .failure(DaemonError(error))
        },
        finished: { loop.exit(0) }))
    reload.request { outcome in
      if case .failure = outcome { isRefused = true }
    }
    #expect(try loop.run() == 0)
    #expect(isRefused)
  }
}
