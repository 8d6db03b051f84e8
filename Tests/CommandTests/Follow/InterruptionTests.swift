import Testing

@testable import holdfast

@Suite struct InterruptionTests {
  private func actions(
    canAsk: Bool, _ events: [Interruption.Event]
  ) -> [Interruption.Action] {
    var interruption = Interruption(canAsk: canAsk)
    return events.map { interruption.handle($0) }
  }

  @Test func asksOnATerminal() {
    #expect(actions(canAsk: true, [.interrupt, .answer(.goOn)]) == [.ask, .goOn])
    #expect(actions(canAsk: true, [.interrupt, .answer(.cancel)]) == [.ask, .cancel])
    #expect(actions(canAsk: true, [.interrupt, .answer(.leave)]) == [.ask, .leave])
  }

  @Test func asksAgainAfterGoingOn() {
    #expect(
      actions(canAsk: true, [.interrupt, .answer(.goOn), .interrupt]) == [.ask, .goOn, .ask])
  }

  @Test func aSecondCtrlCLeaves() {
    #expect(actions(canAsk: true, [.interrupt, .interrupt]) == [.ask, .leave])
  }

  @Test func leavesWithoutATerminal() {
    #expect(actions(canAsk: false, [.interrupt]) == [.leave])
    #expect(actions(canAsk: false, [.terminate]) == [.leave])
  }

  @Test func terminationNeverAsks() {
    #expect(actions(canAsk: true, [.terminate]) == [.leave])
    #expect(actions(canAsk: true, [.interrupt, .terminate]) == [.ask, .leave])
  }

  @Test func insistingEndsAtOnce() {
    #expect(
      actions(canAsk: false, [.terminate, .terminate]) == [.leave, .quit(.terminated)])
    #expect(
      actions(canAsk: true, [.interrupt, .answer(.cancel), .interrupt])
        == [.ask, .cancel, .quit(.interrupted)])
  }

  @Test func anAnswerThatNobodyAskedForDoesNothing() {
    #expect(actions(canAsk: true, [.answer(.cancel)]) == [.nothing])
    #expect(actions(canAsk: false, [.terminate, .answer(.cancel)]) == [.leave, .nothing])
  }
}
