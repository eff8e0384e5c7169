// The loop of the full screen: waits for keys, signals, snapshots and time, and draws. UI thread.

import Linux

/// The signals that end the program, as something to wait for.
final class SignalSource {
  private let descriptor: Descriptor

  /// Blocks SIGINT, SIGTERM and SIGHUP from now on.
  init() throws(Errno) { descriptor = try Process.signalDescriptor() }
  var raw: CInt { descriptor.raw }
  /// Also blocks and reports SIGQUIT, SIGTSTP, SIGCONT and SIGWINCH, as a full screen needs.
  func watchJob() throws(Errno) { try JobControl.watch(descriptor) }
  /// The number of a signal that arrived, nil when none.
  func take() -> Int32? { Process.takeSignal(descriptor) }
}

/// A running screen.
final class ScreenSession {
  private let exchange: Exchange
  private let signals: SignalSource
  private let services: Services
  private let poller: Poller
  private let stdinIsTerminal: Bool
  private var glyphs: Glyphs
  private var terminal: Terminal
  private var decoder = KeyDecoder()
  private var readMs: Int64 = 0
  private var model: Model
  private var told: Wishes
  private var pace = FramePace()
  private var needsDraw = true
  private var drawnMs: Int64 = 0
  /// When memory that is not used is given back again.
  private var tidyMs: Int64
  /// The start-up code was dropped.
  private var hasStarted = false
  /// When the terminal was asked how wide its characters are; nil once it answered, or when it was not asked.
  private var askedMs: Int64?
  /// When a stop by Ctrl-Z was over; the SIGCONT that ended it follows.
  private var resumedMs: Int64 = -ScreenSession.continueMs

  private static let stdinToken: UInt64 = 1
  private static let signalToken: UInt64 = 2
  private static let snapshotToken: UInt64 = 3
  private static let stdoutToken: UInt64 = 4
  /// EPERM of epoll_ctl: regular files have no readiness.
  private static let cannotBeWaitedFor = Errno(rawValue: 1)
  /// The clock ticks by itself only when no snapshot came for this long; with one each second that is never.
  private static let tickMs: Int64 = 1_200
  /// A SIGCONT this soon after a stop of ours is its end.
  private static let continueMs: Int64 = 200
  /// An answer of the terminal that comes later than this is not waited for when the program ends.
  private static let answerMs: Int64 = 1_000
  private static let lastAnswerMs: Int64 = 150

  /// Takes the terminal and draws the first picture, which has no numbers yet.
  ///
  /// Throws `.notSupported` when ncurses cannot work with the terminal.
  init(
    _ exchange: Exchange, _ signals: SignalSource, _ glyphs: Glyphs, _ wishes: Wishes,
    _ options: DashboardOptions
  ) throws(Errno) {
    self.exchange = exchange
    services = options.services
    self.signals = signals
    self.glyphs = glyphs
    tidyMs = Clock.monotonicMs() + Limits.tidyFirstMs
    told = wishes
    stdinIsTerminal = Process.isStdinTerminal
    poller = try Poller()
    try signals.watchJob()
    try poller.add(signals.raw, token: Self.signalToken, .readable)
    try poller.add(exchange.uiWaker.raw, token: Self.snapshotToken, .readable)
    // Nothing is read there, but the end of the terminal is told.
    try poller.add(1, token: Self.stdoutToken, [])
    do throws(Errno) {
      try poller.add(0, token: Self.stdinToken, .readable)
    } catch {
      // A file or /dev/null on stdin cannot be waited for: there is a screen, but there are no keys.
      if error != Self.cannotBeWaitedFor { throw error }
    }
    model = Model(size: Terminal.size, intervalMs: wishes.intervalMs)
    model.calendar = { Clock.local($0) }
    if wishes.replay != nil { model.replay = ReplayState() }
    model.begin(options)
    model.pinsAlerts = options.watch.pinsAlerts
    if let page = options.screen { model.place = Place(page) }
    guard let opened = Terminal(mouse: true) else { throw .notSupported }
    terminal = opened
    terminal.resize(model.size)
    if stdinIsTerminal, model.size.rows >= Terminal.answerRow, terminal.ask(glyphs) {
      askedMs = Clock.monotonicMs()
    }
    draw()
    // A kept layout or --screen begins elsewhere.
    tellCollector()
  }

  /// Runs until quit or a signal; the terminal is restored on return.
  func run() -> Dashboard.Ending {
    let ending = loop()
    awaitAnswer()
    terminal.close()
    if let failure = exchange.failure { Process.writeError("mq top: \(failure)\n") }
    return ending
  }

  private func loop() -> Dashboard.Ending {
    while true {
      let ready = poller.wait(timeoutMs: Int32(clamping: waitMs()))
      for index in 0..<ready {
        let event = poller.event(index)
        if let ending = handle(event.token, event.readiness) { return ending }
      }
      if let ending = expireKeys() { return ending }
      noticeSize()
      if Clock.monotonicMs() - drawnMs >= Self.tickMs { needsDraw = true }
      if needsDraw, pace.waitMs(nowMs: Clock.monotonicMs()) == 0 { draw() }
    }
  }

  private func handle(_ token: UInt64, _ readiness: Readiness) -> Dashboard.Ending? {
    switch token {
    case Self.signalToken: return takeSignals()
    case Self.snapshotToken:
      exchange.uiWaker.drain()
      if exchange.failure != nil { return .code(1) }
      for event in exchange.takeEvents() { apply(event) }
      if let snapshot = exchange.takeSnapshot() { apply(.snapshot(snapshot)) }
    case Self.stdoutToken:
      // The terminal is gone, and perhaps nobody sent SIGHUP.
      if readiness.contains(.hangup) { return .code(1) }
    default: return takeInput()
    }
    return nil
  }

