// Where the keys of records lie. The property strings of one producer are alike but for the keys themselves:
// what a scan found in one of them holds for the next.

import Wire

/// Remembers the last property string. Janitor thread.
struct KeyPlaces {
  private var last: [UInt8] = []
  private var scan: PropertyScan?
  /// The places in `last` that may differ, ascending.
  private var varying: [Range<Int>] = []

  /// As `PropertyScan(properties)` gives it for keys and for the unique key.
  mutating func of(_ properties: RawSpan) -> PropertyScan {
    if let scan, properties.byteCount == last.count, isLikeLast(properties) { return scan }
    let scan = PropertyScan(properties)
    self.scan = scan
    last = properties.array
    varying = [scan.uniqueKey, scan.keys].compactMap(\.self).sorted { $0.lowerBound < $1.lowerBound }
    return scan
  }

  private func isLikeLast(_ properties: RawSpan) -> Bool {
    let last = last.rawBytes
    var start = 0
    for value in varying {
      if !properties[start..<value.lowerBound].equals(last[start..<value.lowerBound]) { return false }
      // Another end of the value would move everything behind it.
      if PropertyScan.holdsSeparator(properties[value]) { return false }
      start = value.upperBound
    }
    return properties[start..<last.byteCount].equals(last[start..<last.byteCount])
  }
}
