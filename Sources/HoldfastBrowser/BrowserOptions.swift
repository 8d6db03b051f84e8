/// How a browser is started.
package struct BrowserOptions: Sendable, Hashable {
  /// The program; `nil` looks for the usual names in the usual places.
  package var executable: String?
  /// Where the browser's throw-away profile folder is made.
  package var temporaryFolder: String
  /// Whether Chromium's own sandbox is on. It cannot be for root, who would have to be trusted with the pages anyway.
  package var isSandboxed: Bool
  /// How long the process may take until it answers its first command.
  package var startLimit: Duration
  /// How long one command may take, unless its caller says otherwise.
  package var commandLimit: Duration
  /// Further switches for the command line.
  package var switches: [String]

  package init(
    executable: String? = nil, temporaryFolder: String = "/tmp", isSandboxed: Bool? = nil,
    startLimit: Duration = .seconds(30), commandLimit: Duration = .seconds(30),
    switches: [String] = []
  ) {
    self.executable = executable
    self.temporaryFolder = temporaryFolder
    self.isSandboxed = isSandboxed ?? !ChromiumProcess.runsAsRoot
    self.startLimit = startLimit
    self.commandLimit = commandLimit
    self.switches = switches
  }

  /// Switches that keep the browser quiet: nothing of its own on the network, nothing asked of the user. What would change
  /// how a page behaves (popup blocking, upgrades to HTTPS) is left as users have it.
  static let quietSwitches = [
    "--headless", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-extensions", "--disable-sync", "--metrics-recording-only", "--mute-audio",
    "--password-store=basic", "--disable-dev-shm-usage", "--disable-gpu",
    "--disable-breakpad", "--disable-search-engine-choice-screen",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider",
  ]
}
