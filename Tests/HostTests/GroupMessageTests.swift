import Host
import Internet
import Testing

struct GroupMessageTests {
  private static let address = IPAddress("192.168.1.219")

  static let messages: [(GroupMessage, String)] = [
    (
      GroupMessage(group: "web", sender: "219", .state(isAble: true, isActive: true, nil)),
      "web 219 able active"
    ),
    (
      GroupMessage(group: "web", sender: "219", .state(isAble: true, isActive: false, nil)),
      "web 219 able backup"
    ),
    (
      GroupMessage(group: "w", sender: "web-1", .state(isAble: false, isActive: true, nil)),
      "w web-1 unable active"
    ),
    (
      GroupMessage(group: "w", sender: "fd00::219", .state(isAble: false, isActive: false, nil)),
      "w fd00::219 unable backup"
    ),
    (
      GroupMessage(group: "web", sender: "219", .state(isAble: true, isActive: true, address)),
      "web 219 able active 192.168.1.219"
    ),
    (
      GroupMessage(group: "web", sender: "6", .state(isAble: false, isActive: false, IPAddress("fd00::219"))),
      "web 6 unable backup fd00::219"
    ),
    (GroupMessage(group: "web", sender: "219", .hello), "web 219 hello"),
    (GroupMessage(group: "web", sender: "219", .gone), "web 219 gone"),
  ]

  @Test(arguments: messages)
  func isReadAsItWasWritten(_ message: GroupMessage, _ text: String) {
    #expect(message.description == text)
    #expect(GroupMessage(text) == message)
  }

  @Test func version01UnderstandsItInBrief() {
    let state = GroupMessage(
      group: "web", sender: "219", .state(isAble: true, isActive: false, Self.address))
    #expect(state.brief == "web 219 able backup")
    #expect(GroupMessage(group: "web", sender: "219", .gone).brief == "web 219 gone")
  }

  /// Whoever may write to the socket may write anything.
  @Test(
    arguments: [
      "", " ", "web", "web 219", "web 219 ", "web 219 able", "web 219 active able",
      "web 219 able active more",
      "web 219 gone more", "web  219 gone", " 219 gone", "web ../../etc gone", "web . hello", "web 219 HELLO",
      "web 219 hello\n", "web 219 able  active", "web \0 gone",
      "web 219 able active 192.168.1", "web 219 able active ", "web 219 able active ::1 ::2",
      "web 219 able other ::1",
      "web 219 gone ::1", "web 219 active ::1",
    ])
  func anythingElseIsNone(_ text: String) {
    #expect(GroupMessage(text) == nil)
  }
}
