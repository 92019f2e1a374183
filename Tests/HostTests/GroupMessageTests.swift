import Host
import Testing

struct GroupMessageTests {
  static let messages: [(GroupMessage, String)] = [
    (GroupMessage(group: "web", sender: "219", .state(isAble: true, isActive: true)), "web 219 able active"),
    (GroupMessage(group: "web", sender: "219", .state(isAble: true, isActive: false)), "web 219 able backup"),
    (
      GroupMessage(group: "w", sender: "web-1", .state(isAble: false, isActive: true)),
      "w web-1 unable active"
    ),
    (
      GroupMessage(group: "w", sender: "fd00::219", .state(isAble: false, isActive: false)),
      "w fd00::219 unable backup"
    ),
    (GroupMessage(group: "web", sender: "219", .hello), "web 219 hello"),
    (GroupMessage(group: "web", sender: "219", .gone), "web 219 gone"),
  ]

  @Test(arguments: messages)
  func isReadAsItWasWritten(_ message: GroupMessage, _ text: String) {
    #expect(message.description == text)
    #expect(GroupMessage(text) == message)
  }

  /// Whoever may write to the socket may write anything.
  @Test(
    arguments: [
      "", " ", "web", "web 219", "web 219 ", "web 219 able", "web 219 active able",
      "web 219 able active more",
      "web 219 gone more", "web  219 gone", " 219 gone", "web ../../etc gone", "web . hello", "web 219 HELLO",
      "web 219 hello\n", "web 219 able  active", "web \0 gone",
    ])
  func anythingElseIsNone(_ text: String) {
    #expect(GroupMessage(text) == nil)
  }
}
