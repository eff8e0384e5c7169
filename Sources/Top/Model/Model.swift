// The state of the screen and the one function that changes it. No I/O, no clock: everything comes in as an
// event, everything that must be done goes out as an effect. UI thread.

package import Linux

/// What happened.
package enum Event: Sendable {
  case key(Key)
  case resize(Size)
  case snapshot(Snapshot)
  /// Time passed: monotonic milliseconds, and the wall clock as text.
  case tick(nowMs: Int64, clock: String)
  /// A picture of a recording, the curves before it when it does not follow the last one, and where it is. No
  /// picture when only that changed.
  case replayed(Snapshot?, Trails?, ReplayProgress)
  /// A command of an order has ended.
  case outcome(ticket: Int, ActionOutcome)
  /// Another cluster is watched.
  case connected(Connection)
  /// One line about something that was ordered.
  case told(String)
  /// Why pictures are not written to the file any more.
  case recordingStopped(String)
}

/// What must be done after an event.
package struct Effects: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }
  package static let draw = Effects(rawValue: 1)
  /// Everything, because the terminal's content is not known any more.
  package static let redraw = Effects(rawValue: 2)
  package static let quit = Effects(rawValue: 4)
  /// The collector must be told what the screen shows.
  package static let tellCollector = Effects(rawValue: 8)
  /// What is shown must be written to `Model.fileName`.
  package static let saveFile = Effects(rawValue: 4_096)
  /// There is something to do: see `Model.takeOrders`.
  package static let orders = Effects(rawValue: 1024)
}

