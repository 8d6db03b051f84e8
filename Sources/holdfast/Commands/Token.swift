import ArgumentParser
import HoldfastCore
import HoldfastServer
import HoldfastStorage

struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "The tokens of the API and the pages.",
    subcommands: [
      TokenPathCommand.self, TokenCreateCommand.self, TokenListCommand.self,
      TokenRevokeCommand.self, TokenRotateCommand.self,
    ])
}

struct TokenPathCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "path", abstract: "Print the path of the file that holds the admin token.")

  @OptionGroup(title: "Database") var database: DatabaseOptions

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    program.output.write(composition.configuration.dataDirectory + "/admin-token\n")
    return .success
  }
}

extension Role: ExpressibleByArgument {}

struct TokenCreateCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an API token and print it, this once.",
    discussion: """
      A viewer reads, an operator submits scans and acts on them, an admin gives others access; a \
      worker runs scans over HTTP, and does nothing else. The token sees and changes nothing but its tenant's scans. The database keeps only its hash.
      """)

  @Argument(
    help: ArgumentHelp(
      "What to call it: letters, digits, dots, hyphens, underscores.", valueName: "name"))
  var name: String

  @Option(name: .long, help: ArgumentHelp("viewer, operator, admin or worker.", valueName: "role"))
  var role: Role

  @Option(name: .long, help: ArgumentHelp("Whose scans it is for.", valueName: "name"))
  var tenant = TenantScope.defaultTenant

  @Flag(name: .long, help: "It is for the scans of every tenant, in place of --tenant.")
  var allTenants = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "When it ends: a number with s, m, h or d, as 90d. (default: never)", valueName: "time"))
  var expires: Lifetime?

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
    let (token, hash) = HoldfastServer.makeToken()
    let draft = TokenDraft(
      name: name, hash: hash, role: role, scope: allTenants ? .all : .only(tenant),
      expiresInSeconds: expires?.seconds, createdBy: "cli")
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).createToken(draft)
    }
    await store.close()
    switch outcome {
    case .created(let record), .existing(let record):
      try program.show(token, of: record, asJSON: output.json)
      return .success
    case .nameTaken, .keyUsed:
      throw CommandFailure(
        .usage, "another token is called \(name)",
        detail: "`holdfast token list` shows all; `holdfast token rotate \(name)` renews it")
    case .noSuchTenant:
      throw CommandFailure(
        .usage, "there is no tenant \(DisplayText.escaped(tenant))",
        detail: "`holdfast tenant list` shows all, `holdfast tenant add` makes one")
    }
  }
}

struct TokenListCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List API tokens, the newest first; never the tokens themselves."
  )

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let tokens = try await askStore { () async throws(StoreError) in try await store.tokens() }
    await store.close()
    if output.json {
      try program.printJSON(tokens)
    } else {
      var table = Table(
        ["Name", "Role", "Tenant", "State", "Expires", "Last used", "Id"].map { Table.Column($0) },
        terminal: program.output)
      let rows = tokens.map { token in
        [
          token.name, token.role.rawValue, token.tenant, token.state.rawValue,
          token.expiresAt?.description ?? "never", token.lastUsedAt?.description ?? "never",
          token.id,
        ].map { Table.Cell($0) }
      }
      guard !rows.isEmpty else {
        program.errors.write("There are no API tokens.\n")
        return .success
      }
      program.output.write(table.lines(for: rows).joined(separator: "\n") + "\n")
    }
    return .success
  }
}

struct TokenRevokeCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "End an API token for good, with the sessions opened by it.")

  @Argument(help: ArgumentHelp("A token's name or id.", valueName: "token"))
  var token: String

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let revoked = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).revokeToken(token, by: "cli")
    }
    await store.close()
    guard let revoked else { throw CommandFailure.noSuchToken(token) }
    if output.json {
      try program.printJSON(revoked)
    } else {
      program.output.write("The token \(revoked.name) is revoked.\n")
    }
    return .success
  }
}

struct TokenRotateCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Replace a token by a new one; the old one ends at once.",
    discussion: """
      Without a name it is the admin token: every session of it ends, and the path of the file that \
      holds the new one is printed, never the token. With an API token's name or id, the new token \
      is printed, this once.
      """)

  @Argument(help: ArgumentHelp("An API token's name or id.", valueName: "token"))
  var token: String?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    guard let token else { return try await rotateAdminToken(composition, program) }
    let store = try await composition.openExisting()
    let (secret, hash) = HoldfastServer.makeToken()
    let rotated = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).rotateToken(token, hash: hash, by: "cli")
    }
    await store.close()
    guard let rotated else { throw CommandFailure.noSuchToken(token) }
    try program.show(secret, of: rotated, asJSON: output.json)
    return .success
  }

  private func rotateAdminToken(
    _ composition: Composition, _ program: Program
  ) async throws -> ExitStatus {
    try composition.prepareDataDirectory()
    let store = try await composition.openExisting()
    do {
      let path = try await HoldfastServer.rotateAdminToken(
        store: store, dataDirectory: composition.configuration.dataDirectory)
      program.output.write(path + "\n")
    } catch ServerError.store(let error) {
      throw CommandFailure(error)
    } catch {
      throw CommandFailure(.operatingSystem, "\(error)")
    }
    await store.close()
    return .success
  }
}

/// How long something lasts, as people write it: `30m`, `12h`, `90d`.
struct Lifetime: ExpressibleByArgument {
  let seconds: Double

  init?(argument: String) {
    guard let span = WholeTimeSpan(argument: argument),
      span.seconds <= TokenDraft.longestLifeSeconds
    else { return nil }
    seconds = Double(span.seconds)
  }
}

extension CommandFailure {
  fileprivate static func noSuchToken(_ reference: String) -> CommandFailure {
    CommandFailure(
      .usage, "there is no API token \(DisplayText.escaped(reference)) to be changed",
      detail: "`holdfast token list` shows all; one that is revoked stays so")
  }
}

extension Program {
  /// The one time that a token is shown: alone on its line, so that a script can take it.
  fileprivate func show(
    _ token: String, of record: TokenRecord, asJSON: Bool
  ) throws(CommandFailure) {
    guard asJSON else {
      errors.write(
        "The token \(record.name), \(record.role.rawValue) of \(record.tenant). It is shown only "
          + "now:\n")
      output.write(token + "\n")
      return
    }
    try printJSON(NewToken(id: record.id, name: record.name, token: token))
  }
}

private struct NewToken: Encodable {
  var id: String
  var name: String
  var token: String
}
