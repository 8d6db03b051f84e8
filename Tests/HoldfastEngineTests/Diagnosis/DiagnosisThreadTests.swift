import Foundation
import HoldfastCore
import Testing

@testable import HoldfastEngine

/// A read that hangs must hold nobody up.
@Suite struct DiagnosisThreadTests {
  @Test func leavesACallBehindThatTakesTooLong() async {
    let thread = BlockingThread()
    let gate = DispatchSemaphore(value: 0)
    let late: Int? = await thread.run(within: .milliseconds(20)) {
      gate.wait()
      return 1
    }
    #expect(late == nil)
    #expect(await thread.run(within: .seconds(20)) { 2 } == 2)
    gate.signal()
  }

  /// Hanging calls do not gather without bound, and room comes back when they return.
  @Test func refusesCallsWhileTooManyHang() async throws {
    let thread = BlockingThread()
    let gate = DispatchSemaphore(value: 0)
    for _ in 0..<4 {
      let late: Int? = await thread.run(within: .milliseconds(5)) {
        gate.wait()
        return 1
      }
      #expect(late == nil)
    }
    #expect(await thread.run(within: .seconds(20)) { 2 } == nil)
    for _ in 0..<4 { gate.signal() }
    try await eventually("room for another call") {
      await thread.run(within: .seconds(20)) { 3 } == 3
    }
  }
}
