// Digests by the published vectors, signatures by the requests that Apache's mqadmin 5.3.3 signed.

import Foundation
import TestSupport
import Testing

@testable import Wire

@Suite struct SigningTests {
  private func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

  /// FIPS 180 examples, and lengths around the block's end.
  @Test(arguments: [
    ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    ("a", 1_000_000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    ("a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
    ("a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
    ("a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
  ])
  func digests(text: String, count: Int, expected: String) {
    #expect(hex(SHA1.digest(Array(String(repeating: text, count: count).utf8))) == expected)
  }

  /// RFC 2202.
  @Test func keyedDigests() {
    let vectors: [(key: [UInt8], message: [UInt8], expected: String)] = [
      (
        [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
        "b617318655057264e28bc0b6fb378c8ef146be00"
      ),
      (
        Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
      ),
      (
        [UInt8](repeating: 0xAA, count: 80),
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
        "aa4ae5e15272d00e95705637ce8a3b55ed402112"
      ),
    ]
    for vector in vectors { #expect(hex(SHA1.hmac(vector.message, key: vector.key)) == vector.expected) }
  }

  private struct Row: Decodable {
    var code: Int
    var fields: [String: String]
    var body: Data
  }

  @Test func signsAsApacheDoes() throws {
    let bytes = try Fixture.gunzip(packageRoot + "/Tests/WireTests/Fixtures/signed-requests.jsonl.gz")
    let rows = try bytes.split(separator: 10).map { try JSONDecoder().decode(Row.self, from: Data($0)) }
    #expect(rows.count > 70)
    let credentials = Credentials(accessKey: "rocketmq2", secretKey: "12345678")
    for row in rows {
      let own = row.fields.filter { $0.key != "AccessKey" && $0.key != "Signature" }
      let added = credentials.signing(own.map { ($0.key, $0.value) }, body: Array(row.body))
      #expect(added.map(\.name) == ["AccessKey", "Signature"])
      #expect(added.last?.value == row.fields["Signature"], "request \(row.code)")
    }
  }

  @Test func tokensAreSignedToo() {
    let plain = Credentials(accessKey: "a", secretKey: "s").signing([("z", "1")], body: [])
    let added = Credentials(accessKey: "a", secretKey: "s", securityToken: "t").signing(
      [("z", "1")], body: [])
    #expect(added.map(\.name) == ["AccessKey", "SecurityToken", "Signature"])
    #expect(added[1].value == "t" && added[2].value != plain[1].value)
    // Values in the order of the names AccessKey, SecurityToken, z.
    #expect(added[2].value == Base64.text(SHA1.hmac(Array("at1".utf8), key: Array("s".utf8))))
  }
}
