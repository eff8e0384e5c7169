// Queries by key and by unique key (12): whatever was acknowledged is found.

import Wire

final class Keys: Feature {
  /// What is asked for when the faults are over: everything.
  private var left: [Int]?

  init(_ world: World) { super.init(world, "key reader") }

  override func start() {
    repeatedly(200...1_500) { [self] in
      if !world.areFaultsOver, let id = candidates.randomElement(using: &world.random) { query(id) {} }
    }
    world.after(world.plan.faultsMs + 10_000) { [self] in
      left = candidates
      next()
    }
  }

  override var isDone: Bool { left?.isEmpty == true }

  private var candidates: [Int] {
    world.oracle.messages.filter { message in
      message.mustArrive && message.place != nil && (!message.key.isEmpty || message.uniqueKey != nil)
    }.map(\.id)
  }

  private func next() {
    guard let id = left?.last else { return }
    query(id) { [self] in
      left?.removeLast()
      next()
    }
  }

  private func query(_ id: Int, then: @escaping () -> Void) {
    let message = world.oracle.messages[id]
    let isUnique = message.key.isEmpty || (message.uniqueKey != nil && world.chance(50))
    let key = (isUnique ? message.uniqueKey : message.key) ?? ""
    var fields = [
      ("topic", message.topic), ("key", key), ("maxNum", "64"), ("beginTimestamp", "0"),
      ("endTimestamp", "\(world.nowMs + 86_400_000)"),
    ]
    if isUnique { fields.append(("_UNIQUE_KEY_QUERY", "true")) }
    let losses = world.powerLosses
    admin.ask(.queryMessage, fields) { [self] answer in
      guard let answer, answer.code == 0 || answer.code == 22 else {
        if let answer { world.note("a query is refused: \(answer.code) \(answer.remark)") }
        return then()
      }
      world.cover(isUnique ? "unique key query" : "key query")
      guard let all = try? Received.all(answer.body) else { return world.fail("a query cannot be read") }
      for received in all { _ = world.oracle.check(world, received) }
      if losses == world.powerLosses && !all.contains(where: { $0.id == id }) {
        world.fail("message \(id) is not found by \(isUnique ? "unique " : "")key \(key): \(answer.code)")
      }
      then()
    }
  }
}
