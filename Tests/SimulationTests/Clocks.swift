// Clocks that are set, forwards and back, and segments that grow too old.

import Wire

@testable import Server

final class Clocks: Feature {
  /// By how much they are set.
  private let rangeMs: Int64
  private let goBack: Bool

  /// - Parameter days: Only forwards, by days: what is old is deleted.
  init(_ world: World, days: Bool) {
    goBack = !days
    rangeMs = days ? 5 * 86_400_000 : [10_000, 600_000, 14_400_000].randomElement(using: &world.random)!
    super.init(world, "clock")
  }

  override func start() {
    repeatedly(4_000...20_000) { [self] in
      if world.areFaultsOver { return }
      world.cover(goBack ? "clock set" : "days pass")
      world.jump(world.delayMs((goBack ? -rangeMs : 0)...rangeMs))
    }
    // In the end they show times that are later than all before: what waits for those comes.
    world.after(world.plan.faultsMs + 1) { [world] in
      if world.skewMs < world.skewMaxMs { world.jump(world.skewMaxMs - world.skewMs) }
    }
  }
}
