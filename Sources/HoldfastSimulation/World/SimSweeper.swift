import HoldfastCore
import HoldfastEngine
import HoldfastStorage

/// A process that wants to lead: the engine's own ``Sweeper``, turn by turn.
final class SimSweeper: @unchecked Sendable {
  // Unchecked: see ``Scheduler``.
  let name: String
  private unowned let world: World
  private(set) var process: SimProcess
  private(set) var link: Link
  private static let termSeconds = 7.5

  init(_ world: World, name: String) {
    self.world = world
    self.name = name
    process = world.spawn(name)
    link = Link(world, process)
  }

  func start() {
    if process.isDead {
      process = world.spawn(name)
      link = Link(world, process)
    }
    let (world, process) = (world, process)
    world.note(name, "starts as process \(process.id)")
    var configuration = Sweeper.Configuration(
      holder: "\(name)-\(process.id)", termSeconds: Self.termSeconds,
      policy: { Scenario.policy($0, $1) })
    configuration.instant = { world.instant }
    configuration.random = { world.random.unit() }
    let sweeper = Sweeper(
      store: world.store(over: link), configuration: configuration, logger: World.silent)
    world.scheduler.start(name) {
      await Request.$current.withValue(.sweep) {
        while !process.isDead {
          await sweeper.takeTurn()
          let pause = Self.termSeconds / 5 * (0.8 + 0.4 * world.random.unit())
          await world.scheduler.sleep(Int64(pause * 1000), in: process)
        }
      }
    }
  }

  func kill() {
    guard !process.isDead else { return }
    world.note(name, "process \(process.id) killed")
    process.kill(world.scheduler)
  }
}
