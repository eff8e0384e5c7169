// Graphs, boxes, bars and histograms as text.

import Testing
import Top

@Suite struct DrawTests {
  /// What is drawn on an empty frame, with a blank before and after each line so that its width shows.
  private func picture(_ columns: Int, _ rows: Int, _ draw: (inout Frame) -> Void) -> [String] {
    var frame = Frame(Size(columns: columns, rows: rows))
    draw(&frame)
    return frame.lines.map { $0.reduce(into: "") { $0 += $1.text } }
  }
  private static let hill: [Float] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 7, 6, 4, 2, 0.1]

  // MARK: Graph

  @Test func aGraphHasAScaleAndItsNewestSampleAtTheRight() {
    func graph(_ columns: Int, _ mode: Glyphs) -> [String] {
      picture(columns, 4) {
        let area = Area(column: 0, row: 0, columns: columns, rows: 4)
        Graph.draw(Self.hill, top: 8, in: area, on: &$0, mode) { "\(Int($0))k" }
      }
    }
    let ascii = [
      "8k        :|||:    ",
      "6k      :|||||||   ",
      "4k    :||||||||||  ",
      "2k .:|||||||||||||.",
    ]
    #expect(graph(19, .ascii) == ascii)
    #expect(graph(19, .wide) == ascii, "braille may be wide, too")
    #expect(
      graph(11, .utf8) == [
        "8k    ⢠⣿⣧  ",
        "6k   ⢠⣿⣿⣿⡇ ",
        "4k  ⢠⣿⣿⣿⣿⣿ ",
        "2k ⣠⣿⣿⣿⣿⣿⣿⣇",
      ])
    #expect(
      graph(4, .ascii) == [" :| ", " |||", ":|||", "||||"], "where the scale takes half it is left out")
  }

  @Test func gapsAreBlankAndAMeasuredZeroIsNot() {
    func line(_ samples: [Float], _ mode: Glyphs) -> [String] {
      Graph.cells(samples, top: 2, columns: 4, rows: 1, mode).map { $0.joined() }
    }
    #expect(line([0, .nan, 1, 2], .ascii) == [". :|"])
    #expect(line([2], .ascii) == ["   |"], "missing samples are gaps at the left")
    #expect(line([0, 0, .nan, .nan, .nan, 2, -1, .infinity], .utf8) == ["⣀ ⢸⣸"])
    #expect(line([], .utf8) == ["    "])
    #expect(Graph.cells([1, 2], top: 0, columns: 2, rows: 1, .ascii) == [[".", "."]])
    #expect(Graph.cells([1], top: 1, columns: 0, rows: 3, .ascii) == [])
  }

  @Test func manySamplesShareADotWithoutLosingAPeak() {
    var samples = Array(repeating: Float(1), count: 60)
    samples[17] = 9
    #expect(Graph.fitted(samples, newest: 59, to: 6) == [1, 9, 1, 1, 1, 1])
    // A new sample opens a new share; those before it stay what they were.
    samples.removeFirst()
    samples.append(5)
    #expect(Graph.fitted(samples, newest: 60, to: 6) == [9, 1, 1, 1, 1, 5])
    samples.removeFirst()
    samples.append(4)
    #expect(Graph.fitted(samples, newest: 61, to: 6) == [9, 1, 1, 1, 1, 5])
    #expect(Graph.fitted([1, 2], to: 4).suffix(2) == [1, 2])
    #expect(Graph.fitted([.nan, .nan, .nan, 3], newest: 3, to: 2).last == 3)
    #expect(Graph.fitted([1, 2, 3], to: 0) == [])
    #expect(Graph.fitted([1, 1, 9, 1], to: 2) == [1, 9])
  }

  @Test(
    arguments: [
      (0, 0), (1, 1), (0.3, 0.32), (7, 8), (61_000, 80_000), (48_200, 50_000), (100, 100), (101, 120),
    ] as [(Float, Float)])
  func theScaleEndsAtARoundNumber(_ highest: Float, _ top: Float) {
    #expect(abs(Graph.roundTop([0, highest, .nan]) - top) <= top * 1e-5)
  }

  // MARK: Box

  @Test func boxesJoinWhereTheyMeet() {
    func boxes(_ mode: Glyphs) -> [String] {
      picture(28, 6) {
        Box.draw(
          Area(column: 0, row: 0, columns: 14, rows: 3), title: "messages in/s", on: &$0, mode)
        Box.draw(Area(column: 13, row: 0, columns: 15, rows: 3), title: "lag", on: &$0, mode)
        let inner = Box.draw(
          Area(column: 0, row: 2, columns: 28, rows: 3), title: "\u{9B}文", on: &$0, mode)
        $0.put("x", row: inner.row, column: inner.column, .normal)
        $0.put("y", row: inner.endRow - 1, column: inner.endColumn - 1, .normal)
        Box.draw(Area(column: 0, row: 5, columns: 28, rows: 1), title: "rule", edges: .top, on: &$0, mode)
      }
    }
    #expect(
      boxes(.utf8) == [
        "┌─ mess…n/s ─┬─ lag ───────┐",
        "│            │             │",
        "├─ \\u{9B}文 ─┴─────────────┤",
        "│x                        y│",
        "└──────────────────────────┘",
        "── rule ────────────────────",
      ])
    #expect(
      boxes(.wide) == [
        "+- mess~n/s -+- lag -------+",
        "|            |             |",
        "+- \\u{9B}文 -+-------------+",
        "|x                        y|",
        "+--------------------------+",
        "-- rule --------------------",
      ])
    #expect(boxes(.ascii)[2] == "+- \\u{9B}?? -+-------------+")
  }

  /// Sides reach into the upper edge of the box below and end there, where that box has no side of its own.
  @Test func sidesEndAtTheEdgeBelow() {
    let open: Box.Edges = [.top, .left, .right]
    let lines = picture(12, 4) {
      Box.draw(Area(column: 0, row: 0, columns: 6, rows: 3), edges: open, on: &$0, .utf8)
      Box.draw(Area(column: 5, row: 0, columns: 7, rows: 3), edges: open, on: &$0, .utf8)
      Box.draw(Area(column: 0, row: 2, columns: 8, rows: 2), edges: open, on: &$0, .utf8)
      Box.draw(Area(column: 7, row: 2, columns: 5, rows: 2), edges: open, on: &$0, .utf8)
    }
    #expect(lines == ["┌────┬─────┐", "│    │     │", "├────┴─┬───┤", "│      │   │"])
  }

  /// What is typed last is seen where there is little room; what is wrong with it comes behind.
  @Test func whatIsTypedIsSeen() {
    var model = Made.model(20, 5)
    model.press("\\backlog>1000 and")
    let lines = Screen.draw(model, .utf8).lines.map { $0.map(\.text).joined() }
    #expect(lines.contains("r: backlog>1000 and_"), "\(lines)")
    model.size = Size(columns: 60, rows: 5)
    let wide = Screen.draw(model, .utf8).lines.map { $0.map(\.text).joined() }
    #expect(wide.contains { $0.hasPrefix("Filter: backlog>1000 and_   (") })
  }

  @Test func boxesOfAllSizesStayInsideTheFrame() {
    for columns in 0...9 {
      for rows in 0...4 {
        for mode in Glyphs.allCases {
          let text = picture(5, 3) {
            let area = Area(column: 1, row: 1, columns: columns, rows: rows)
            let inner = Box.draw(area, title: "title", on: &$0, mode)
            #expect(inner.columns <= columns && inner.rows <= rows)
            Graph.draw([1, 2, 3], in: inner, on: &$0, mode) { "\($0)" }
            Histogram.draw([.init(label: "a", percent: 50)], in: inner, on: &$0, mode)
            Bar.draw(0.5, row: 1, column: 1, columns: columns, on: &$0)
          }
          #expect(text.allSatisfy { $0.count == 5 })
        }
      }
    }
  }

  // MARK: Bar

  @Test(
    arguments: [
      (0.58, 11, "[||||| 58%]"), (0.86, 11, "[|||||!86%]"), (0.47, 11, "[||||  47%]"), (0, 11, "[       0%]"),
      (0.003, 11, "[|      0%]"), (1, 11, "[||||!100%]"), (1.7, 11, "[||||!170%]"), (nil, 11, "[        -]"),
      (Double.nan, 11, "[        -]"), (0.5, 8, "[|| 50%]"), (0.86, 5, " !86%"),
      (0.86, 3, "   "), (0.5, 3, "50%"), (0.5, 0, ""),
    ] as [(Double?, Int, String)])
  func barsSayTheirNumber(_ ratio: Double?, _ columns: Int, _ expected: String) {
    let text = picture(columns, 1) {
      let end = Bar.draw(ratio, row: 0, column: 0, columns: columns, on: &$0)
      #expect(end == columns)
    }
    #expect(text == [expected])
  }

  @Test func barsAreMarkedByMoreThanColour() {
    func styles(_ ratio: Double?) -> Set<Style> {
      var frame = Frame(Size(columns: 11, rows: 1))
      Bar.draw(ratio, row: 0, column: 0, columns: 11, warnAt: 0.7, alertAt: 0.9, on: &frame)
      return Set(frame.lines[0].map(\.style))
    }
    #expect(styles(0.5).contains(.ok))
    #expect(styles(0.7).contains(.warn) && !styles(0.7).contains(.alert))
    #expect(styles(0.9).contains(.alert))
    #expect(styles(nil).isDisjoint(with: [.ok, .warn, .alert]))
  }

  // MARK: Histogram

  @Test func histogramsShowSmallSharesToo() {
    let buckets: [Histogram.Bucket] = [
      .init(label: "<=0ms", percent: 91.2), .init(label: "0-10ms", percent: 8.1),
      .init(label: "10-50", percent: 0.6), .init(label: "50-100", percent: 0),
      .init(label: ">1s", percent: nil),
    ]
    func histogram(_ mode: Glyphs) -> [String] {
      picture(33, 6) {
        Histogram.draw(buckets, in: Area(column: 0, row: 0, columns: 33, rows: 5), on: &$0, mode)
      }
    }
    #expect(
      histogram(.ascii) == [
        "<=0ms  ##################    91.2",
        "0-10ms ##                     8.1",
        "10-50  .                      0.6",
        "50-100                        0.0",
        ">1s                             -",
        "                                 ",
      ])
    #expect(histogram(.wide) == histogram(.ascii))
    #expect(histogram(.utf8)[0] == "<=0ms  ██████████████████▎   91.2")
    #expect(histogram(.utf8)[1] == "0-10ms █▋                     8.1")
    #expect(histogram(.utf8)[2] == "10-50  ▏                      0.6")
  }
}
