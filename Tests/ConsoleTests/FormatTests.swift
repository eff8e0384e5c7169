// One table and one report in every form of output.

import Testing

@testable import Console

@Suite struct FormatTests {
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
