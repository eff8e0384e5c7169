// One table and one report in every form of output.

import Testing

@testable import Console

@Suite struct FormatTests {
  @Test func oneIsNotMany() {
    #expect(counted(1, "message") == "1 message" && counted(Int64(0), "queue") == "0 queues")
    #expect(counted(1, "object", verb: ("is", "are")) == "1 object is")
    #expect(counted(2, "object", verb: ("is", "are")) == "2 objects are")
  }

  private var table: Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("MESSAGES", key: "messages", right: true),
      Column("SIZE", key: "sizeBytes", right: true), Column("AGE", key: "ageMs", right: true),
      Column("LAST", key: "last", wide: true), Column("BROKERS", key: "brokers", wide: true),
    ])
    table.add(.text("订单,\"a\""), .integer(7), .bytes(1536), .duration(61_000), .never, .list(["a", "b"]))
    table.add(.text("x\u{1b}[31m\n"), .unknown, .bytes(0), .duration(5), .never, .list([]))
    return table
  }
  private func text(_ format: OutputFormat, headers: Bool = true, color: Bool = false) -> String {
    var options = Format.Options()
    options.format = format
    options.hasHeaders = headers
    options.hasColor = color
    return Format.text(table, options)
  }

  @Test func tablesAlignByColumnsOfTheTerminal() {
    #expect(
      text(.table) == """
        TOPIC        MESSAGES     SIZE    AGE
        订单,"a"            7  1.5 KiB  1m01s
        x\\x1b[31m\\n         -      0 B    5ms

        """)
  }

  @Test func wideHasAllColumns() {
    #expect(text(.wide, headers: false).hasSuffix("5ms  -  -\n"))
    #expect(text(.wide).hasPrefix("TOPIC        MESSAGES     SIZE    AGE  LAST  BROKERS\n"))
  }

  @Test func csvIsQuotedAndRaw() {
    #expect(
      text(.csv) == "topic,messages,sizeBytes,ageMs,last,brokers\r\n\"订单,\"\"a\"\"\",7,1536,61000,,a;b\r\n"
        + "\"x\u{1b}[31m\n\",,0,5,,\r\n")
  }

  @Test func jsonHasEveryKeyInEveryRow() {
    #expect(
      text(.json) == #"""
        [
          {
            "topic": "订单,\"a\"",
            "messages": 7,
            "sizeBytes": 1536,
            "ageMs": 61000,
            "last": null,
            "lastMs": null,
            "brokers": [
              "a",
              "b"
            ]
          },
          {
            "topic": "x\u001B[31m\n",
            "messages": null,
            "sizeBytes": 0,
            "ageMs": 5,
            "last": null,
            "lastMs": null,
            "brokers": []
          }
        ]

        """#)
  }

  @Test func namesAreOneALine() { #expect(text(.name) == "订单,\"a\"\nx\u{1b}[31m\n\n") }

  @Test func headersCanBeLeftOutAndColoured() {
    #expect(!text(.table, headers: false).contains("TOPIC"))
    #expect(text(.table, color: true).hasPrefix("\u{1b}[1mTOPIC"))
    #expect(!text(.table).contains("\u{1b}"))
    #expect(!text(.csv, headers: false).contains("messages"))
  }

  @Test func reportsHaveFieldsAndSections() {
    var report = Report()
    report.add("Topic", key: "topic", .text("T"))
    report.add("Disk used", key: "diskRatio", .ratio(0.25), wide: true)
    var queues = Table([Column("QUEUE", key: "queueId", right: true)])
    queues.add(.integer(3))
    report.add("Queues", key: "queues", queues)
    var options = Format.Options()
    #expect(Format.text(report, options) == "Topic:  T\n\nQueues\n  QUEUE\n      3\n")
    options.format = .wide
    #expect(Format.text(report, options).hasPrefix("Topic:      T\nDisk used:  25%\n"))
    options.format = .json
    #expect(
      Format.text(report, options)
        == "{\n  \"topic\": \"T\",\n  \"diskRatio\": 0.25,\n  \"queues\": [\n    {\n      \"queueId\": 3\n    }\n  ]\n}\n"
    )
    options.format = .csv
    #expect(Format.text(report, options) == "topic,diskRatio\r\nT,0.25\r\n")
    report.mainSection = "queues"
    #expect(Format.text(report, options) == "queueId\r\n3\r\n")
    options.format = .name
    #expect(Format.text(report, options) == "T\n")
  }

  @Test func numbersAreRoundedForPeople() {
    #expect(Values.decimal(1.25, digits: 1) == "1.3" || Values.decimal(1.25, digits: 1) == "1.2")
    #expect(Values.decimal(0.05, digits: 1) == "0.1")
    #expect(Values.decimal(-0.01, digits: 1) == "0.0")
    #expect(Values.decimal(.nan, digits: 1) == "-")
    #expect(Values.decimal(12345.678, digits: 2) == "12345.68")
    #expect(Values.bytesText(1023) == "1023 B")
    #expect(Values.bytesText(1 << 30) == "1.0 GiB")
    #expect(Values.bytesText(123 << 20) == "123 MiB")
  }

  @Test func widthsFollowTheTerminal() {
    for (text, width) in [("abc", 3), ("订单", 4), ("é", 1), ("e\u{301}", 1), ("😀", 2), ("ﾊﾛ", 2)] {
      #expect(Escape.width(text) == width, "\(text)")
    }
  }
}

/// What terminals get: widths, colours, and the rounds of --watch.
@Suite struct TerminalTests {
  private func table(_ names: [String]) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("LAG", key: "lag", right: true),
      Column("NOTE", key: "note"), Column("LAST", key: "last"),
    ])
    for name in names { table.add(.text(name), .lag(1_234_567_890), .text("because of " + name), .time(0)) }
    return table
  }
  private func text(_ columnsMax: Int?, _ format: OutputFormat = .table, _ names: [String]) -> [String] {
    var options = Format.Options()
    options.format = format
    options.columnsMax = columnsMax
    options.ellipsis = "\u{2026}"
    return Format.text(table(names), options).split(separator: "\n").map(String.init)
  }

  @Test func tablesFitTheTerminal() {
    let names = ["a-name-that-is-far-too-long-for-a-terminal-1", "订单订单订单订单订单订单订单订单订单订单-2"]
    let lines = text(80, .table, names)
    for line in lines { #expect(Escape.width(line) <= 80, "\(line)") }
    #expect(lines[1].contains("a-name-t") && lines[1].contains("\u{2026}") && lines[1].contains("-1 "))
    #expect(lines[2].hasPrefix("订单订单") && lines[2].contains("-2 "), "names keep their end")
    for line in lines.dropFirst() {
      #expect(line.contains("1234567890") && line.contains("1970-01-01T"), "numbers and times are whole")
    }
    let starts = lines.dropFirst().map { Escape.width(String($0.split(separator: "1234567890")[0])) }
    #expect(starts[0] == starts[1], "columns stand below each other")
    #expect(text(80, .wide, names).contains { $0.contains(names[0]) }, "never with -o wide")
    #expect(text(nil, .table, names).contains { $0.contains(names[0]) }, "never in a pipe")
    #expect(text(10, .table, names).allSatisfy { !$0.isEmpty }, "too narrow for numbers: lines wrap")
  }

  @Test(arguments: [
    ("abcdefghij", 7, true, "abc…hij"), ("abcdefghij", 7, false, "abcdef…"), ("abc", 3, true, "abc"),
    ("订单订单订单", 7, false, "订单订…"), ("订单订单订单", 8, true, "订单…单"),
    ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, false, "e\u{301}e\u{301}…"), ("😀😀😀😀", 5, false, "😀😀…"),
    ("abc", 0, false, "…"),
  ])
  func textsAreShortenedAtCharacters(text: String, columns: Int, inMiddle: Bool, expected: String) {
    #expect(
      Escape.shortened(text, columns: columns, ellipsis: "…", inMiddle: inMiddle) == expected)
  }

  @Test func widthsOfEmojiAndJoinedLetters() {
    for (text, width) in [("🇩🇪", 2), ("⌚", 2), ("☀", 1), ("✅", 2), ("\u{1112}\u{1161}\u{11AB}", 2), ("👍🏽", 4)] {
      #expect(Escape.width(text) == width, "\(text)")
    }
  }

  @Test func statesAreColouredForPeopleOnly() {
    var table = Table([Column("STATE", key: "state"), Column("LAG", key: "lag", right: true)])
    table.add(.state("online", .good), .lag(0))
    table.add(.state("offline", .bad), .lag(5))
    var options = Format.Options()
    options.hasColor = true
    #expect(
      Format.text(table, options)
        == "\u{1b}[1mSTATE    LAG\u{1b}[0m\n\u{1b}[32monline\u{1b}[0m     0\n"
        + "\u{1b}[31moffline\u{1b}[0m    \u{1b}[33m5\u{1b}[0m\n")
    for format in OutputFormat.allCases where !format.isForPeople {
      options.format = format
      #expect(!Format.text(table, options).contains("\u{1b}"), "\(format)")
    }
  }

  @Test func aRoundOfWatchIsDrawnOverTheFormer() {
    let body = (1...30).map { "line \($0)\n" }.joined()
    let text = Watch.screen("heading " + String(repeating: "x", count: 100), body, size: (80, 24))
    #expect(text.hasPrefix("\u{1b}[?25l\u{1b}[?7l\u{1b}[Hheading xxx"))
    #expect(text.hasSuffix("(9 more lines)\u{1b}[K\u{1b}[J\u{1b}[?7h"))
    let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.count == 24, "no more than the terminal has, so that nothing scrolls")
    #expect(lines.dropFirst().dropLast().allSatisfy { $0.hasSuffix("\u{1b}[K") })
    #expect(!text.contains("\u{1b}[2J"))
    let full = Watch.screen(
      "h", "\u{1b}[33m" + String(repeating: "x", count: 80) + "\u{1b}[0m\n", size: (80, 24))
    #expect(full.hasSuffix("x\u{1b}[0m\u{1b}[?7h"), "the last column stays")
    #expect(
      Watch.screen("h", "one\n", size: (80, 24)).contains("h\u{1b}[K\r\n\u{1b}[K\r\none\u{1b}[K\u{1b}[J"))
  }

  /// Terminals of the C locale cannot show anything else.
  @Test func whatMqSaysItselfIsASCII() {
    var texts = HelpTopics.all.map(\.text)
    for command in CommandTable.all {
      texts += [Help.text(command), command.details]
    }
    for noun in CommandTable.nouns { texts.append(noun.summary) }
    for text in texts { #expect(text.utf8.allSatisfy { $0 < 0x80 }, "\(text.filter { !$0.isASCII })") }
  }

  @Test func helpTopicsFitTheTerminal() {
    for topic in HelpTopics.all {
      for line in topic.text.split(separator: "\n") {
        #expect(line.utf8.count <= 85, "\(topic.name): \(line)")
      }
    }
  }
}
