import Glibc
import HoldfastScanners

@main
enum Main {
  static func main() async {
    // A reader that goes away (`| head`) must be an error of one write, not the end of a worker.
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    // A runner starts for every scan: it must not pay for the parsing of a command line.
    if arguments.first == "runner" { RunnerMain.run() }
    let program = Program(environment: ProcessEnvironment.variables)
    if let failure = unreadable(CommandLine.argc, CommandLine.unsafeArgv) {
      exit(program.report(failure, asJSON: arguments.contains("--json")).rawValue)
    }
    exit(await program.run(arguments).rawValue)
  }

  /// Swift repairs an argument that is not UTF-8, and a repaired path is another path.
  static func unreadable(
    _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) -> CommandFailure? {
    for number in 0..<Int(count) {
      guard let argument = arguments[number], String(validatingCString: argument) == nil else {
        continue
      }
      return CommandFailure(
        .usage, "argument \(number), “\(String(cString: argument))”, is not UTF-8",
        detail: "a folder with such a name can be scanned as a part of the folder above it")
    }
    return nil
  }
}
