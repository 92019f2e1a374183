import CSystemd
import Glibc

/// The body of a D-Bus message, read or written front to back.
///
/// Values that are read must come in the order and with the types in which they were written; a message that
/// has others fails with EBADMSG or ENXIO.
public final class BusMessage {
  let message: OpaquePointer

  /// Shares `message`.
  init(_ message: OpaquePointer) { self.message = sd_bus_message_ref(message) }

  /// Takes over the caller's reference to `message`.
  init(adopting message: OpaquePointer) { self.message = message }

  deinit { sd_bus_message_unref(message) }

  /// The last part of the method's or signal's name.
  public var member: String { text(sd_bus_message_get_member(message)) }
  /// The object that it is for or from.
  public var path: String { text(sd_bus_message_get_path(message)) }

  /// What the other side refused, if the message is an error.
  public var error: BusError? { BusError(message) }

  private func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }

  // MARK: Writing

  /// A string, `s`.
  public func append(_ value: String) throws(SystemdError) {
    // sd-bus takes the pointer to a string as the string.
    let result = value.withCString {
      sd_bus_message_append_basic(message, Self.string, UnsafeRawPointer($0))
    }
    try check(result, writing: true)
  }

  /// A boolean, `b`.
  public func append(_ value: Bool) throws(SystemdError) {
    try append(Self.boolean, CInt(value ? 1 : 0))
  }

  /// An octet, `y`.
  public func append(_ value: UInt8) throws(SystemdError) { try append(Self.octet, value) }
  /// 64 bits without sign, `t`.
  public func append(_ value: UInt64) throws(SystemdError) { try append(Self.long, value) }

  private func append<Value: BitwiseCopyable>(_ type: CChar, _ value: Value) throws(SystemdError) {
    let result = withUnsafeBytes(of: value) { sd_bus_message_append_basic(message, type, $0.baseAddress) }
    try check(result, writing: true)
  }

  /// A container: what `body` writes, whose types are `contents`.
  public func append(
    _ container: Container, of contents: StaticString, _ body: () throws(SystemdError) -> Void
  ) throws(SystemdError) {
    try check(
      sd_bus_message_open_container(message, container.rawValue, Self.pointer(contents)), writing: true)
    try body()
    try check(sd_bus_message_close_container(message), writing: true)
  }

  /// An array of strings, `as`.
  public func append(_ values: [String]) throws(SystemdError) {
    try append(.array, of: "s") { () throws(SystemdError) in
      for value in values { try append(value) }
    }
  }

  // MARK: Reading

  /// The string, object path or signature that comes next.
  public func readString() throws(SystemdError) -> String {
    var type: CChar = 0
    try check(sd_bus_message_peek_type(message, &type, nil))
    let isText = [UInt8(ascii: "s"), UInt8(ascii: "o"), UInt8(ascii: "g")].contains(UInt8(bitPattern: type))
    guard isText else { throw SystemdError(Self.reading, -EBADMSG) }
    var pointer: UnsafePointer<CChar>?
    try check(sd_bus_message_read_basic(message, type, &pointer), isValue: true)
    guard let pointer else { throw SystemdError(Self.reading, -EBADMSG) }
    return String(cString: pointer)
  }

  /// The boolean that comes next.
  public func readBool() throws(SystemdError) -> Bool {
    var value: CInt = 0
    try check(sd_bus_message_read_basic(message, Self.boolean, &value), isValue: true)
    return value != 0
  }

  /// The octet that comes next.
  public func readUInt8() throws(SystemdError) -> UInt8 { try read(Self.octet, 0) }
  /// The `t` that comes next.
  public func readUInt64() throws(SystemdError) -> UInt64 { try read(Self.long, 0) }

  private func read<Value: BitwiseCopyable>(
    _ type: CChar, _ initial: Value
  ) throws(SystemdError) -> Value {
    var value = initial
    try check(
      sd_bus_message_read_basic(message, type, &value), isValue: true)
    return value
  }

  /// Enters the container that comes next, whose types are `contents`, and leaves it after `body`, which must
  /// read all of it.
  public func read<Value>(
    _ container: Container, of contents: StaticString, _ body: () throws(SystemdError) -> Value
  ) throws(SystemdError) -> Value {
    let result = sd_bus_message_enter_container(message, container.rawValue, Self.pointer(contents))
    try check(result, isValue: true)
    let value = try body()
    try check(sd_bus_message_exit_container(message))
    return value
  }

  /// The elements of the array that comes next, whose types are `contents`.
  public func readArray<Element>(
    of contents: StaticString, _ element: () throws(SystemdError) -> Element
  ) throws(SystemdError) -> [Element] {
    try read(.array, of: contents) { () throws(SystemdError) in
      var elements: [Element] = []
      while try !isAtEnd() { elements.append(try element()) }
      return elements
    }
  }

  /// Whether the container that is being read, or the body outside of any, has no more values.
  private func isAtEnd() throws(SystemdError) -> Bool {
    let result = sd_bus_message_at_end(message, 0)
    try check(result)
    return result > 0
  }

  /// Passes over the value that comes next, of whatever type.
  public func skip() throws(SystemdError) { try check(sd_bus_message_skip(message, nil)) }

  // MARK: Types

  /// D-Bus types that hold others.
  public struct Container: Sendable {
    let rawValue: CChar

    private init(_ type: Unicode.Scalar) { rawValue = CChar(UInt8(ascii: type)) }

    /// `a`; contents: the type of an element.
    public static let array = Container("a")
    /// `v`; contents: the type of the value.
    public static let variant = Container("v")
    /// `(…)`; contents: the types of the members.
    public static let structure = Container("r")
    /// `{…}`; contents: the types of key and value.
    public static let entry = Container("e")
  }

  private static let string = CChar(UInt8(ascii: "s"))
  private static let octet = CChar(UInt8(ascii: "y"))
  private static let long = CChar(UInt8(ascii: "t"))
  private static let boolean = CChar(UInt8(ascii: "b"))
  private static let reading = "reading a D-Bus message"

  private static func pointer(_ text: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  /// 0 instead of a value means that there is none.
  private func check(_ result: CInt, writing: Bool = false, isValue: Bool = false) throws(SystemdError) {
    let operation = writing ? "writing a D-Bus message" : Self.reading
    try SystemdError.check(result == 0 && isValue ? -ENODATA : result, operation)
  }
}