  /// How long nothing needs to be done.
  private func waitMs() -> Int64 {
    let nowMs = Clock.monotonicMs()
    var waitMs = needsDraw ? pace.waitMs(nowMs: nowMs) : max(1, drawnMs + Self.tickMs - nowMs)
    if let patienceMs = decoder.patienceMs { waitMs = min(waitMs, max(1, readMs + patienceMs - nowMs)) }
    return waitMs
  }

  // MARK: Signals

  private func takeSignals() -> Dashboard.Ending? {
    while let number = signals.take() {
      switch number {
      // The size is looked at in each round of the loop.
      case JobControl.resized: break
      case JobControl.stopped:
        terminal.suspend()
        JobControl.stop()
        goOn()
      case JobControl.continued:
        if Clock.monotonicMs() - resumedMs < Self.continueMs { break }
        // Somebody stopped us by force, and a shell may have used the terminal since.
        terminal.suspend()
        goOn()
      default: return .signal(number)
      }
    }
    return nil
  }
  private func goOn() {
    terminal.resume()
    resumedMs = Clock.monotonicMs()
    needsDraw = true
  }

  // MARK: Input

  /// Takes all that was typed, then lets one frame show it.
  private func takeInput() -> Dashboard.Ending? {
    for _ in 0..<Limits.readsPerFrameMax {
      guard let bytes = terminal.read() else {
        if stdinIsTerminal { return .code(1) }
        // A pipe that ended: the screen stays, but there are no more keys.
        poller.remove(0)
        return nil
      }
      decoder.feed(bytes)
      readMs = Clock.monotonicMs()
      if let ending = applyInput() { return ending }
      if !Socket.waitReady(0, .readable, timeoutMs: 0) { break }
    }
    return nil
  }
  /// An Escape that nothing followed is a key.
  private func expireKeys() -> Dashboard.Ending? {
    guard let patienceMs = decoder.patienceMs, Clock.monotonicMs() - readMs >= patienceMs else { return nil }
    decoder.expire()
    return applyInput()
  }
  private func applyInput() -> Dashboard.Ending? {
    while let input = decoder.next() {
      switch input {
      case .key(let key):
        if apply(.key(key)) { return .code(0) }
      case .cursor(let row, let column): takeWidth(row, column)
      case .mode(let mode, let isKnown):
        if mode == Terminal.synchronizedOutput, isKnown { terminal.drawAtOnce() }
      }
    }
    return nil
  }

  /// The column after a character that takes two columns in some terminals, and three in one that knows no
  /// UTF-8.
  private func takeWidth(_ row: Int, _ column: Int) {
    guard askedMs != nil, row == Terminal.answerRow else { return }
    askedMs = nil
    guard glyphs == .utf8, column > Terminal.answerColumn else { return }
    glyphs = column == Terminal.answerColumn + 1 ? .wide : .ascii
    terminal.forget()
    needsDraw = true
  }
  /// An answer that is still under way would be typed into the shell.
  private func awaitAnswer() {
    guard let askedMs, Clock.monotonicMs() - askedMs < Self.answerMs else { return }
    let endMs = Clock.monotonicMs() + Self.lastAnswerMs
    while self.askedMs != nil {
      let leftMs = endMs - Clock.monotonicMs()
      guard leftMs > 0, Socket.waitReady(0, .readable, timeoutMs: Int32(leftMs)), let bytes = terminal.read()
      else { return }
      decoder.feed(bytes)
      while let input = decoder.next() {
        if case .cursor = input { self.askedMs = nil }
      }
    }
  }

  /// True to quit.
  @discardableResult
  private func apply(_ event: Event) -> Bool {
    let effects = model.update(event)
    if effects.contains(.quit) { return true }
    if effects.contains(.redraw) { terminal.forget() }
    if !effects.isDisjoint(with: [.draw, .redraw]) { needsDraw = true }
    if effects.contains(.tellCollector) { tellCollector() }
    terminal.setMouse(model.wantsMouse)
    if effects.contains(.saveFile) { apply(.told(SnapshotFile.write(model, glyphs))) }
    if effects.contains(.orders) { for order in model.takeOrders() { carryOut(order) } }
    return false
  }
  private func carryOut(_ order: Order) {
    if case .copy(let text) = order {
      if !terminal.copy(text) { apply(.told("This terminal takes no such text: \(text)")) }
    } else if let event = services.carryOut(order, exchange) {
      apply(event)
    }
  }
  private func tellCollector() {
    let wishes = model.wishes
    if wishes == told { return }
    told = wishes
    exchange.tell(wishes)
  }

  // MARK: Drawing

  private func noticeSize() {
    let size = Terminal.size
    if size == model.size { return }
    pace.noteResize(nowMs: Clock.monotonicMs())
    apply(.resize(size))
  }

  private func tick() {
    let time = Clock.local(Clock.wallMs())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    _ = model.update(
      .tick(
        nowMs: Clock.monotonicMs(), clock: "\(two(time.hour)):\(two(time.minute)):\(two(time.second))"))
  }
  private func draw() {
    if pace.isResizing { terminal.resize(model.size) }
    tick()
    terminal.show(Screen.draw(model, glyphs))
    drawnMs = Clock.monotonicMs()
    pace.noteFrame(nowMs: drawnMs)
    needsDraw = false
    if drawnMs < tidyMs { return }
    if !hasStarted { Process.dropStartupCode() }
    hasStarted = true
    tidyMs = drawnMs + Limits.tidyEveryMs
    Process.trimHeap()
  }
}
