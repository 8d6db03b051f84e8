import ArgumentParser
import Glibc
import HoldfastCore
import HoldfastServer
import HoldfastStorage

struct UserCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user", abstract: "People who sign in on the pages with a password.",
    subcommands: [
      UserAddCommand.self, UserListCommand.self, UserRoleCommand.self, UserPasswordCommand.self,
      UserRemoveCommand.self,
    ])
}

/// In which tenant somebody has a role.
struct TenantOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("Whose scans the role is for.", valueName: "name"))
  var tenant = TenantScope.defaultTenant

  @Flag(name: .long, help: "The role is for the scans of every tenant, in place of --tenant.")
  var allTenants = false

  var scope: TenantScope { allTenants ? .all : .only(tenant) }
}

struct UserAddCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add somebody; the password is asked for.",
    discussion: """
      Where nobody can be asked, the first line of standard input is the password. It needs 12 \
      characters. The database keeps only its scrypt hash.
      """)

  @Argument(
    help: ArgumentHelp(
      "Letters, digits, dots, hyphens, underscores; at most 64.", valueName: "name"))
  var name: String

  @Option(name: .long, help: ArgumentHelp("viewer, operator or admin.", valueName: "role"))
  var role: UserRole

  @OptionGroup var place: TenantOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func validate() throws {
    guard TokenDraft.isName(name) else {
      throw ValidationError(
        "the name must be 1 to 64 letters, digits, dots, hyphens and underscores")
    }
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let draft = UserDraft(
      name: name, passwordHash: try await PasswordInput.hash(program), role: role.role,
      scope: place.scope, createdBy: "cli")
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).addUser(draft)
    }
    await store.close()
    try program.show(outcome, name: name, asJSON: output.json, "The user \(name) can sign in.")
    return .success
  }
}

struct UserListCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List users and their roles.")

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let users = try await askStore { () async throws(StoreError) in try await store.users() }
    await store.close()
    if output.json {
      try program.printJSON(users)
      return .success
    }
    guard !users.isEmpty else {
      program.errors.write("There are no users.\n")
      return .success
    }
    var table = Table(
      ["Name", "Roles", "Added", "By"].map { Table.Column($0) }, terminal: program.output)
    let rows = users.map { user in
      let roles = user.roles.sorted { $0.key < $1.key }.map { "\($0.value.rawValue) of \($0.key)" }
      return [
        user.name, roles.joined(separator: ", "), user.createdAt.description, user.createdBy,
      ].map { Table.Cell($0) }
    }
    program.output.write(table.lines(for: rows).joined(separator: "\n") + "\n")
    return .success
  }
}

struct UserRoleCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "role", abstract: "Give somebody a role in a tenant.")

  @Argument(help: ArgumentHelp("The user's name.", valueName: "name"))
  var name: String

  @Argument(help: ArgumentHelp("viewer, operator or admin.", valueName: "role"))
  var role: UserRole

  @OptionGroup var place: TenantOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).setRole(role.role, of: name, in: place.scope)
    }
    await store.close()
    try program.show(
      outcome, name: name, asJSON: output.json,
      "The user \(name) is \(role.role.rawValue) of \(place.scope.name).")
    return .success
  }
}

struct UserPasswordCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "password", abstract: "Set another password; all sessions of the user end.",
    discussion: "The password is asked for, or is the first line of standard input.")

  @Argument(help: ArgumentHelp("The user's name.", valueName: "name"))
  var name: String

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let hash = try await PasswordInput.hash(program)
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).setPassword(hash: hash, of: name)
    }
    await store.close()
    try program.show(
      outcome, name: name, asJSON: output.json, "The user \(name) has another password.")
    return .success
  }
}

struct UserRemoveCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Take somebody's role in a tenant away; who has none left is removed.")

  @Argument(help: ArgumentHelp("The user's name.", valueName: "name"))
  var name: String

  @OptionGroup var place: TenantOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).setRole(nil, of: name, in: place.scope)
    }
    await store.close()
    try program.show(
      outcome, name: name, asJSON: output.json,
      "The user \(name) has no role in \(place.scope.name) any more.")
    return .success
  }
}

/// A password, asked for without showing it, or the first line of standard input: never an argument, which others could see.
private enum PasswordInput {
  static func hash(_ program: Program) async throws -> String {
    let isTerminal = isatty(STDIN_FILENO) == 1
    if isTerminal { program.errors.write("Password: ") }
    let password = isTerminal ? hiddenLine() : readLine() ?? ""
    if isTerminal { program.errors.write("\n") }
    if let problem = Password.problem(with: password) {
      throw CommandFailure(.usage, "the password \(problem)")
    }
    return try await Password.hash(password)
  }

  private static func hiddenLine() -> String {
    var shown = termios()
    guard tcgetattr(STDIN_FILENO, &shown) == 0 else { return readLine() ?? "" }
    var hidden = shown
    hidden.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
    defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown) }
    return readLine() ?? ""
  }
}

extension Program {
  fileprivate func show(
    _ outcome: UserOutcome, name: String, asJSON: Bool, _ sentence: String
  ) throws(CommandFailure) {
    switch outcome {
    case .done(let user), .existing(let user):
      if asJSON {
        try printJSON(user)
      } else {
        output.write(sentence + "\n")
      }
    case .nameTaken, .keyUsed: throw CommandFailure(.usage, "there is a user \(name)")
    case .noSuchTenant:
      throw CommandFailure(
        .usage, "there is no such tenant", detail: "`holdfast tenant list` shows all")
    case .notFound:
      throw CommandFailure(
        .usage, "there is no user \(DisplayText.escaped(name))",
        detail: "`holdfast user list` shows all")
    }
  }
}

/// A role that people have.
struct UserRole: ExpressibleByArgument, Sendable {
  let role: Role

  init?(argument: String) {
    guard let role = Role(rawValue: argument), Role.ofPeople.contains(role) else { return nil }
    self.role = role
  }

  static var allValueStrings: [String] { Role.ofPeople.map(\.rawValue) }
  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
