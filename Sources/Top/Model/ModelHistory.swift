// Going back in time: the last ten minutes while the screen is paused, the whole file in a replay; and the
// name of the file that F8 writes. Pure.

import Linux

/// A replay as the screen knows it.
package struct ReplayState: Sendable {
  package var wish = ReplayWish()
  package var progress = ReplayProgress(atMs: 0, lengthMs: 0, isAtEnd: false)
  package init() {}
}

extension Model {
  /// A minute of the Shift-arrows.
  private static let minuteMs: Int64 = 60_000

  // MARK: Pictures

  /// Takes what a replayer posted; the time of the screen is that of the picture.
  mutating func takeReplayed(_ snapshot: Snapshot?, _ newTrails: Trails?, _ progress: ReplayProgress)
    -> Effects
  {
    replay?.progress = progress
    if let newTrails { trails = newTrails }
    if let snapshot {
      latest = snapshot
      nowMs = snapshot.takenAtMs
      clock = clockText(snapshot.wallMs)
      trails.feed(snapshot)
      show(snapshot.showing(place.target))
    }
    if progress.isAtEnd { notice = notice ?? "This is the end of the recording." }
    return .draw
  }

  mutating func togglePause() -> Effects {
    isPaused.toggle()
    if replay != nil {
      replay?.wish.isPaused = isPaused
      return [.draw, .tellCollector]
    }
    shownNumber = nil
    if isPaused { return .draw }
    show(latest)
    return [.draw, .tellCollector]
  }

  /// Left and Right: so many pictures.
  mutating func step(_ count: Int) -> Effects {
    if replay != nil {
      isPaused = true
      replay?.wish.isPaused = true
      replay?.wish.steps += count
      return [.draw, .tellCollector]
    }
    if !isPaused { return explainPause() }
    return showPast((shownNumber ?? history.numbers.upperBound - 1) + count)
  }
  /// Shift-Left and Shift-Right: so many minutes.
  mutating func move(minutes: Int64) -> Effects {
    if replay != nil {
      replay?.wish.movedMs += minutes * Self.minuteMs
      return [.draw, .tellCollector]
    }
    if !isPaused { return explainPause() }
    let number = shownNumber ?? history.numbers.upperBound - 1
    guard let next = history.number(atMs: shown.takenAtMs + minutes * Self.minuteMs) else { return .draw }
    return showPast(next == number ? number + (minutes > 0 ? 1 : -1) : next)
  }
  /// Home and End, while they are about time; nil when they are about rows.
  mutating func goToEdge(_ key: Key) -> Effects? {
    guard key == .home || key == .end, isPaused || replay != nil else { return nil }
    if replay != nil {
      replay?.wish.jumps += 1
      replay?.wish.jumpsToEnd = key == .end
      return [.draw, .tellCollector]
    }
    return showPast(key == .home ? history.numbers.lowerBound : history.numbers.upperBound - 1)
  }
  private mutating func explainPause() -> Effects {
    notice = "p pauses; then Left and Right go through the last ten minutes."
    return .draw
  }
  private mutating func showPast(_ number: Int) -> Effects {
    let numbers = history.numbers
    guard let newest = numbers.last else { return .draw }
    if !numbers.contains(number) {
      notice = number < numbers.lowerBound ? "Nothing older is remembered." : "This is the newest picture."
    }
    let number = min(max(number, numbers.lowerBound), newest)
    guard let snapshot = history.snapshot(number) else { return .draw }
    shownNumber = number
    show(snapshot.showing(place.target))
    return .draw
  }

  /// `+` and `-` in a replay.
  mutating func changeSpeed(_ step: Int) -> Effects {
    let speeds = ReplayWish.speeds
    let index = (speeds.firstIndex(of: replay?.wish.speed ?? 1) ?? 0) + step
    guard speeds.indices.contains(index) else {
      notice = "That is as far as it goes."
      return .draw
    }
    replay?.wish.speed = speeds[index]
    return [.draw, .tellCollector]
  }

  // MARK: Texts

  /// Where in time the picture is: "PAUSED -2m14s 12:38:53"; nil when it is the present.
  package var timeText: String? {
    let time = clockText(shown.wallMs)
    if let replay {
      let speed = isPaused ? "PAUSED" : replay.wish.speed == 0 ? "REPLAY max" : "REPLAY x\(replay.wish.speed)"
      let progress = replay.progress
      return "\(speed) \(NumberText.age(Double(progress.atMs / 1_000 * 1_000)))"
        + "/\(NumberText.age(Double(progress.lengthMs / 1_000 * 1_000))) \(time)"
    }
    if !isPaused { return nil }
    if shown.sequence == 0 { return "PAUSED" }
    let backMs = (latest.takenAtMs - shown.takenAtMs + 500) / 1_000 * 1_000
    return "PAUSED " + (backMs > 0 ? "-\(NumberText.age(Double(backMs))) " : "") + time
  }

  /// "12:38:53".
  package func clockText(_ wallMs: Int64) -> String {
    let time = calendar(wallMs)
    return "\(Self.two(time.hour)):\(Self.two(time.minute)):\(Self.two(time.second))"
  }
  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  // MARK: F8

  /// Asks for the name of the file.
  mutating func askForFile() -> Effects {
    let time = calendar(shown.wallMs)
    let day = "\(time.year)\(Self.two(time.month))\(Self.two(time.day))"
    let clock = "\(Self.two(time.hour))\(Self.two(time.minute))\(Self.two(time.second))"
    fileName = "mq-top-\(day)-\(clock).txt"
    input = .file
    return .draw
  }
  mutating func typeFile(_ key: Key) -> Effects {
    switch key {
    case .enter:
      input = nil
      return fileName.isEmpty ? .draw : [.draw, .saveFile]
    case .escape: input = nil
    case .backspace: if !fileName.isEmpty { fileName.removeLast() }
    case .tab:
      let formats = SnapshotFile.formats
      let index = formats.firstIndex(of: SnapshotFile.format(fileName)).map { $0 + 1 } ?? 0
      fileName = SnapshotFile.name(fileName, as: formats[index % formats.count])
    case .text(let scalar):
      if scalar.value >= 0x20, fileName.count < Limits.fileNameCharactersMax {
        fileName.unicodeScalars.append(scalar)
      }
    default: break
    }
    return .draw
  }

  /// The picture with the rows of the screen's tables that the filters let through, in their order.
  var shownRows: Snapshot {
    var rows = shown
    for kind in place.tables {
      let table = shown[kind]
      let picked = table.picking(self[kind].order.filter { $0 < table.count })
      if Snapshot.clusterTables.contains(kind) {
        rows[kind] = picked
      } else if let index = rows.detail?.tables.firstIndex(where: { $0.kind == kind }) {
        rows.detail?.tables[index] = picked
      }
    }
    return rows
  }
}

extension Snapshot {
  /// Without the detail of another thing than the one that is open now.
  func showing(_ target: Target?) -> Snapshot {
    if detail?.target == target { return self }
    var snapshot = self
    snapshot.detail = nil
    return snapshot
  }
}
