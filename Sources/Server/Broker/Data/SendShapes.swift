// Sends whose headers have the same shape (see RemotingHeader) differ in a few fields only: what was read
// from the last of a shape, and where its properties lay, holds for the next. Loop thread only.

import Store
import Wire

/// What is known of the last few shapes.
@safe
struct SendShapes: ~Copyable {
  private struct Known: ~Copyable {
    var shape: UInt64 = 0
    var request = SendRequest()
    /// Whether the names and places of the properties are the same in all headers of the shape.
    var hasFixedNames = false
    /// Of the property string as it is stored.
    var template: PropertyTemplate?
    /// What all headers of the shape name.
    var topic: TopicSlot?
  }
  private static let count = 8
  // `count` initialised places. An array's references would be counted for each message.
  private let known: UnsafeMutablePointer<Known>
  /// The one that the request at hand has, -1 for none.
  private var current = -1

  init() {
    unsafe known = .allocate(capacity: Self.count)
    for place in 0..<Self.count { unsafe (known + place).initialize(to: Known()) }
  }

  deinit {
    unsafe known.deinitialize(count: Self.count)
    unsafe known.deallocate()
  }

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

  // MARK: The topic

  /// The topic of the request at hand when all requests of its shape name the same.
  var topic: TopicSlot? { current < 0 ? nil : unsafe known[current].topic }

  /// Notes the topic of the request at hand.
  mutating func note(_ topic: TopicSlot, in field: HeaderField, _ header: borrowing RemotingHeader) {
    let fields = header.fields
    for index in fields.indices where current >= 0 && fields[index] == field {
      if header.varyingFields & 1 << UInt64(index) == 0 { unsafe known[current].topic = topic }
    }
  }

  // MARK: Properties

  /// Puts the property string of the request at hand, as it is stored, into `properties`; nil when it must be
  /// read and completed first.
  func complete(_ fields: RawSpan, into properties: inout ByteBuffer) -> PropertyScan? {
    if current < 0 { return nil }
    unsafe known[current].template?.fill(fields, into: &properties)
    return unsafe known[current].template?.scan
  }

  /// Notes the complete string of the request at hand, which begins with the one that came.
  mutating func note(
    complete: borrowing ByteBuffer, _ scan: PropertyScan, _ header: borrowing RemotingHeader,
    _ fields: RawSpan
  ) {
    guard current >= 0, unsafe known[current].hasFixedNames,
      let field = unsafe known[current].request.properties
    else { return }
    unsafe known[current].template = PropertyTemplate(header, fields, field, complete: complete, scan)
  }
}
