// What a key and a refresh cost: cells that change, and work that is not done twice.

import Testing
import Top

@Suite struct PaceTests {
  /// Cells that differ, as the terminal would have to be sent them.
  private func changed(_ one: Frame, _ other: Frame) -> Int {
    zip(one.lines, other.lines).reduce(0) { $0 + zip($1.0, $1.1).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) } }
  }
  private func later(_ model: Model, _ milliseconds: Int64, _ factor: Double = 1) -> Model {
    var model = model
    var next = model.latest
    next.takenAtMs += milliseconds
    next.sequence += 1
    if factor != 1 {
      for row in next[.topics].names.indices {
        guard let number = next[.topics].number(row, "in").number else { continue }
        next[.topics].set("in", row: row, .value(number * factor, atMs: next.takenAtMs))
      }
    }
    _ = model.update(.tick(nowMs: next.takenAtMs, clock: model.clock))
    _ = model.update(.snapshot(next))
    return model
  }

  /// Curves and graphs rest between their steps: a refresh without news changes next to nothing.
  @Test func graphsMoveBySteps() {
    let model = later(Made.watched(160, 50), 12_000)
    let before = Screen.draw(model, .utf8)
    let soon = later(model, 1_000)
    #expect(changed(before, Screen.draw(soon, .utf8)) < 60)
    // Also after the graphs moved, most of their cells are as before.
    #expect(changed(before, Screen.draw(later(model, 4_000), .utf8)) < 1_100)
  }
  /// A refresh with other rates everywhere stays within four kilobytes: some two bytes a cell.
  @Test func aRefreshChangesFewCells() {
    let model = later(Made.watched(160, 50), 12_000)
    let cells = changed(Screen.draw(model, .utf8), Screen.draw(later(model, 1_000, 1.07), .utf8))
    #expect(cells < 400)
  }
  @Test func aKeyChangesTwoRows() {
    var model = Made.watched(80, 24, "3jj")
    let before = Screen.draw(model, .utf8)
    let order = model.view.order
    model.press("j")
    let after = Screen.draw(model, .utf8)
    let rows = zip(before.lines, after.lines).filter { $0.0 != $0.1 }.count
    #expect(rows == 2)
    #expect(model.view.order == order)
  }
  /// At ten thousand rows a keystroke in the filter and a frame are quick even in a debug build.
  @Test func tenThousandRowsAreQuick() {
    var model = Made.watched(160, 50, "3", Made.large)
    let clock = ContinuousClock()
    let took = clock.measure {
      model.press("\\7")
      _ = Screen.draw(model, .utf8)
    }
    #expect(model.names.allSatisfy { $0.contains("7") } && !model.names.isEmpty)
    #expect(took < .seconds(2))
  }
}
