// The loop of the full screen: waits for keys, signals, snapshots and time, and draws. UI thread.

import Linux

/// The signals that end the program, as something to wait for.
final class SignalSource {
  private let descriptor: Descriptor

  /// Blocks SIGINT, SIGTERM and SIGHUP from now on.
  init() throws(Errno) { descriptor = try Process.signalDescriptor() }
  var raw: CInt { descriptor.raw }
  /// The number of a signal that arrived, nil when none.
  func take() -> Int32? { Process.takeSignal(descriptor) }
}

/// A running screen.
final class ScreenSession {
  private let exchange: Exchange
  private let signals: SignalSource
  private let glyphs: Glyphs
  private let services: Services
  private let poller: Poller
  private var terminal: Terminal
  private var model: Model
  private var told: Wishes
  private var needsDraw = true
  private var drawnMs: Int64 = 0
  /// When the size last changed and first changed since it was drawn; nil when the size is drawn.
  private var resize: (lastMs: Int64, firstMs: Int64)?

  private static let stdinToken: UInt64 = 1
  private static let signalToken: UInt64 = 2
  private static let snapshotToken: UInt64 = 3
  /// EPERM of epoll_ctl: regular files have no readiness.
  private static let cannotBeWaitedFor = Errno(rawValue: 1)
  /// Frames are at least this far apart, so that held-down keys do not flood the line.
  private static let frameSpacingMs: Int64 = 16
  /// A window that is being dragged is drawn when it rests this long, or after `resizeMaxMs` at the latest.
  private static let resizeRestMs: Int64 = 25
  private static let resizeMaxMs: Int64 = 250
  /// The clock ticks by itself only when no snapshot came for this long; with one each second that is never.
  private static let tickMs: Int64 = 1_200

  /// Takes the terminal and draws the first picture, which has no numbers yet.
  init(
    _ exchange: Exchange, _ signals: SignalSource, _ glyphs: Glyphs, _ wishes: Wishes,
    _ options: DashboardOptions
  ) throws(Errno) {
    self.exchange = exchange
    services = options.services
    self.signals = signals
    self.glyphs = glyphs
    told = wishes
    poller = try Poller()
    try poller.add(signals.raw, token: Self.signalToken, .readable)
    try poller.add(exchange.uiWaker.raw, token: Self.snapshotToken, .readable)
    do throws(Errno) {
      try poller.add(0, token: Self.stdinToken, .readable)
    } catch {
      // A file or /dev/null on stdin cannot be waited for: there is a screen, but there are no keys.
      if error != Self.cannotBeWaitedFor { throw error }
    }
    terminal = Terminal()
    model = Model(size: Terminal.size, intervalMs: wishes.intervalMs)
    model.calendar = { Clock.local($0) }
    if wishes.replay != nil { model.replay = ReplayState() }
    model.begin(options)
    model.pinsAlerts = options.watch.pinsAlerts
    tick()
    draw()
    // A kept layout begins elsewhere.
    tellCollector()
  }

  /// Runs until quit or a signal; the terminal is restored on return.
  func run() -> Dashboard.Ending {
    let ending = loop()
    terminal.close()
    if let failure = exchange.failure { Process.writeError("mq top: \(failure)\n") }
    return ending
  }

  private func loop() -> Dashboard.Ending {
    while true {
      let ready = poller.wait(timeoutMs: Int32(clamping: waitMs()))
      for index in 0..<ready {
        let event = poller.event(index)
        switch event.token {
        case Self.signalToken:
          if let number = signals.take() { return .signal(number) }
        case Self.snapshotToken:
          exchange.uiWaker.drain()
          if exchange.failure != nil { return .code(1) }
          for event in exchange.takeEvents() { apply(event) }
          if let snapshot = exchange.takeSnapshot() { apply(.snapshot(snapshot)) }
        default:
          if takeKeys() { return .code(0) }
          // The terminal is gone, and perhaps nobody sent SIGHUP.
          if event.readiness.contains(.hangup) { return .code(1) }
        }
      }
      noticeSize()
      if Clock.monotonicMs() - drawnMs >= Self.tickMs { needsDraw = true }
      if needsDraw, dueInMs() <= 0 { draw() }
    }
  }

  /// How long nothing needs to be done.
  private func waitMs() -> Int64 {
    if needsDraw { return max(0, dueInMs()) }
    return max(1, drawnMs + Self.tickMs - Clock.monotonicMs())
  }
  /// When the next frame may be drawn, from now.
  private func dueInMs() -> Int64 {
    let nowMs = Clock.monotonicMs()
    var dueMs = drawnMs + Self.frameSpacingMs
    if let resize {
      dueMs = max(dueMs, min(resize.lastMs + Self.resizeRestMs, resize.firstMs + Self.resizeMaxMs))
    }
    return dueMs - nowMs
  }

  /// Applies all keys that wait, then lets one frame show them; true to quit.
  private func takeKeys() -> Bool {
    for _ in 0..<Limits.keysPerFrameMax {
      guard let key = terminal.nextKey() else { break }
      if apply(.key(key)) { return true }
    }
    return false
  }

  /// True to quit.
  @discardableResult
  private func apply(_ event: Event) -> Bool {
    let effects = model.update(event)
    if effects.contains(.quit) { return true }
    if effects.contains(.redraw) { terminal.forget() }
    if !effects.isDisjoint(with: [.draw, .redraw]) { needsDraw = true }
    if effects.contains(.tellCollector) { tellCollector() }
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

  /// SIGWINCH ends the wait early; here is where the new size is seen.
  private func noticeSize() {
    let size = Terminal.size
    if size == model.size { return }
    let nowMs = Clock.monotonicMs()
    resize = (lastMs: nowMs, firstMs: resize?.firstMs ?? nowMs)
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
    if resize != nil {
      terminal.resize(model.size)
      resize = nil
    }
    tick()
    terminal.show(Screen.draw(model, glyphs))
    drawnMs = Clock.monotonicMs()
    needsDraw = false
  }
}
