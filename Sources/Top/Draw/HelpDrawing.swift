// The overlay that lists the keys and what the signs mean.

extension Screen {
  mutating func drawHelp() {
    frame.put("mq top: keys", row: 0, column: 0, .title)
    if columns >= 48 { frame.put("Up and Down scroll, Esc closes", row: 0, endingAt: columns, .normal) }
    let labelWidth = 13
    let legend = [
      "", "-      not known          \(mode == .utf8 ? "…" : "...")  waiting for a second sample",
      "~12    a broker is missing  !    look here",
      "T      N normal  F FIFO  D delay  T transaction  M mixed  P priority  S system",
    ]
    let keys = model.keys.help
    let lines = keys.map { ($0.keys, $0.text) } + legend.map { ("", $0) }
    for row in 1..<max(1, frame.size.rows) {
      let index = model.helpTop + row - 1
      guard index < lines.count else { break }
      frame.put(lines[index].0, row: row, column: 1, .strong)
      let column = lines[index].0.isEmpty && index >= keys.count ? 1 : labelWidth + 2
      frame.put(lines[index].1, row: row, column: column, .normal)
    }
  }
}
