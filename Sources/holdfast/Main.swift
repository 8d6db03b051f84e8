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
    exit(await program.run(arguments).rawValue)
  }
}
