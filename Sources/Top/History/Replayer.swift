// `--replay`: a file takes the place of the collector. Its thread reads, waits for the file's own time, and
// posts each picture; it follows what the screen wishes.

import Linux

/// What the screen wants from a replay. The numbers only ever add up, so that no key is lost on the way.
package struct ReplayWish: Equatable, Sendable {
  /// Pictures a second are multiplied by these; 0 is as fast as they can be shown.
  package static let speeds = [1, 4, 16, 0]

  package var isPaused = false
  package var speed = 1
  /// Pictures forward, less those back.
  package var steps = 0
  /// Milliseconds forward, less those back.
  package var movedMs: Int64 = 0
  /// How often Home or End was pressed, and which of them last.
  package var jumps = 0
  package var jumpsToEnd = false

  package init() {}
}

/// Where a replay is.
package struct ReplayProgress: Equatable, Sendable {
  /// Milliseconds since the first picture, and those of the whole recording.
  package var atMs: Int64
  package var lengthMs: Int64
  package var isAtEnd: Bool

  package init(atMs: Int64, lengthMs: Int64, isAtEnd: Bool) {
    self.atMs = atMs
    self.lengthMs = lengthMs
    self.isAtEnd = isAtEnd
  }
}

/// The body of the replayer's thread.
struct Replayer: ~Copyable {
  private let exchange: Exchange
  private var reader: RecordingReader
  private var done = ReplayWish()
  private var number = 0
  private var takenAtMs: Int64 = 0
  /// When the picture that is shown was, by our clock.
  private var shownMs: Int64 = 0

  /// Plays a recording until the exchange stops.
  static func run(_ path: String, _ exchange: Exchange) {
    do throws(RecordingError) {
      var replayer = Replayer(try RecordingReader.open(path), exchange)
      try replayer.play()
    } catch {
      exchange.fail("\(path): \(error)")
    }
  }

  private init(_ reader: consuming RecordingReader, _ exchange: Exchange) {
    self.reader = reader
    self.exchange = exchange
  }

  private mutating func play() throws(RecordingError) {
    try show(0, nil)
    while !exchange.isStopping {
      let wish = exchange.wishes.replay ?? ReplayWish()
      if try follow(wish) { continue }
      if wish.isPaused || isAtEnd {
        _ = exchange.sleep(ms: Limits.replayIdleMs)
        continue
      }
      try advance(wish.speed)
    }
  }

  /// When the next picture is to be shown.
  private mutating func dueMs(_ speed: Int) throws(RecordingError) -> Int64 {
    let gapMs = try reader.takenAtMs(after: number) - takenAtMs
    return shownMs + min(max(0, gapMs), Limits.replayGapMsMax) / Int64(speed)
  }

  /// Waits for the next picture, or shows it.
  private mutating func advance(_ speed: Int) throws(RecordingError) {
    let leftMs = speed == 0 ? 0 : try dueMs(speed) - Clock.monotonicMs()
    if leftMs > 0 { _ = exchange.sleep(ms: leftMs) } else { try show(number + 1, nil) }
  }

  /// Goes where the screen wants; false when it wants nothing new.
  private mutating func follow(_ wish: ReplayWish) throws(RecordingError) -> Bool {
    let before = done
    done = wish
    var target = number
    if wish.jumps != before.jumps { target = wish.jumpsToEnd ? reader.count - 1 : 0 }
    target += wish.steps - before.steps
    if wish.movedMs != before.movedMs {
      target = try reader.number(atMs: takenAtMs + wish.movedMs - before.movedMs)
      // A move over a gap must not stay where it is.
      if target == number { target += wish.movedMs > before.movedMs ? 1 : -1 }
    }
    target = min(max(target, 0), reader.count - 1)
    // Back over what is lost; on over it goes by itself.
    if target < number { target = reader.last(upTo: target) ?? number }
    if target == number { return false }
    // A step keeps the curves: those to the right of it are not drawn.
    try show(target, abs(target - number) == 1 ? nil : trails(to: target))
    return true
  }

  /// The curves of the ten minutes before a picture.
  private mutating func trails(to target: Int) -> Trails {
    var trails = Trails()
    guard let end = try? reader.snapshot(target).takenAtMs,
      let first = try? reader.number(atMs: end - Limits.historyMs)
    else { return trails }
    for number in first..<max(first, target) {
      if exchange.isStopping { break }
      if let snapshot = try? reader.snapshot(number) { trails.feed(snapshot) }
    }
    return trails
  }

  /// Shows a picture, or the next one that is not damaged; fails when there is none at all.
  private mutating func show(_ target: Int, _ trails: Trails?) throws(RecordingError) {
    let before = number
    var found: Snapshot?
    number = target
    while found == nil {
      do throws(RecordingError) {
        found = try reader.snapshot(number)
      } catch {
        guard let next = reader.nearest(number), next != number else { throw error }
        if next < number { exchange.post(.told("\(error)")) }
        number = next
      }
    }
    guard let snapshot = found else { return }
    if number > before, let why = reader.gap(before: number) {
      exchange.post(.told("\(why); what cannot be read is left out"))
    }
    takenAtMs = snapshot.takenAtMs
    shownMs = Clock.monotonicMs()
    exchange.post(.replayed(snapshot, trails, progress))
    // No picture is left out, so that curves have no gaps.
    while exchange.hasEvents && !exchange.isStopping { _ = exchange.sleep(ms: Limits.replayIdleMs) }
  }
  private var progress: ReplayProgress {
    ReplayProgress(
      atMs: takenAtMs - reader.firstMs, lengthMs: reader.lastMs - reader.firstMs,
      isAtEnd: isAtEnd)
  }
  /// True when no picture follows.
  private var isAtEnd: Bool { reader.nearest(number + 1).map { $0 <= number } ?? true }
}

/// A replay without a screen: all pictures, one after the other.
enum ReplayBatch {
  static func run(_ path: String, _ options: DashboardOptions, _ signals: SignalSource) -> Dashboard.Ending {
    var printed = 0
    let mode = Terminal.localeGlyphs()
    do throws(RecordingError) {
      var reader = try RecordingReader.open(path)
      var number = 0
      var damage: RecordingError?
      while number < reader.count, printed < options.count ?? .max {
        if let number = signals.take() { return .signal(number) }
        // What is damaged is left out, and told.
        damage = damage ?? reader.gap(before: number)
        if let snapshot = try? reader.snapshot(number) {
          let text = SnapshotText.render(snapshot, [.topics], options.format, mode, withTitles: printed == 0)
          if !Batch.write(text) { return .code(0) }
          printed += 1
          number += 1
        } else if let next = reader.nearest(number), next > number {
          number = next
        } else {
          break
        }
      }
      if number < reader.count, printed == options.count { return .code(0) }
      if let problem = damage ?? reader.problem { throw problem }
      return .code(0)
    } catch {
      Process.writeError("mq top: \(path): \(error)\n")
      return .code(1)
    }
  }
}
