import Glibc

/// The process in which one attempt executes: what the hidden command `holdfast runner` calls.
package enum RunnerMain {
  /// Speaks the runner protocol on standard input and output, and ends the process.
  ///
  /// Exit codes: 0 after `finished` or the end of input, 71 if the fence of ``RunnerLimits`` cannot be set up.
  package static func run() -> Never {
    do throws(RunnerLimits.Failure) {
      try RunnerLimits.apply()
    } catch {
      say("\(error)")
      exit(71)
    }
    let loop = RunnerLoop(
      input: 0, output: RunnerOutput(descriptor: 1),
      scanners: [LibraryScanner(), CommandScanner(attachment: .current)],
      breadcrumbs: breadcrumbs(),
      // At once, whatever the other threads are doing: nobody is left to hear of it.
      onEndOfInput: { _exit(0) })
    loop.run()
    _exit(0)
  }

  /// A scan without breadcrumbs is better than none.
  private static func breadcrumbs() -> BreadcrumbWriter? {
    do throws(BreadcrumbWriter.Failure) {
      return try BreadcrumbWriter.fromEnvironment()
    } catch {
      say("no breadcrumbs: \(error)")
      return nil
    }
  }

  private static func say(_ text: String) {
    let line = Array("holdfast runner: \(text)\n".utf8)
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  }
}
