// What all bodies share. A body is a value with `init?(JSON)` and `json`; its members are printed in the
// order of fastjson (alphabetical), so that `json.bytes(.compact)` equals what Apache sends. `init?` is nil
// when the text is no object or lacks the member that names the thing; other members missing or of a wrong
// type take Java's default.

extension JSON {
  /// An object of named members in the order given, without those that are nil.
  static func record(_ members: KeyValuePairs<String, JSON?>) -> JSON {
    .object(members.compactMap { name, value in value.map { Member(name, $0) } })
  }

  static func strings(_ items: [String]) -> JSON { .array(items.map(JSON.string)) }

  static func number(_ value: Int32) -> JSON { .int(Int64(value)) }

  /// Members whose keys are text, in order; integer keys count as their digits.
  var table: [(key: String, value: JSON)] {
    (members ?? []).compactMap { member in member.key.string.map { ($0, member.value) } }
  }

  /// Items of the array `name`, those left out that `make` refuses.
  func list<T>(_ name: String, _ make: (JSON) -> T?) -> [T] {
    (self[name]?.array ?? []).compactMap(make)
  }
}

/// An enum that travels as its name; C++ clients send the ordinal.
protocol NamedCase: CaseIterable, RawRepresentable where RawValue == String, AllCases == [Self] {}

extension NamedCase {
  /// By name in any case or by ordinal; nil otherwise.
  init?(_ json: JSON?) {
    if let ordinal = json?.int {
      guard let ordinal = Int(exactly: ordinal), Self.allCases.indices.contains(ordinal) else { return nil }
      self = Self.allCases[ordinal]
    } else {
      guard let name = json?.string else { return nil }
      self.init(rawValue: name.uppercased())
    }
  }

  var json: JSON { .string(rawValue) }
}
