/// The language of a peer (Apache LanguageCode): raw values are its ordinals, as the binary header holds
/// them.
package enum LanguageCode: UInt8, Sendable, CaseIterable {
  case java, cpp, dotnet, python, delphi, erlang, ruby, other, http, go, php, oms, rust, nodeJS

  /// Apache's name, as it travels in JSON: "JAVA", "CPP", "NODE_JS".
  package var name: String {
    switch self {
    case .java: "JAVA"
    case .cpp: "CPP"
    case .dotnet: "DOTNET"
    case .python: "PYTHON"
    case .delphi: "DELPHI"
    case .erlang: "ERLANG"
    case .ruby: "RUBY"
    case .other: "OTHER"
    case .http: "HTTP"
    case .go: "GO"
    case .php: "PHP"
    case .oms: "OMS"
    case .rust: "RUST"
    case .nodeJS: "NODE_JS"
    }
  }

  /// From a name or from a decimal ordinal; anything else is `other`, because an unknown language is no
  /// error.
  package init(name: RawSpan) {
    self = Self.known(name) ?? .other
  }

  private static func known(_ name: RawSpan) -> LanguageCode? {
    switch name.byteCount {
    case 1: return ordinal(Int32(name.uint8(at: 0)) - 0x30)
    case 2:
      if name.equals("GO") { return .go }
      let tens = Int32(name.uint8(at: 0)) - 0x30
      let ones = Int32(name.uint8(at: 1)) - 0x30
      return tens == 1 && (0...9).contains(ones) ? ordinal(10 + ones) : nil
    case 3: return name.equals("CPP") ? .cpp : name.equals("PHP") ? .php : name.equals("OMS") ? .oms : nil
    case 4:
      if name.equals("JAVA") { return .java }
      return name.equals("RUBY") ? .ruby : name.equals("HTTP") ? .http : name.equals("RUST") ? .rust : nil
    case 6:
      if name.equals("PYTHON") { return .python }
      return name.equals("DOTNET")
        ? .dotnet : name.equals("DELPHI") ? .delphi : name.equals("ERLANG") ? .erlang : nil
    case 7: return name.equals("NODE_JS") ? .nodeJS : nil
    default: return nil
    }
  }

  private static func ordinal(_ value: Int32) -> LanguageCode? {
    value < 0 ? nil : LanguageCode(rawValue: UInt8(value))
  }
}
