import Configuration
import Linux
import Systemd

/// Reads an instance's files again when asked, without the loop waiting for their disk: it may be dead, and the VIP
/// well.
final class Reload {
  typealias Files = Result<[ConfigurationFile], ConfigurationError>
  /// What was changed, or why nothing was.
  typealias Outcome = Result<[String], DaemonError>

  struct Handlers {
    /// Takes over what the files say.
    let apply: (Files) -> Outcome
    /// Nobody waits any more.
    let finished: () -> Void
  }

  private let instance: String
  private let files: ConfigurationFiles
  private let loop: EventLoop
  private let handlers: Handlers
  private var task: BackgroundTask<Files>?
  /// Those who asked since the last reading began: the files may have changed since.
  private var waiting: [(Outcome) -> Void] = []

  init(of instance: String, _ files: ConfigurationFiles, on loop: EventLoop, _ handlers: Handlers) {
    self.instance = instance
    self.files = files
    self.loop = loop
    self.handlers = handlers
  }

  /// Reads and applies the files as they are from now on, and answers with the outcome.
  func request(_ answer: @escaping (Outcome) -> Void) {
    waiting.append(answer)
    if task == nil { start() }
  }

  private func start() {
    let answers = waiting
    waiting = []
    do throws(SystemdError) {
      task = try BackgroundTask(on: loop) { [files, instance] in
        do throws(ConfigurationError) {
          return Files.success(try files.files(of: instance))
        } catch {
          return .failure(error)
        }
      } done: { [unowned self] result in
        task = nil
        finish(answers, with: handlers.apply(result))
      }
    } catch {
      finish(answers, with: .failure(DaemonError(error)))
    }
  }

  private func finish(_ answers: [(Outcome) -> Void], with outcome: Outcome) {
    for answer in answers { answer(outcome) }
    if waiting.isEmpty { handlers.finished() } else { start() }
  }
}
