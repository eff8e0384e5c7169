// Lines of a file by their numbers, as people write them: "4001-4256,4513-". Pure.

/// Sorted, disjoint ranges of line numbers from 1 on; the last may be open.
struct LineRanges: Equatable {
  private(set) var ranges: [ClosedRange<Int>] = []

  /// No line.
  init() {}

  /// nil for what is no list of ranges.
  init?(_ text: String) {
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard let first = ends.first.flatMap({ Int($0) }), first > 0, ends.count <= 2 else { return nil }
      var last = first
      if ends.count == 2 {
        guard let end = ends[1].isEmpty ? .max : Int(ends[1]), end >= first else { return nil }
        last = end
      }
      add(first...last)
    }
    if ranges.isEmpty { return nil }
  }

  /// Adds a range; those that touch become one.
  mutating func add(_ range: ClosedRange<Int>) {
    var at = place { $0.lowerBound > range.lowerBound }
    ranges.insert(range, at: at)
    if at > 0 && Self.touch(ranges[at - 1], range) { at -= 1 }
    while at + 1 < ranges.count && Self.touch(ranges[at], ranges[at + 1]) {
      let last = max(ranges[at].upperBound, ranges[at + 1].upperBound)
      ranges[at] = ranges[at].lowerBound...last
      ranges.remove(at: at + 1)
    }
  }

  private static func touch(_ a: ClosedRange<Int>, _ b: ClosedRange<Int>) -> Bool {
    a.upperBound == .max || b.lowerBound <= a.upperBound + 1
  }

  func contains(_ line: Int) -> Bool {
    let at = place { $0.upperBound >= line }
    return at < ranges.count && ranges[at].contains(line)
  }

  /// Index of the first range that `isBehind` holds for; it holds for all that follow.
  private func place(_ isBehind: (ClosedRange<Int>) -> Bool) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(ranges[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  var isEmpty: Bool { ranges.isEmpty }

  /// Those of `lines` that are not in here.
  func gaps(in lines: ClosedRange<Int>) -> LineRanges {
    var result = LineRanges()
    var next = lines.lowerBound
    for range in ranges where range.upperBound >= next {
      if range.lowerBound > lines.upperBound { break }
      if range.lowerBound > next { result.add(next...(range.lowerBound - 1)) }
      if range.upperBound >= lines.upperBound { return result }
      next = range.upperBound + 1
    }
    result.add(next...lines.upperBound)
    return result
  }

  /// As `init` reads it.
  var text: String {
    ranges.map { range in
      if range.lowerBound == range.upperBound { return "\(range.lowerBound)" }
      return range.upperBound == .max ? "\(range.lowerBound)-" : "\(range.lowerBound)-\(range.upperBound)"
    }.joined(separator: ",")
  }
}
