// A request to a name server or broker, and its answer, as values. Pure.

package import Wire

/// A request; the correlation id is given by the connection that sends it.
package struct Request: Sendable {
  /// What is asked.
  package var code: RequestCode
  /// extFields, in the order of writing.
  package var fields: [(name: String, value: String)]
  /// Empty for none.
  package var body: [UInt8]
  /// A request with these extFields.
  package init(_ code: RequestCode, _ fields: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.code = code
    self.fields = fields
    self.body = body
  }

  /// Signed by these credentials; itself without any.
  package func signed(by credentials: Credentials?) -> Request {
    guard let credentials else { return self }
    var request = self
    request.fields += credentials.signing(fields, body: body)
    return request
  }

  /// Appends the frame.
  func write(opaque: Int32, oneWay: Bool = false, to out: inout ByteBuffer) {
    var writer = FrameWriter(request: code.rawValue, opaque: opaque, oneWay: oneWay, to: &out)
    for field in fields { writer.field(named: field.name, field.value, to: &out) }
    writer.endHeader(to: &out)
    out.append(body)
    writer.finish(to: &out)
  }
}

/// What a broker asked of this client. It is answered with success when it was taken.
package struct ServerRequest: Sendable {
  /// "host:port" of the broker.
  package var address: String
  /// A `RequestCode`.
  package var code: Int32
  /// extFields.
  package var fields: [(name: String, value: String)]
  /// Empty for none.
  package var body: [UInt8]
  /// The extField of that name.
  package subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// Where an answer comes from.
struct Origin: Sendable {
  var request: RequestCode
  /// The access key that signed the request; nil when nothing was signed.
  var user: String?
  /// Whether the one who answered is used as a name server.
  var isNameServer: Bool
}

/// An answer, whatever its code.
package struct Response: Sendable {
  /// A `ResponseCode`, or a code that it does not know.
  package var code: Int32
  /// The peer's words; Java's may have several lines.
  package var remark: String?
  package var fields: [(name: String, value: String)]
  /// Empty for none.
  package var body: [UInt8]
  /// Ordinal of the peer's release (Apache MQVersion): V4_a_b is 213 + 20a + 2b, V5_a_b is 413 + 20a + 2b.
  package var version: Int32 = 0
  /// What it answers, and as whom that was asked; for the words of an error.
  var origin: Origin?

  /// An answer as a peer would give it.
  package init(
    code: Int32, remark: String? = nil, fields: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    self.code = code
    self.remark = remark
    self.fields = fields
    self.body = body
  }

  /// The extField of that name.
  package subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
  /// The extField as a decimal number.
  package func int(_ name: String) -> Int64? { self[name].flatMap { Int64($0) } }
  /// Code 0.
  package var isSuccess: Bool { code == 0 }

  /// Itself when the code is 0.
  ///
  /// - Throws: The refusal in words, with `address`: who answered.
  package func success(from address: String) throws(ClientError) -> Response {
    if isSuccess { return self }
    throw ClientError.refusal(self, from: address)
  }

  /// The body as JSON.
  ///
  /// - Throws: The refusal when the code is not 0; `.malformedAnswer` when the body is no JSON.
  package func json(from address: String) throws(ClientError) -> JSON {
    _ = try success(from: address)
    do throws(WireError) {
      return try JSON.parse(body)
    } catch {
      throw noJSON(address, error)
    }
  }

  func noJSON(_ address: String, _ error: WireError) -> ClientError {
    ClientError(.malformedAnswer, "\(address) answered with a body that is no JSON: \(error)")
      .about(address, origin?.request)
  }
}
