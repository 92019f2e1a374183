@testable import Configuration
@testable import KeepalivedImport

/// What must hold for the import of every configuration of keepalived's.
enum KeepalivedProperties {
  static func check(_ input: [UInt8]) throws(Violation) {
    let text = String(decoding: input, as: UTF8.self)
    var conversion = Conversion(text)
    let (instances, notes) = conversion.finish()
    try checkComplete(conversion.statements)
    for note in notes { try checkNote(note) }
    var names: Set<String> = []
    for instance in instances {
      try demand(names.insert(instance.name).inserted, "two instances \(instance.name)")
      for note in instance.notes { try checkNote(note) }
      try checkFile(of: instance)
    }
  }

  private static func checkComplete(_ statements: [KeepalivedImport.Statement]) throws(Violation) {
    for statement in statements {
      try demand(statement.unsettled.isEmpty, "lost: \(statement.unsettled)")
      try checkComplete(statement.block ?? [])
    }
  }

  private static func checkNote(_ note: ImportNote) throws(Violation) {
    try demand(note.line > 0, "a note without a line: \(note)")
    try demand(!note.description.contains(where: \.isNewline), "a note of two lines: \(note)")
  }

  /// Every line is one that vip.conf(5) knows, with a value that it accepts.
  private static func checkFile(of instance: ImportedInstance) throws(Violation) {
    do throws(ConfigurationError) {
      try Configuration.validate(instance: instance.name)
      let file = ConfigurationFile(path: "imported", bytes: Array(instance.text.utf8))
      _ = try ConfigurationParser.parse([file])
    } catch {
      throw Violation("\(error)\n\(instance.text)")
    }
  }
}
