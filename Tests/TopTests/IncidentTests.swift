// The recorded incident, played to its end on a screen.

import Foundation
import Linux
import Testing
import Top

@Suite struct IncidentTests {
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures")
  static var file: String { fixtures.appendingPathComponent("incident.mqtop").path }
  static var writesFixtures: Bool { ProcessInfo.processInfo.environment["MQ_WRITE_FIXTURES"] != nil }

  /// A screen that shows a recording.
  static func model(_ columns: Int = 80, _ rows: Int = 24) -> Model {
    var model = Model(size: Size(columns: columns, rows: rows))
    model.replay = ReplayState()
    return model
  }
  static func play(_ model: inout Model, _ reader: inout RecordingReader, _ numbers: Range<Int>) throws {
    for number in numbers {
      let snapshot = try reader.snapshot(number)
      let progress = ReplayProgress(
        atMs: snapshot.takenAtMs - reader.firstMs, lengthMs: reader.lastMs - reader.firstMs,
        isAtEnd: number == reader.count - 1)
      _ = model.update(.replayed(snapshot, nil, progress))
    }
  }

  /// The file is what the generator makes; MQ_WRITE_FIXTURES=1 writes it anew.
  @Test func theFileIsTheIncident() throws {
    if Self.writesFixtures {
      let recorder = try Recorder(Self.file, replacing: true)
      for snapshot in Incident.snapshots() { #expect(recorder.take(snapshot) == nil) }
      #expect(recorder.finish() == nil)
    }
    var reader = try RecordingReader.open(Self.file)
    #expect(reader.count == Incident.seconds && reader.isComplete)
    for (number, expected) in Incident.snapshots().enumerated() {
      let snapshot = try reader.snapshot(number)
      #expect(snapshot == expected.asRecorded)
    }
    let bytes = try FileManager.default.attributesOfItem(atPath: Self.file)[.size] as? Int
    #expect(try #require(bytes) < 100_000)
  }

  @Test func theScreenTellsTheStory() throws {
    if Self.writesFixtures { return }
    var reader = try RecordingReader.open(Self.file)
    var model = Self.model()
    model.press("4")
    func text() -> String { Screen.draw(model, .ascii).text }

    try Self.play(&model, &reader, 0..<50)
    #expect(text().contains("REPLAY x1 49s/4m59s") && !text().contains("!ship-labels"))
    #expect(model.selectedName == "ship-labels")

    try Self.play(&model, &reader, 50..<150)
    let lag = try #require(model.table.number(1, "lag").number)
    #expect(lag > 17_000 && lag < 21_000)
    #expect(text().contains("!ship-labels") && text().contains(ValueText.number(lag, .count)))
    #expect(model.shown[.alerts].names == ["group ship-labels"])
    #expect(!text().contains("!disk"))

    try Self.play(&model, &reader, 150..<239)
    #expect(model.shown[.alerts].names == ["group ship-labels", "broker broker-b/0"])
    #expect(text().contains("!disk 91%"))

    try Self.play(&model, &reader, 239..<300)
    #expect(model.shown[.alerts].names == ["broker broker-b/0"])
    #expect(model.table.number(1, "lag").number.map { $0 < 4_000 } == true)
    #expect(model.notice == "This is the end of the recording.")
  }

  @Test(arguments: [100, 239]) func picture(_ number: Int) throws {
    if Self.writesFixtures, !FileManager.default.fileExists(atPath: Self.file) { return }
    var reader = try RecordingReader.open(Self.file)
    var model = Self.model(100, 30)
    try Self.play(&model, &reader, 0..<(number + 1))
    let text = Screen.draw(model, .utf8).text + "\n"
    let file = Self.fixtures.appendingPathComponent("incident-\(number).txt")
    if Self.writesFixtures { try text.write(to: file, atomically: true, encoding: .utf8) }
    #expect(text == (try String(contentsOf: file, encoding: .utf8)))
  }

  @Test func keysOfAReplayAreWishes() throws {
    var reader = try RecordingReader.open(Self.file)
    var model = Self.model()
    try Self.play(&model, &reader, 0..<100)
    func wish() throws -> ReplayWish { try #require(model.wishes.replay) }
    model.press("+")
    #expect(try wish().speed == 4)
    model.press("+++++")
    #expect(try wish().speed == 0 && model.notice == "That is as far as it goes.")
    #expect(Screen.draw(model, .ascii).text.contains("REPLAY max"))
    model.press("---")
    #expect(try wish().speed == 1)
    model.press(" ")
    #expect(try wish().isPaused && model.isPaused)
    model.press("p")
    #expect(try !wish().isPaused)
    model.press(.left)
    model.press(.left)
    model.press(.right)
    #expect(try wish().steps == -1 && wish().isPaused)
    model.press(.shiftRight)
    model.press(.shiftRight)
    model.press(.shiftLeft)
    #expect(try wish().movedMs == 60_000)
    model.press(.end)
    #expect(try wish().jumps == 1 && wish().jumpsToEnd)
    // Back in time, pictures are shown also while it is paused, and their time is that of the screen.
    let early = try reader.snapshot(10)
    _ = model.update(
      .replayed(early, Trails(), ReplayProgress(atMs: 10_000, lengthMs: 299_000, isAtEnd: false)))
    _ = model.update(.tick(nowMs: 1, clock: "00:00:00"))
    #expect(model.shown == early && model.nowMs == early.takenAtMs)
  }
}

@Suite struct ScrubTests {
  /// Three minutes of one picture a second, each with its number as the lag of "g"; then paused.
  private func paused() -> Model {
    var model = Made.model()
    model.press("4")
    for second in 0..<180 {
      var snapshot = Made.snapshot()
      snapshot.sequence = UInt64(second + 1)
      snapshot.takenAtMs = 1_000_000 + Int64(second) * 1_000
      snapshot.wallMs = Int64(second) * 1_000
      var groups = TableData(.groups, names: ["g"])
      groups.set("lag", [.value(Double(second), atMs: snapshot.takenAtMs)])
      snapshot[.groups] = groups
      _ = model.update(.snapshot(snapshot))
    }
    model.press("p")
    return model
  }
  private func lag(_ model: Model) -> Double? { model.table.number(0, "lag").number }

  @Test func arrowsGoThroughTheLastTenMinutes() {
    var model = paused()
    #expect(lag(model) == 179 && model.timeText == "PAUSED 00:02:59")
    model.press(.left)
    #expect(lag(model) == 178 && model.timeText == "PAUSED -1s 00:02:58")
    for _ in 0..<3 { model.press(.left) }
    #expect(lag(model) == 175)
    model.press(.right)
    #expect(lag(model) == 176)
    model.press(.shiftLeft)
    #expect(lag(model) == 116 && model.timeText == "PAUSED -1m3s 00:01:56")
    #expect(Screen.draw(model, .ascii).text.contains("PAUSED -1m3s 00:01:56"))
    model.press(.shiftRight)
    #expect(lag(model) == 176)
    model.press(.home)
    #expect(lag(model) == 0)
    model.press(.left)
    #expect(lag(model) == 0 && model.notice == "Nothing older is remembered.")
    model.press(.end)
    #expect(lag(model) == 179)
    model.press(.right)
    #expect(lag(model) == 179 && model.notice == "This is the newest picture.")
  }

  @Test func samplingGoesOnAndTheEndOfThePauseIsThePresent() {
    var model = paused()
    for _ in 0..<10 { model.press(.left) }
    var snapshot = Made.snapshot()
    snapshot.takenAtMs = 1_200_000
    _ = model.update(.snapshot(snapshot))
    #expect(lag(model) == 169 && model.timeText == "PAUSED -31s 00:02:49")
    // Curves end at the picture's time.
    #expect(model.shownNowMs == 1_169_000)
    model.press("p")
    #expect(model.shown == snapshot && model.timeText == nil)
    model.press(.left)
    #expect(model.notice?.hasPrefix("p pauses") == true && model.shown == snapshot)
  }

  @Test func aDetailOfAnotherThingIsNotShown() {
    var model = Made.model()
    var snapshot = Made.snapshot()
    snapshot.detail = Detail(.topic("audit-log"))
    _ = model.update(.snapshot(snapshot))
    snapshot.takenAtMs += 1_000
    snapshot.detail = nil
    _ = model.update(.snapshot(snapshot))
    model.press("p")
    model.press(.left)
    #expect(model.shown.sequence == snapshot.sequence && model.shown.detail == nil)
  }
}

@Suite struct SnapshotFileTests {
  private func asked(_ keys: String) -> Model {
    var model = Made.live()
    model.press(keys + "s")
    return model
  }

  @Test func theNameSaysWhenAndWhat() {
    var model = asked("3")
    #expect(model.fileName == "mq-top-20231114-221320.txt")
    #expect(Screen.draw(model, .ascii).text.contains("Write to: mq-top-20231114-221320.txt_"))
    var names: [String] = []
    for _ in 0..<4 {
      model.press(.tab)
      names.append(model.fileName)
    }
    #expect(names.map { $0.split(separator: ".").last } == ["csv", "json", "ndjson", "txt"])
    for _ in 0..<3 { model.press(.backspace) }
    model.press("json")
    #expect(model.fileName.hasSuffix(".json"))
    #expect(model.update(.key(.enter)).contains(.saveFile))
    #expect(model.input == nil)
  }
  @Test func escapeWritesNothing() {
    var model = asked("3")
    #expect(!model.update(.key(.escape)).contains(.saveFile) && model.input == nil)
  }

  @Test func contentsAreWhatIsShown() throws {
    var model = Made.live()
    model.press("3\\order")
    model.press(.enter)
    let screen = Screen.draw(model, .utf8).text
    model.press("s")
    #expect(SnapshotFile.text(model, .utf8) == screen + "\n")
    for _ in 0..<3 { model.press(.tab) }
    let lines = try #require(SnapshotFile.text(model, .utf8)).split(separator: "\n")
    let object = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]
    #expect(lines.count == 1 && object?["topic"] as? String == "order-created")
    #expect(object?["table"] as? String == "topics")
    model.press(.backspace)
    #expect(SnapshotFile.text(model, .utf8) == nil)
    for _ in 0..<6 { model.press(.backspace) }
    model.press(".csv")
    let csv = try #require(SnapshotFile.text(model, .utf8)).split(separator: "\n")
    #expect(csv.count == 2 && csv[0].hasPrefix("time,topic,") && csv[1].contains(",order-created,"))
  }
}
