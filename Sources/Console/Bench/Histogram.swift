// Latencies, counted in buckets of three significant digits (after Gil Tene's HdrHistogram). One thread.
//
// Values up to 2047 have a bucket each; above, every doubling has 1024 buckets, so that a bucket is at most a
// thousandth of its value wide. Memory is fixed: 256 KiB.

struct Histogram: Sendable {
  /// Bits of a value that decide its bucket.
  private static let digitsBits = 11
  /// Values above are counted as this one: 18 minutes in nanoseconds.
  static let valueMax: Int64 = 1 << 40 - 1
  private static let bucketCount = (40 - digitsBits + 2) << (digitsBits - 1)

  private var buckets = [UInt64](repeating: 0, count: bucketCount)
  private(set) var count: UInt64 = 0
  private(set) var max: Int64 = 0

  init() {}

  /// Counts one value; below 0 counts as 0.
  @inline(__always)
  mutating func record(_ value: Int64) {
    let value = Swift.max(0, Swift.min(value, Self.valueMax))
    buckets[Self.bucket(of: value)] &+= 1
    count &+= 1
    if value > max { max = value }
  }

  @inline(__always)
  private static func bucket(of value: Int64) -> Int {
    let shift = Swift.max(0, Int64.bitWidth - value.leadingZeroBitCount - digitsBits)
    return shift << (digitsBits - 1) + Int(value >> Int64(shift))
  }

  /// The largest value of a bucket.
  private static func top(of bucket: Int) -> Int64 {
    let shift = Swift.max(0, bucket >> (digitsBits - 1) - 1)
    return (Int64(bucket - shift << (digitsBits - 1)) + 1) << Int64(shift) - 1
  }

  /// The smallest value that `percent` of all values do not exceed, within a thousandth; 0 when nothing was
  /// counted.
  func percentile(_ percent: Double) -> Int64 {
    precondition(percent >= 0 && percent <= 100)
    if count == 0 { return 0 }
    let wanted = Swift.max(1, UInt64((percent / 100 * Double(count)).rounded(.up)))
    var seen: UInt64 = 0
    for (bucket, here) in buckets.enumerated() where here > 0 {
      seen += here
      if seen >= wanted { return Swift.min(Self.top(of: bucket), max) }
    }
    return max
  }

  var median: Int64 { percentile(50) }
}