/// The state of the screen.
package struct Model: Sendable {
  /// Text being typed, and for what.
  package enum Input: Equatable, Sendable { case find, filter, helpSearch, command, file }

  package var size: Size
  package var nowMs: Int64 = 0
  package var clock = ""
  /// The newest picture, and the one shown; they differ while paused.
  package internal(set) var latest = Snapshot()
  package internal(set) var shown = Snapshot()
  package internal(set) var trails = Trails()
  package internal(set) var isPaused = false
  /// The last ten minutes, and which of their pictures is shown while paused; nil is the one at the pause.
  package internal(set) var history = HistoryRing()
  var shownNumber: Int?
  /// Set when a recording is shown instead of a cluster.
  package var replay: ReplayState?
  /// The file that F8 writes.
  package internal(set) var fileName = ""
  /// The calendar of the person's place.
  package var calendar: @Sendable (Int64) -> CalendarTime
  package internal(set) var intervalMs: Int64
  /// Where the person is, and was before (for Esc and `[`), and came back from (for `]`).
  package internal(set) var place: Place
  package internal(set) var back: [Place] = []
  package internal(set) var forward: [Place] = []
  /// By kind of table.
  private var views: [TableView] = TableKind.allCases.map { TableView($0) }
  package internal(set) var findText = ""
  package internal(set) var input: Input?
  /// True while the text being searched for is in no row.
  package internal(set) var findFailed = false
  /// What is missing or wrong in the expression being searched for.
  package internal(set) var findProblem: String?
  /// Rows that alert stand before the others, as pinned ones do (setting pin_alerts).
  package var pinsAlerts = false
  package internal(set) var helpIsOpen = false
  package internal(set) var helpTop = 0
  /// Only lines of help with this text are shown.
  package internal(set) var helpSearch = ""
  /// One line that answers the last key; the next key clears it.
  package internal(set) var notice: String?

  /// Why the recording ended before the program did; it stays among the alerts.
  package internal(set) var recordingFailure: String?

  /// The cluster as the command line names it, and the saved contexts.
  package internal(set) var connection = Connection()
  package var contextNames: [String] = []
  /// False when there is no cluster behind the pictures.
  package var canAct = false
  /// The keys in use.
  package var keys = KeyMap.standard
  /// False when the terminal is to select text with the mouse.
  package internal(set) var wantsMouse = true
  /// Shows numbers in full where there is room.
  package internal(set) var hasRawNumbers = false
  package internal(set) var dialog: Dialog?
  package internal(set) var commandLine = CommandLine()
  var orders: [Order] = []
  var nextTicket = 0
  /// Commands that have not ended, by ticket: what is told when one ends without its dialog.
  var runsUnderWay: [Int: String] = [:]

  package static let intervalStepsMs: [Int64] = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000]

  package init(
    size: Size, intervalMs: Int64 = Limits.intervalMsDefault, place: Place = Place(.cluster)
  ) {
    self.size = size
    calendar = { CalendarTime(utc: $0) }
    self.place = place
    self.intervalMs = min(max(intervalMs, Limits.intervalMsMin), Limits.intervalMsMax)
  }

  /// How a table is looked at.
  package subscript(_ kind: TableKind) -> TableView {
    get { views[kind.rawValue] }
    set { views[kind.rawValue] = newValue }
  }
  /// The table that keys act on, as it is shown, and how it is looked at.
  package var table: TableData { shown[place.table] }
  package var view: TableView {
    get { self[place.table] }
    set { self[place.table] = newValue }
  }
  /// The name of the selected row, nil when there is none.
  package var selectedName: String? {
    let view = view
    guard view.order.indices.contains(view.selected) else { return nil }
    let row = view.order[view.selected]
    return row < table.count ? table.names[row] : nil
  }
  /// The moment that is shown: a paused picture does not grow old.
  package var shownNowMs: Int64 { isPaused || replay != nil ? shown.takenAtMs : nowMs }

  /// What the collector is to ask for.
  package var wishes: Wishes {
    var wishes = Wishes()
    wishes.intervalMs = intervalMs
    wishes.page = place.page
    wishes.target = place.target
    wishes.replay = replay?.wish
    for kind in place.tables where [.topics, .groups].contains(kind) {
      let view = self[kind]
      let table = shown[kind]
      let rows = view.order[min(view.top, view.order.count)...].prefix(pageRows(kind))
      wishes.visible[kind] = rows.compactMap { $0 < table.count ? table.names[$0] : nil }
    }
    return wishes
  }

  /// Where everything stands on the screen.
  package var layout: Layout {
    var counts: [TableKind: Int] = [:]
    for kind in place.tables { counts[kind] = shown[kind].count }
    return Layout(size, place, counts: counts)
  }
  /// Lines that a table has on the screen.
  package func pageRows(_ kind: TableKind) -> Int { layout.rows(of: kind).count }

  /// Applies one event.
  package mutating func update(_ event: Event) -> Effects {
    switch event {
    case .key(let key): return press(key)
    case .resize(let newSize):
      if newSize == size { return [] }
      size = newSize
      keepSelectionsVisible()
      keepOutcomeVisible()
      return [.draw, .tellCollector]
    case .snapshot(let snapshot):
      latest = snapshot
      nowMs = max(nowMs, snapshot.takenAtMs)
      trails.feed(snapshot)
      history.append(snapshot)
      if isPaused { return [.draw] }
      show(snapshot)
      return [.draw, .tellCollector]
    case .replayed(let snapshot, let trails, let progress): return takeReplayed(snapshot, trails, progress)
    case .tick(let now, let text):
      // A recording has a time of its own.
      if replay != nil { return .draw }
      nowMs = now
      clock = text
      return [.draw]
    case .outcome(let ticket, let outcome): return take(outcome, ticket: ticket)
    case .connected(let newConnection): return connect(newConnection)
    case .told(let line):
      notice = line
      return .draw
    case .recordingStopped(let why):
      recordingFailure = why
      notice = why
      return .draw
    }
  }

  mutating func show(_ snapshot: Snapshot) {
    shown = snapshot
    reorderAll()
  }
  /// Orders the tables that are on the screen.
  mutating func reorderAll() {
    for kind in place.tables { self[kind].reorder(shown[kind], alerting: raisedAlerts(kind)) }
    keepSelectionsVisible()
  }
  mutating func keepSelectionsVisible() {
    let layout = layout
    for kind in place.tables { self[kind].keepVisible(page: layout.rows(of: kind).count) }
  }

  // MARK: Places

  /// Goes to a place; `back` comes back from it.
  mutating func go(to newPlace: Place) -> Effects {
    if newPlace == place { return .draw }
    back.append(place)
    if back.count > Limits.placesMax { back.removeFirst() }
    forward = []
    return arrive(newPlace)
  }
  mutating func goBack() -> Effects {
    guard let last = back.popLast() else { return .draw }
    forward.append(place)
    return arrive(last)
  }
  mutating func goForward() -> Effects {
    guard let next = forward.popLast() else { return .draw }
    back.append(place)
    return arrive(next)
  }
  private mutating func arrive(_ newPlace: Place) -> Effects {
    place = newPlace
    findFailed = false
    findProblem = nil
    reorderAll()
    return [.draw, .tellCollector]
  }

  /// The thing that a row stands for, nil when there is nothing to open.
  package func target(of kind: TableKind, row: Int) -> Target? {
    let table = shown[kind]
    guard row < table.count else { return nil }
    let name = table.names[row]
    switch kind {
    case .brokers: return .broker(name)
    case .topics: return .topic(name)
    case .groups, .topicGroups: return .group(name)
    case .clients: return .client(name, group: table.text(row, "group"))
    case .groupClients:
      if case .group(let group)? = place.target { return .client(name, group: group) }
      return nil
    case .queues, .groupQueues:
      // "topic#3" opens its topic.
      guard let end = name.utf8.lastIndex(of: UInt8(ascii: "#")) else { return nil }
      return .topic(String(name[..<end]))
    case .alerts, .events: return objectTarget(table.text(row, "object"))
    default: return nil
    }
  }
  /// "group x", "topic y", "broker z" of alerts and events.
  private func objectTarget(_ object: String) -> Target? {
    guard let blank = object.utf8.firstIndex(of: UInt8(ascii: " ")) else { return nil }
    let name = String(object[object.index(after: blank)...])
    switch object[..<blank] {
    case "group": return .group(name)
    case "topic": return .topic(name)
    case "broker": return .broker(name)
    default: return nil
    }
  }
}
