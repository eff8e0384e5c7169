// `mq top`: chooses between screen, plain lines and batch, and runs them. The UI thread is the caller's.

import Linux

/// The entry point of the target.
package enum Dashboard {
  /// Runs until quit and returns the exit code: 0, or 5 when the cluster could not be reached in batch mode
  /// or for checks, which have further ones (`CheckFace`).
  ///
  /// On SIGINT, SIGTERM and SIGHUP the terminal is restored and the process dies by that signal. Call on the
  /// main thread, before other threads start: their signal mask must be ours.
  package static func run(_ options: DashboardOptions) -> Int32 {
    Process.allocateSparingly()
    let exchange: Exchange
    let signals: SignalSource
    do throws(Errno) {
      signals = try SignalSource()
      exchange = try Exchange(options.recorder)
    } catch {
      Process.writeError("mq top: \(error)\n")
      return 1
    }
    var wishes = Wishes()
    wishes.intervalMs = min(max(options.intervalMs, Limits.intervalMsMin), Limits.intervalMsMax)
    if let path = options.replay {
      if options.batch || !Process.isTerminal(1) { return end(ReplayBatch.run(path, options, signals)) }
      wishes.replay = ReplayWish()
    }
    if !options.checks.isEmpty {
      wishes.wantsAll = true
      wishes.page = options.checks[0].kind.page
      exchange.tell(wishes)
      return collect(options, exchange) { CheckFace.run(options, exchange, signals) }
    }
    if options.batch || options.once || !Process.isTerminal(1) {
      wishes.wantsAll = true
      wishes.page = options.printedScreen
      exchange.tell(wishes)
      return collect(options, exchange) { Batch.run(options, exchange, signals) }
    }
    wishes.page = options.screen ?? .cluster
    exchange.tell(wishes)
    let glyphs = Terminal.localeGlyphs()
    guard Terminal.canAddressScreen else {
      Process.writeError(
        "mq top: this terminal cannot address its screen (TERM is "
          + "\(Process.environment("TERM").map { "'\($0)'" } ?? "not set")); printing lines instead.\n"
          + "hint: set TERM, for example TERM=xterm-256color, or use --batch.\n")
      return collect(options, exchange) { Plain.run(exchange, signals) }
    }
    let session: ScreenSession
    do throws(Errno) {
      // The skeleton is on the screen before the collector's thread exists.
      session = try ScreenSession(exchange, signals, glyphs, wishes, options)
    } catch {
      Process.writeError("mq top: \(error)\n")
      return 1
    }
    return collect(options, exchange) { session.run() }
  }

  /// How a face of the dashboard ended.
  enum Ending: Equatable {
    case code(Int32)
    case signal(Int32)
  }

  /// Runs a face beside the collector; ends both.
  private static func collect(_ options: DashboardOptions, _ exchange: Exchange, _ face: () -> Ending)
    -> Int32
  {
    let thread = Thread.start(name: "mq-collector") { Collector.run(options, exchange) }
    let ending = face()
    exchange.stop()
    // A demo cluster must be stopped and swept away; otherwise nothing of the thread is worth waiting for.
    if options.demo != nil { thread.join() }
    if let failure = options.recorder?.finish() ?? options.recorder?.failure {
      Process.writeError("mq top: \(failure)\n")
    }
    return end(ending)
  }
  private static func end(_ ending: Ending) -> Int32 {
    switch ending {
    case .code(let code): return code
    case .signal(let number): Process.die(bySignal: number)
    }
  }
}
