import HoldfastEngine
import Testing

@testable import holdfast

@Suite struct ConfigurationTests {
  private func load(
    flags: [SettingName: String] = [:], file: String? = nil, environment: [String: String] = [:],
    files: [String: String] = [:]
  ) throws(ConfigurationError) -> Configuration {
    try Configuration.load(flags: flags, file: file, environment: environment) {
      (path) throws(ConfigurationError) in files[path]
    }
  }

  @Test func defaults() throws {
    let settings = try load()
    #expect(settings.host == "127.0.0.1")
    #expect(settings.port == 8710)
    #expect(settings.dataDirectory == "./.holdfast")
    #expect(settings.database == "sqlite:./.holdfast/holdfast.db")
    #expect(settings.isDatabaseInDataDirectory)
    #expect(settings.slots == nil)
    #expect(settings.logLevel == nil)
    #expect(settings.logFormat == "text")
    #expect(settings.runnerLimits.memoryBytes == 2 * 1024 * 1024 * 1024)
    #expect(settings.warnings.isEmpty)
  }

  @Test func databaseFollowsTheDataFolder() throws {
    #expect(
      try load(flags: [.dataDirectory: "/var/x/"]).database == "sqlite:/var/x/holdfast.db")
    let named = try load(
      flags: [.dataDirectory: "/var/x"], environment: ["DATABASE_URL": "sqlite:/y.db"])
    #expect(named.database == "sqlite:/y.db")
    #expect(!named.isDatabaseInDataDirectory)
  }

  @Test func strongerPlacesWin() throws {
    let files = ["holdfast.yaml": "port: 1\nslots: 1\nhost: file\n"]
    let environment = ["HOLDFAST_PORT": "2", "HOLDFAST_SLOTS": "2"]
    let settings = try load(flags: [.port: "3"], environment: environment, files: files)
    #expect(settings.port == 3)
    #expect(settings.slots == 2)
    #expect(settings.host == "file")
  }

  @Test func emptyVariableCountsAsNotSet() throws {
    #expect(try load(environment: ["HOLDFAST_PORT": "", "DATABASE_URL": ""]).port == 8710)
  }

  @Test func namedFileMustExist() throws {
    #expect(throws: ConfigurationError.self) { try load(file: "missing.yaml") }
    do {
      _ = try load(file: "missing.yaml")
    } catch {
      #expect("\(error)" == "--config: there is no file “missing.yaml”")
      #expect(error.exitStatus == .usage)
    }
    do {
      _ = try load(environment: ["HOLDFAST_CONFIG": "gone.yaml"])
      Issue.record("a missing file was accepted")
    } catch {
      #expect(
        "\(error)" == "the environment variable HOLDFAST_CONFIG: there is no file “gone.yaml”")
      #expect(error.exitStatus == .configuration)
    }
    let settings = try load(
      environment: ["HOLDFAST_CONFIG": "a.yaml"], files: ["a.yaml": "port: 7"])
    #expect(settings.port == 7)
  }

  @Test(arguments: Setting.table.map(\.name))
  func everySettingIsReadFromItsVariable(name: SettingName) throws {
    let setting = Setting.named(name)
    // No type takes this but a text or a path, whose variables are covered by the next expectation.
    let accepted = setting.type == .text || setting.type == .path || setting.type == .names
    if accepted {
      _ = try load(environment: [setting.environment: "name"])
    } else {
      do {
        _ = try load(environment: [setting.environment: "nonsense"])
        Issue.record("\(setting.environment)=nonsense was accepted")
      } catch {
        #expect("\(error)".hasPrefix("the environment variable \(setting.environment): "))
        #expect(error.exitStatus == .configuration)
      }
    }
  }

  @Test func badFlagIsAUsageError() {
    do {
      _ = try load(flags: [.port: "http"])
      Issue.record("accepted")
    } catch {
      #expect("\(error)" == "--port: “http” is not a whole number from 0 to 65535")
      #expect(error.exitStatus == .usage)
    }
  }

  @Test func secretsAreNotShown() {
    do {
      _ = try load(flags: [.database: "mysql://root:hunter22@h/d"])
      Issue.record("accepted")
    } catch {
      #expect(!"\(error)".contains("hunter22"))
    }
  }

  @Test func kubernetesVariableIsExplained() {
    do {
      _ = try load(environment: ["HOLDFAST_PORT": "tcp://10.0.0.1:8710"])
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains("enableServiceLinks"))
    }
  }

  @Test func unknownVariablesAreReported() throws {
    let settings = try load(environment: [
      "HOLDFAST_PROT": "1", "HOLDFAST_SERVICE_HOST": "10.0.0.1", "HOLDFASTER": "x",
    ])
    #expect(
      settings.warnings == [
        "the environment variable HOLDFAST_PROT is not one of holdfast's; did you mean "
          + "HOLDFAST_PORT?",
        "the environment variable HOLDFAST_SERVICE_HOST is not one of holdfast's",
      ])
  }

  @Test func tableIsComplete() {
    #expect(Set(Setting.table.map(\.name)) == Set(SettingName.allCases))
    #expect(Set(Setting.table.map(\.environment)).count == Setting.table.count)
    for setting in Setting.table {
      guard case .value(let text) = setting.fallback else { continue }
      if case .failure(let bad) = setting.type.parse(text) {
        Issue.record("the default of \(setting.name) is refused: \(bad.reason)")
      }
    }
  }
}
