package import HoldfastCore

package struct LibraryScanner: Scanner {
  package let kind = "library"
  package init() {}
  package func run(_ session: ScanSession) throws(SessionClosed) -> RunnerMessage.Finish {
    .init(outcome: .completed)
  }
}
