// Sends whose headers have the same shape (see RemotingHeader) differ in a few fields only: what was read
// from the last of a shape, and where its properties lay, holds for the next. Loop thread only.

import Wire

/// What is known of the last few shapes.
@safe
struct SendShapes: ~Copyable {
  private struct Known {
    var shape: UInt64 = 0
    var request = SendRequest()
    /// Of the property string as it came.
    var scan: PropertyScan?
    /// Whether the names and places of the properties are the same in all headers of the shape.
    var hasFixedNames = false
  }
  private static let count = 8
  // `count` initialised places. An array's references would be counted for each message.
  private let known: UnsafeMutablePointer<Known>
  /// The one that the request at hand has, -1 for none.
  private var current = -1

  init() {
    unsafe known = .allocate(capacity: Self.count)
    unsafe known.initialize(repeating: Known(), count: Self.count)
  }

  deinit { unsafe known.deallocate() }

  /// Reads a request.
  mutating func request(_ header: borrowing RemotingHeader, _ fields: RawSpan) -> SendRequest {
    current = -1
    if header.shape == 0 { return SendRequest(header, fields) }
    // Below `count`, as `current` always is.
    let place = Int(truncatingIfNeeded: header.shape & UInt64(Self.count - 1))
    current = place
    if unsafe known[place].shape == header.shape {
      return unsafe SendRequest(like: known[place].request, header, fields)
    }
    let request = SendRequest(header, fields)
    if SendRequest.hasRepeats(header, fields) {
      current = -1
      return request
    }
    let hasFixedNames = request.properties.map { header.hasFixedNames(in: $0, of: fields) } ?? false
    unsafe known[place] = Known(shape: header.shape, request: request, hasFixedNames: hasFixedNames)
    return request
  }

  /// Where the properties of the request at hand lie in its property string as it came.
  mutating func scan(_ properties: RawSpan) -> PropertyScan {
    guard current >= 0, unsafe known[current].hasFixedNames else { return PropertyScan(properties) }
    if let scan = unsafe known[current].scan { return scan }
    let scan = PropertyScan(properties)
    unsafe known[current].scan = scan
    return scan
  }
}
