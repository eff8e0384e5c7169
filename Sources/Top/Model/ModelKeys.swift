// What each key does to the state of the screen. Pure.

import Wire

extension Model {
  mutating func press(_ key: Key) -> Effects {
    notice = nil
    if dialog != nil { return pressInDialog(key) }
    if input == .command { return typeCommand(key) }
    if input == .file { return typeFile(key) }
    if case .mouse(let event) = key { return press(mouse: event) }
    if let mode = input { return type(key, mode) }
    // Pasted text is never taken as keys.
    if case .paste = key { return [] }
    if !helpIsOpen, let effects = goToEdge(key) { return effects }
    if replay != nil, key == .text(" ") { return togglePause() }
    guard let action = keys.action(key) else {
      helpIsOpen = false
      return .draw
    }
    if helpIsOpen { return pressInHelp(action) }
    return perform(action)
  }

  mutating func perform(_ action: Action) -> Effects {
    switch action {
    case .up: return select(view.selected - 1)
    case .down: return select(view.selected + 1)
    case .pageUp: return select(view.selected - max(1, pageRows(place.table)))
    case .pageDown: return select(view.selected + max(1, pageRows(place.table)))
    case .top: return select(0)
    case .bottom: return select(view.order.count - 1)
    case .page(let page): return go(to: Place(page))
    case .nextTable: return moveFocus(1)
    case .previousTable: return moveFocus(-1)
    case .open: return open()
    case .back: return goBack()
    case .forward: return goForward()
    case .sortLeft: return changeSort { $0.moveSort(-1) }
    case .sortRight: return changeSort { $0.moveSort(1) }
    case .sortInvert: return changeSort { $0.sort[0].descending.toggle() }
    case .sortAdd, .sortOne, .tag, .untagAll, .follow, .pin: return performOnRows(action)
    case .find:
      input = .find
      findText = ""
      findFailed = false
      findProblem = nil
    case .findNext: return findAgain(1)
    case .findPrevious: return findAgain(-1)
    case .filter: input = .filter
    case .tree: return toggleTree()
    case .pause: return togglePause()
    case .stepBack: return step(-1)
    case .stepForward: return step(1)
    case .minuteBack: return move(minutes: -1)
    case .minuteForward: return move(minutes: 1)
    case .file: return askForFile()
    case .slower where replay != nil: return changeSpeed(1)
    case .faster where replay != nil: return changeSpeed(-1)
    case .slower: return changeInterval(Self.intervalStepsMs.first { $0 > intervalMs })
    case .faster: return changeInterval(Self.intervalStepsMs.last { $0 < intervalMs })
    case .actions: return openMenu()
    case .command: return openCommandLine()
    case .copy: return copy(equivalentCommand)
    case .mouse:
      wantsMouse.toggle()
      notice = wantsMouse ? "The mouse acts here." : "The mouse selects text, as the terminal does."
    case .units: hasRawNumbers.toggle()
    case .help:
      helpIsOpen = true
      helpTop = 0
      helpSearch = ""
    case .clear: return clear()
    case .redraw: return .redraw
    case .quit: return .quit
    }
    return .draw
  }

  /// Esc: drops the filter, then leaves the detail.
  private mutating func clear() -> Effects {
    if !view.filter.isEmpty { return setFilter("") }
    if place.target != nil { return back.isEmpty ? go(to: Place(place.page)) : goBack() }
    return .draw
  }

  private mutating func open() -> Effects {
    let view = view
    guard view.order.indices.contains(view.selected),
      let target = target(of: place.table, row: view.order[view.selected])
    else {
      notice = "There is nothing to open here."
      return .draw
    }
    return go(to: Place(place.page, target))
  }

  /// Tab goes through the tables of a place; where there is only one, through the screens.
  private mutating func moveFocus(_ step: Int) -> Effects {
    let count = place.tables.count
    if count > 1 {
      place.focus = (place.focus + step + count) % count
      return .draw
    }
    let pages = Page.allCases
    let index = (place.page.rawValue - 1 + step + pages.count) % pages.count
    return go(to: Place(pages[index]))
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
    if mode == .helpSearch { return typeInHelp(key) }
    var text = mode == .find ? findText : view.filter
    switch key {
    case .enter:
      input = nil
      return mode == .filter ? endFilter() : .draw
    case .escape:
      input = nil
      findFailed = false
      findProblem = nil
      return mode == .filter ? setFilter("") : .draw
    case .backspace:
      if !text.isEmpty { text.removeLast() }
    case .text(let scalar):
      if scalar.value < 0x20 || text.count >= Limits.inputCharactersMax { return .draw }
      text.unicodeScalars.append(scalar)
    case .paste(let pasted):
      text = String((text + pasted.filter { !$0.isNewline }).prefix(Limits.inputCharactersMax))
    default: return .draw
    }
    if mode == .filter { return setFilter(text) }
    findText = text
    return find(from: view.selected, step: 1)
  }

  mutating func setFilter(_ text: String) -> Effects {
    view.filter = text
    return reorder()
  }

  private mutating func findAgain(_ step: Int) -> Effects {
    if findText.isEmpty {
      notice = "Nothing to find yet: / starts a search."
      return .draw
    }
    return find(from: view.selected + step, step: step)
  }

  /// Selects the first matching row from a position on, going round. An unfinished expression selects
  /// nothing.
  private mutating func find(from start: Int, step: Int) -> Effects {
    let order = view.order
    let table = table
    findFailed = false
    findProblem = nil
    let wanted: RowFilter
    do throws(RowExpression.Problem) {
      wanted = try RowFilter(findText, table.kind)
    } catch {
      findProblem = error.what
      return .draw
    }
    for offset in order.indices {
      let position = ((start + offset * step) % order.count + order.count) % order.count
      if wanted.holds(table, order[position]) { return select(position) }
    }
    findFailed = true
    return .draw
  }

  // MARK: Rows

  mutating func changeSort(_ change: (inout TableView) -> Void) -> Effects {
    change(&view)
    return reorder()
  }
  mutating func reorder() -> Effects {
    view.reorder(table, alerting: raisedAlerts(place.table))
    view.keepVisible(page: pageRows(place.table))
    return [.draw, .tellCollector]
  }
  mutating func select(_ position: Int) -> Effects {
    let oldTop = view.top
    view.select(position, table)
    view.keepVisible(page: pageRows(place.table))
    return view.top == oldTop ? .draw : [.draw, .tellCollector]
  }
}
