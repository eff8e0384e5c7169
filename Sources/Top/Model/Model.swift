// The state of the screen and the one function that changes it. No I/O, no clock: everything comes in as an
// event, everything that must be done goes out as an effect. UI thread.

/// What happened.
package enum Event: Sendable {
  case key(Key)
  case resize(Size)
  case snapshot(Snapshot)
  /// Time passed: monotonic milliseconds, and the wall clock as text.
  case tick(nowMs: Int64, clock: String)
}

/// What must be done after an event.
package struct Effects: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }
  package static let draw = Effects(rawValue: 1)
  /// Everything, because the terminal's content is not known any more.
  package static let redraw = Effects(rawValue: 2)
  package static let quit = Effects(rawValue: 4)
  /// The collector must be told the interval or the visible topics.
  package static let tellCollector = Effects(rawValue: 8)
}

/// The state of the screen.
package struct Model: Sendable {
  /// Text being typed, and for what.
  package enum Input: Equatable, Sendable { case find, filter }

  package var size: Size
  package var nowMs: Int64 = 0
  package var clock = ""
  /// The newest picture, and the one shown; they differ while paused.
  package private(set) var latest = Snapshot()
  package private(set) var shown = Snapshot()
  package private(set) var isPaused = false
  package private(set) var intervalMs: Int64
  package private(set) var sort = TopicSort()
  package private(set) var filter = ""
  package private(set) var findText = ""
  package private(set) var input: Input?
  /// True while the text being searched for is in no row.
  package private(set) var findFailed = false
  package private(set) var helpIsOpen = false
  package private(set) var helpTop = 0
  /// One line that answers the last key; the next key clears it.
  package private(set) var notice: String?
  /// Indices into `shown.topics`, filtered and sorted.
  package private(set) var order: [Int] = []
  /// Position in `order` of the selected row, and of the first row on the screen.
  package private(set) var selected = 0
  package private(set) var top = 0

  package static let intervalStepsMs: [Int64] = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000]

  package init(size: Size, intervalMs: Int64 = Limits.intervalMsDefault) {
    self.size = size
    self.intervalMs = min(max(intervalMs, Limits.intervalMsMin), Limits.intervalMsMax)
  }

  /// Names of the topics on the screen, for the collector to sample first.
  package var visibleTopics: [String] {
    order[min(top, order.count)..<min(top + pageRows, order.count)].map { shown.topics[$0].name }
  }
  /// Rows that are marked, on the screen or not.
  package var alertCount: Int { shown.topics.reduce(0) { $0 + ($1.isAlerting ? 1 : 0) } }

  private var pageRows: Int { Layout(size).rows.count }

  /// Applies one event.
  package mutating func update(_ event: Event) -> Effects {
    switch event {
    case .key(let key): return press(key)
    case .resize(let newSize):
      if newSize == size { return [] }
      size = newSize
      keepSelectionVisible()
      return [.draw, .tellCollector]
    case .snapshot(let snapshot):
      latest = snapshot
      nowMs = max(nowMs, snapshot.takenAtMs)
      if isPaused { return [.draw] }
      shown = snapshot
      reorder()
      return [.draw, .tellCollector]
    case .tick(let now, let text):
      nowMs = now
      clock = text
      return [.draw]
    }
  }

  private mutating func press(_ key: Key) -> Effects {
    notice = nil
    if let mode = input { return type(key, mode) }
    guard let action = Keys.action(key) else { return unbound(key) }
    if helpIsOpen { return pressInHelp(action) }
    return perform(action)
  }

  private mutating func unbound(_ key: Key) -> Effects {
    if helpIsOpen {
      helpIsOpen = false
    } else if case .text(let scalar) = key, ("1"..."9").contains(scalar) {
      notice = scalar == "3" ? "This is screen 3, topics." : "Screen \(scalar) is not in this version."
    }
    return .draw
  }

  private mutating func pressInHelp(_ action: Action) -> Effects {
    switch action {
    case .up: helpTop = max(0, helpTop - 1)
    case .down: helpTop = min(Keys.table.count - 1, helpTop + 1)
    case .pageUp, .top: helpTop = 0
    case .pageDown, .bottom: helpTop = max(0, Keys.table.count - max(1, size.rows - 2))
    case .quit: return .quit
    default: helpIsOpen = false
    }
    return .draw
  }

  private mutating func perform(_ action: Action) -> Effects {
    switch action {
    case .up: return select(selected - 1)
    case .down: return select(selected + 1)
    case .pageUp: return select(selected - max(1, pageRows))
    case .pageDown: return select(selected + max(1, pageRows))
    case .top: return select(0)
    case .bottom: return select(order.count - 1)
    case .sortLeft: return sortBy(sort.moved(-1))
    case .sortRight: return sortBy(sort.moved(1))
    case .sortInvert: return sortBy(TopicSort(column: sort.column, descending: !sort.descending))
    case .find:
      input = .find
      findText = ""
      findFailed = false
    case .findNext: return findAgain(1)
    case .findPrevious: return findAgain(-1)
    case .filter: input = .filter
    case .pause: return togglePause()
    case .slower: return changeInterval(Self.intervalStepsMs.first { $0 > intervalMs })
    case .faster: return changeInterval(Self.intervalStepsMs.last { $0 < intervalMs })
    case .help:
      helpIsOpen = true
      helpTop = 0
    case .clear: return setFilter("")
    case .redraw: return .redraw
    case .quit: return .quit
    }
    return .draw
  }

  private mutating func togglePause() -> Effects {
    isPaused.toggle()
    if isPaused { return .draw }
    shown = latest
    reorder()
    return [.draw, .tellCollector]
  }

  private mutating func changeInterval(_ next: Int64?) -> Effects {
    guard let next else {
      notice = "That is as far as it goes."
      return .draw
    }
    intervalMs = next
    return [.draw, .tellCollector]
  }

  // MARK: Typing

  private mutating func type(_ key: Key, _ mode: Input) -> Effects {
    let old = mode == .find ? findText : filter
    var text = old
    switch key {
    case .enter:
      input = nil
      return .draw
    case .escape:
      input = nil
      findFailed = false
      return mode == .filter ? setFilter("") : .draw
    case .backspace:
      if !text.isEmpty { text.removeLast() }
    case .text(let scalar):
      if scalar.value < 0x20 || text.count >= Limits.inputCharactersMax { return .draw }
      text.unicodeScalars.append(scalar)
    default: return .draw
    }
    if mode == .filter { return setFilter(text) }
    findText = text
    return find(from: selected, step: 1)
  }

  private mutating func setFilter(_ text: String) -> Effects {
    filter = text
    reorder()
    return [.draw, .tellCollector]
  }

  private mutating func findAgain(_ step: Int) -> Effects {
    if findText.isEmpty {
      notice = "Nothing to find yet: / starts a search."
      return .draw
    }
    return find(from: selected + step, step: step)
  }

  /// Selects the first matching row from a position on, going round.
  private mutating func find(from start: Int, step: Int) -> Effects {
    let count = order.count
    findFailed = false
    for offset in 0..<count {
      let position = ((start + offset * step) % count + count) % count
      if TopicTable.matches(shown.topics[order[position]].name, findText) { return select(position) }
    }
    findFailed = true
    return .draw
  }

  // MARK: Rows

  private mutating func sortBy(_ newSort: TopicSort) -> Effects {
    sort = newSort
    reorder()
    return [.draw, .tellCollector]
  }
  private mutating func select(_ position: Int) -> Effects {
    let oldTop = top
    selected = max(0, min(position, order.count - 1))
    keepSelectionVisible()
    return top == oldTop ? .draw : [.draw, .tellCollector]
  }
  private mutating func reorder() {
    order = TopicTable.order(shown.topics, filter: filter, sort: sort)
    selected = max(0, min(selected, order.count - 1))
    keepSelectionVisible()
  }
  private mutating func keepSelectionVisible() {
    let page = max(1, pageRows)
    top = max(0, min(top, order.count - page))
    if selected < top { top = selected }
    if selected >= top + page { top = selected - page + 1 }
  }
}
