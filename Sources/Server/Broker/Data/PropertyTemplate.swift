// The complete property string of sends whose headers have the same shape: it differs in the places of the
// header that vary, which hold plain characters, and nowhere else.

import Wire

/// A property string as it is stored, and what of it comes from each header. Loop thread only.
struct PropertyTemplate: ~Copyable {
  private var text = ByteBuffer()
  /// Where the keys and the others lie, in all strings of the template.
  let scan: PropertyScan
  /// Three numbers each: the place in the header, the place in `text`, how many bytes.
  private var patches = ByteBuffer()
  private static let patchBytes = 12

  /// - Parameter field: The property string as it came. All headers of the shape have its names in the same
  ///   places.
  /// - Parameter complete: The same string with what the broker adds at its end, and the scan of it.
  init(
    _ header: borrowing RemotingHeader, _ fields: RawSpan, _ field: HeaderField,
    complete: borrowing ByteBuffer, _ scan: PropertyScan
  ) {
    self.scan = scan
    text.append(complete.bytes)
    var before = ByteBuffer()
    for place in header.varyingPlaces(in: field, of: fields) {
      before.removeAll()
      // An escape stands for fewer characters than it has.
      var upTo = field
      upTo.valueBytes = Int32(place.lowerBound) - field.valueStart
      header.appendValue(of: upTo, in: fields, to: &before)
      for number in [place.lowerBound, before.count, place.count] { patches.append(bigEndian: Int32(number)) }
    }
  }

  /// Puts the string of a header of the shape into `properties`.
  func fill(_ fields: RawSpan, into properties: inout ByteBuffer) {
    properties.removeAll()
    properties.append(text.bytes)
    let patches = patches.bytes
    var at = 0
    while at < patches.byteCount {
      let from = Int(patches.int32(at: at))
      let count = Int(patches.int32(at: at + 8))
      properties.replace(at: Int(patches.int32(at: at + 4)), with: fields[from..<from + count])
      at += Self.patchBytes
    }
  }
}
