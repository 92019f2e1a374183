import Internet

/// The files of the runtime directory that could not be written. Others act upon them: they are written until they are
/// right.
struct UnwrittenFiles: Hashable, Sendable {
  private(set) var files: [RuntimeFile] = []
  private var retry = Retry()

  var isEmpty: Bool { files.isEmpty }

  /// When to write them again; nil while that is under way, or there are none.
  var deadline: Instant? { retry.deadline }

  /// `file` was written, or could not be; what is worth telling of that.
  mutating func note(_ file: RuntimeFile, _ succeeded: Bool, at now: Instant) -> Notice? {
    files.removeAll { $0 == file }
    guard succeeded else { return noteFailure(of: file, at: now) }
    guard retry.isRefused, files.isEmpty else { return nil }
    retry.succeeded()
    return .writtenAgain
  }

  private mutating func noteFailure(of file: RuntimeFile, at now: Instant) -> Notice? {
    files.append(file)
    let isFirst = !retry.isRefused
    // Of several files that fail together, the first one makes the pause longer.
    if retry.allows(at: now) { retry.refused(at: now) }
    return isFirst ? .writeFailed(file) : nil
  }

  /// The pause is over: those that are to be written again.
  mutating func begin() -> [RuntimeFile] {
    retry.end()
    return RuntimeFile.allCases.filter(files.contains)
  }
}
