// Clocks that are set, forwards and back; and days that pass, so that segments grow too old.

import Wire

@testable import Server

final class Clocks: Feature {
  /// By how much they are set.
  private let rangeMs: Int64

  init(_ world: World) {
    rangeMs = [10_000, 600_000, 14_400_000].randomElement(using: &world.random)!
    super.init(world, "clock")
  }

  override func start() {
    repeatedly(4_000...20_000) { [self] in
      if world.areFaultsOver { return }
      world.cover("clock set")
      world.jump(world.delayMs(-rangeMs...rangeMs))
    }
    // In the end they show times that are later than all before: what waits for those comes.
    world.after(world.plan.faultsMs + 1) { [world] in
      if world.skewMs < world.skewMaxMs { world.jump(world.skewMaxMs - world.skewMs) }
    }
  }
}

/// Time passes faster than work does.
final class Days: Feature {
  /// By how much the clocks go on at a time when the faults are over.
  private static let stepMs: Int64 = 6 * 3_600_000

  init(_ world: World) { super.init(world, "calendar") }

  override func start() { pass() }

  private func pass() {
    world.after(world.delayMs(1_000...5_000)) { [self] in
      // A server that was away for long finds what it has to do and what is too old at once.
      let isWild = !world.areFaultsOver && world.plan.jumpMaxMs > Self.stepMs
      if world.server != nil || isWild {
        world.cover("days pass")
        world.jump(world.delayMs(0...(isWild ? world.plan.jumpMaxMs : Self.stepMs)))
      }
      pass()
    }
  }
}
