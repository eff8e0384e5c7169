// What a broker says about itself (code 28): a table of texts, whose numbers are picked out here.

import Client
import Wire

/// The numbers of a broker's runtime table that people look for.
struct BrokerRuntime {
  let table: KVTable

  func int(_ key: String) -> Int64? { table[key].flatMap { Int64($0) } }
  func double(_ key: String) -> Double? { table[key].flatMap { Double($0) } }

  /// Messages per second: the average over the last ten seconds of "10s 60s 600s".
  func rate(_ key: String) -> Double? { table[key]?.split(separator: " ").first.flatMap { Double($0) } }
  func rates(_ key: String) -> [Double] { table[key]?.split(separator: " ").compactMap { Double($0) } ?? [] }

  var version: String {
    int("brokerVersion").map { Release.name(Int32(truncatingIfNeeded: $0)) } ?? table["brokerVersionDesc"]
      ?? "-"
  }

  static func decode(_ response: Response, from address: String) throws(ClientError) -> BrokerRuntime {
    guard let table = KVTable(try response.json(from: address)) else {
      throw ClientError(.malformedAnswer, "\(address) answered with a malformed table of runtime information")
    }
    return BrokerRuntime(table: table)
  }
}

extension Cell {
  /// `unknown` for nil.
  static func decimal(_ value: Double?) -> Cell { value.map { .decimal($0) } ?? .unknown }
  static func ratio(_ value: Double?) -> Cell { value.map { .ratio($0) } ?? .unknown }
  static func duration(_ value: Int64?) -> Cell { value.map { .duration($0) } ?? .unknown }
  static func bytes(_ value: Int64?) -> Cell { value.map { .bytes($0) } ?? .unknown }
}
