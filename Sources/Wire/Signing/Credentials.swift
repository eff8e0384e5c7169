// Who asks, and the proof of it: the extFields that Apache's AclClientRPCHook adds to each request. Pure.
//
// The signature covers the values of all extFields in the order of their names, without separators, and then
// the body: Base 64 of HMAC-SHA1 with the secret key (Apache AclUtils.combineRequestContent, AclSigner).

/// An access key with its secret. The secret never leaves this process.
package struct Credentials: Sendable, Equatable {
  /// extFields of a signed request (Apache SessionCredentials).
  package static let accessKeyField = "AccessKey"
  package static let signatureField = "Signature"
  package static let securityTokenField = "SecurityToken"

  /// Name of the user.
  package let accessKey: String
  private let secretKey: [UInt8]
  private let securityToken: String?

  /// `securityToken` is for those whose service hands out keys for a time.
  package init(accessKey: String, secretKey: String, securityToken: String? = nil) {
    self.accessKey = accessKey
    self.secretKey = Array(secretKey.utf8)
    self.securityToken = securityToken
  }

  /// The extFields that sign a request with these `fields` and `body`, in the order of writing.
  package func signing(
    _ fields: [(name: String, value: String)], body: [UInt8]
  ) -> [(name: String, value: String)] {
    var added = [(name: Self.accessKeyField, value: accessKey)]
    if let securityToken { added.append((Self.securityTokenField, securityToken)) }
    // Java sorts by UTF-16 units; names of fields are ASCII, where bytes have the same order.
    let sorted = (fields + added).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    var content: [UInt8] = []
    for field in sorted { content += field.value.utf8 }
    let signature = Base64.text(SHA1.hmac(content + body, key: secretKey))
    return added + [(Self.signatureField, signature)]
  }
}
