// The precision of recordings: four digits, cut so that every number still is drawn as it was. Pure.

/// Which numbers of a column are told apart; each has an integer code, and larger numbers have larger codes.
///
/// A number becomes the lower end of a step. The steps of each scale begin wherever `ValueText` begins to
/// draw something else, so a number and what a recording keeps of it look the same.
enum Scale: UInt8, CaseIterable, Sendable {
  /// Names, and what is not recorded.
  case none
  case texts
  /// Whole numbers, exactly.
  case counts
  /// Rates: four digits, at least thousandths.
  case decimal
  /// Bytes: as above, in units of 1,024.
  case bytes
  case milliseconds
  /// Milliseconds that are drawn as hours and days: tenths of seconds.
  case age
  /// 0...1 in steps of 0.0001.
  case ratio

  /// The scale of a unit.
  init(_ unit: Unit) {
    switch unit {
    case .name, .curve: self = .none
    case .text: self = .texts
    case .count: self = .counts
    case .perSecond, .slope: self = .decimal
    case .bytes, .bytesPerSecond: self = .bytes
    case .milliseconds: self = .milliseconds
    case .age: self = .age
    case .ratio: self = .ratio
    }
  }

  /// Numbers from `from` on are told apart in steps of `times / per`, each of them an integer.
  private struct Segment: Sendable {
    let from: Double
    let times: Double
    let per: Double
    var firstCode: Int64 = 0
    var firstStep: Double { (from * per / times).rounded(.down) }
  }

  private static let segments: [[Segment]] = allCases.map { scale in
    switch scale {
    case .none, .texts: []
    case .counts: chained([(0, 1, 1)])
    case .decimal: chained(decades)
    case .bytes: chained(binaryDecades)
    case .milliseconds: chained([(0, 1, 1_000), (10, 1, 100), (100, 1, 10), (1_000, 10, 1)])
    case .age: chained([(0, 10, 1), (10_000, 100, 1)])
    case .ratio: chained([(0, 1, 10_000)])
    }
  }
  private static let decades: [(from: Double, times: Double, per: Double)] = {
    var out: [(from: Double, times: Double, per: Double)] = [
      (0, 1, 1_000), (10, 1, 100), (100, 1, 10), (1_000, 1, 1),
    ]
    var from = 10_000.0
    while from < 1e18 {
      out.append((from, from / 1_000, 1))
      from *= 10
    }
    return out
  }()
  private static let binaryDecades: [(from: Double, times: Double, per: Double)] = {
    // 999.5 of a unit is drawn as 1.0 of the next one.
    var out: [(from: Double, times: Double, per: Double)] = [
      (0, 1, 10), (999.5, 1_024, 100), (102_400, 1_024, 10),
    ]
    var unit = 1_024.0
    for _ in 0..<5 {
      let next = unit * 1_024
      out += [(999.5 * unit, next, 1_000), (10 * next, next, 100), (100 * next, next, 10)]
      unit = next
    }
    return out
  }()
  private static func chained(_ parts: [(from: Double, times: Double, per: Double)]) -> [Segment] {
    var out: [Segment] = []
    var code: Int64 = 0
    for (index, part) in parts.enumerated() {
      let segment = Segment(from: part.from, times: part.times, per: part.per, firstCode: code)
      out.append(segment)
      if index + 1 < parts.count {
        code += Int64((parts[index + 1].from * part.per / part.times).rounded(.up) - segment.firstStep)
      }
    }
    return out
  }

  /// The code of infinity; those of numbers are smaller.
  private var top: Int64 { self == .counts ? 1 << 53 : 1 << 40 }

  /// The code of a number, nil for what is none.
  func code(_ number: Double) -> Int64? {
    if number.isNaN { return nil }
    let size = number.magnitude
    guard size.isFinite else { return number < 0 ? -top : top }
    let segments = Self.segments[Int(rawValue)]
    var index = 0
    while index + 1 < segments.count, size >= segments[index + 1].from { index += 1 }
    let segment = segments[index]
    let step = (size * segment.per / segment.times + (self == .counts ? 0.5 : 0)).rounded(.down)
    var code = top - 1
    if step < 9e15 { code = min(code, segment.firstCode + Int64(step - segment.firstStep)) }
    // A trickle is not nothing.
    if code == 0, size > 0, self != .counts { code = 1 }
    return number < 0 ? -code : code
  }

  /// The number of a code; any integer has one.
  func number(_ code: Int64) -> Double {
    let size = Int64(clamping: code.magnitude)
    if size >= top { return code < 0 ? -.infinity : .infinity }
    let segments = Self.segments[Int(rawValue)]
    var index = 0
    while index + 1 < segments.count, size >= segments[index + 1].firstCode { index += 1 }
    let segment = segments[index]
    let step = segment.firstStep + Double(size - segment.firstCode)
    var number = max(segment.from, step * segment.times / segment.per)
    // Coding and drawing divide and multiply again: a little above the step's lower end, it stays within.
    let isExact = self == .counts || number < 1_000 && number == number.rounded()
    if !isExact { number += number * 0x1p-51 }
    return code < 0 ? -number : number
  }
}
