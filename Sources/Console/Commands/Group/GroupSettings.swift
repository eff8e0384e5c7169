// The settings of a consumer group (Apache SubscriptionGroupConfig): their flags, their members in JSON, and
// how people read them. Pure.
//
// Settings are changed in the JSON that the broker gave, so that members which this program does not know
// stay.

import Client
import Wire

enum GroupSettings {
  /// A flag and the member that it sets; toggles are booleans, integers numbers.
  private static let members: [(flag: Flag, key: String)] = [
    (Flag("enabled", .toggle, "", "whether its consumers get messages (new: yes)"), "consumeEnable"),
    (Flag("from-min", .toggle, "", "whether it may begin at the oldest message"), "consumeFromMinEnable"),
    (Flag("broadcast", .toggle, "", "whether it may consume by broadcasting"), "consumeBroadcastEnable"),
    (Flag("ordered", .toggle, "", "whether it consumes in order (new: no)"), "consumeMessageOrderly"),
    (
      Flag("retry-queues", .integer(0...1024), "COUNT", "queues of its retry topic (new: 1)"),
      "retryQueueNums"
    ),
    (
      Flag("retries", .integer(-1...1_000_000), "COUNT", "attempts before a dead letter (new: 16)"),
      "retryMaxTimes"
    ),
    (
      Flag("notify", .toggle, "", "whether members hear of others that come and go"),
      "notifyConsumerIdsChangedEnable"
    ),
    (Flag("broker-id", .integer(0...1024), "ID", "broker of a group to read from (new: 0)"), "brokerId"),
    (
      Flag("slow-broker-id", .integer(0...1024), "ID", "broker to read from when slow (new: 1)"),
      "whichBrokerWhenConsumeSlowly"
    ),
    (Flag("sys-flag", .integer(0...Int64(Int32.max)), "BITS", "bits of unit mode (new: 0)"), "groupSysFlag"),
  ]

  /// In the order of the help.
  static let flags =
    members.map(\.flag) + [
      Flag(
        "retry-policy", .text, "POLICY",
        "default, exponential:FIRST,MAX,FACTOR, custom:TIME,TIME..., or Apache's JSON"),
      Flag("consume-timeout", .duration, "TIME", "when a push consumer gives a message back (new: 15m)"),
      Flag("attr", .text, "KEY=VALUE", "set an attribute; KEY= removes it (alter)", isRepeated: true),
    ]

  /// Names and members of everything that a description shows, attributes last.
  private static let shown: [(name: String, key: String)] =
    members.map { ($0.flag.long, $0.key) } + [
      ("retry-policy", "groupRetryPolicy"), ("consume-timeout", "consumeTimeoutMinute"),
      ("subscriptions", "subscriptionDataSet"), ("attributes", "attributes"),
    ]

  // MARK: Changing

  /// The settings with the given flags applied. Attributes become the change that brokers want: "+key" with
  /// the value, "-key"; none of them is the broker's way to leave them alone.
  static func applied(_ invocation: Invocation, to config: JSON, isNew: Bool) throws(Failure) -> JSON {
    var config = config
    for (flag, key) in members {
      if let value = invocation.toggle(flag.long) { config.set(key, .bool(value)) }
      if let value = invocation.integer(flag.long) { config.set(key, .int(value)) }
    }
    if let ms = invocation.integer("consume-timeout") {
      if ms < 60_000 || ms % 60_000 != 0 {
        throw Failure(
          .usage, "--consume-timeout counts whole minutes", hint: "for example --consume-timeout=30m")
      }
      config.set("consumeTimeoutMinute", .int(ms / 60_000))
    }
    if let text = invocation.string("retry-policy") { config.set("groupRetryPolicy", try policy(text)) }
    var changes: [JSON.Member] = []
    for (key, value) in try attributes(invocation, mayRemove: !isNew) {
      changes.append(.init((value == nil ? "-" : "+") + key, .string(value ?? "")))
    }
    config.set("attributes", .object(changes))
    return config
  }

  /// The values of --attr; nil removes.
  private static func attributes(
    _ invocation: Invocation, mayRemove: Bool
  ) throws(Failure) -> [(key: String, value: String?)] {
    var result: [(key: String, value: String?)] = []
    for text in invocation.strings("attr") {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex, mayRemove || text.last != "="
      else {
        throw Failure(.usage, "--attr=\(text) is not KEY=VALUE", hint: "for example --attr=owner=finance")
      }
      let value = String(text[text.index(after: equals)...])
      result.append((String(text[..<equals]), value.isEmpty ? nil : value))
    }
    return result
  }

  /// Whether any setting is named.
  static func isNamed(_ invocation: Invocation) -> Bool { flags.contains { invocation.has($0.long) } }

  /// "exponential:5s,2h,2", "custom:1s,5s,10s", "default", or Apache's JSON.
  static func policy(_ text: String) throws(Failure) -> JSON {
    let malformed = Failure(
      .usage, "--retry-policy=\(text) is not known",
      hint: "default, exponential:5s,2h,2, custom:1s,10s,1m, or Apache's JSON with a member type")
    if text.hasPrefix("{") {
      guard let json = try? JSON.parse(text), json["type"]?.string != nil else { throw malformed }
      return json
    }
    let type = JSON.Member("type", .string(text.hasPrefix("exponential") ? "EXPONENTIAL" : "CUSTOMIZED"))
    if text == "default" { return .object([type]) }
    guard let colon = text.firstIndex(of: ":") else { throw malformed }
    let parts = text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false)
    let times = parts.compactMap { Values.durationMs(String($0)) }
    switch text[..<colon] {
    case "exponential":
      guard parts.count == 3, let first = Values.durationMs(String(parts[0])),
        let most = Values.durationMs(String(parts[1])), let factor = Int64(parts[2]), factor >= 1
      else {
        throw malformed
      }
      let policy: [JSON.Member] = [
        .init("initial", .int(first)), .init("max", .int(most)), .init("multiplier", .int(factor)),
      ]
      return .object([.init("exponentialRetryPolicy", .object(policy)), type])
    case "custom":
      guard times.count == parts.count else { throw malformed }
      let next = JSON.Member("next", .array(times.map { .int($0) }))
      return .object([.init("customizedRetryPolicy", .object([next])), type])
    default: throw malformed
    }
  }

  // MARK: Showing

  /// A name and a cell for each setting.
  static func cells(_ config: JSON) -> [(name: String, cell: Cell)] {
    shown.map { name, key in
      switch (key, config[key]) {
      case ("groupRetryPolicy", let policy): return (name, .text(policy.map(text(ofPolicy:)) ?? "default"))
      case ("consumeTimeoutMinute", let minutes): return (name, .text(span((minutes?.int ?? 15) * 60_000)))
      case ("attributes", let table):
        let texts = (table?.members ?? []).map { "\($0.key.string ?? "")=\($0.value.string ?? "")" }
        return (name, .list(texts.sorted()))
      case ("subscriptionDataSet", let list):
        return (
          name,
          .list(
            (list?.array ?? []).map { "\($0["topic"]?.string ?? "")=\($0["expression"]?.string ?? "*")" }
              .sorted())
        )
      case (_, .bool(let value)?): return (name, .flag(value))
      case (_, let value): return (name, .integer(value?.int))
      }
    }
  }

  /// Settings that differ. `after` is as `applied` returns it, whose attributes are changes.
  static func differences(_ before: JSON, _ after: JSON) -> [(name: String, before: String, after: String)] {
    var result: [(name: String, before: String, after: String)] = []
    for (old, new) in zip(cells(before), cells(after)) where old.name != "attributes" && old.cell != new.cell
    {
      result.append((old.name, Format.shownText(old.cell), Format.shownText(new.cell)))
    }
    for change in after["attributes"]?.members ?? [] {
      let text = change.key.string ?? ""
      let key = String(text.dropFirst())
      let old = before["attributes"]?.members?.first { $0.key.string == key }?.value.string
      let new = text.hasPrefix("-") ? nil : change.value.string
      if old != new { result.append(("attribute \(key)", old ?? "-", new ?? "-")) }
    }
    return result
  }

  private static func text(ofPolicy policy: JSON) -> String {
    if policy["type"]?.string == "EXPONENTIAL" {
      guard let parts = policy["exponentialRetryPolicy"] else { return "default" }
      let (first, most) = (parts["initial"]?.int ?? 5000, parts["max"]?.int ?? 7_200_000)
      return "exponential:\(span(first)),\(span(most)),\(parts["multiplier"]?.int ?? 2)"
    }
    guard let times = policy["customizedRetryPolicy"]?["next"]?.array else { return "default" }
    return "custom:" + times.map { span($0.int ?? 0) }.joined(separator: ",")
  }

  /// The shortest form that the flags accept: "90s", "2h", "1500ms".
  private static func span(_ ms: Int64) -> String {
    if ms == 0 { return "0s" }
    for (size, unit) in [(Int64(3_600_000), "h"), (60_000, "m"), (1000, "s")] where ms % size == 0 {
      return "\(ms / size)\(unit)"
    }
    return "\(ms)ms"
  }
}

extension JSON {
  /// Replaces a member of an object, or adds it where fastjson, which sorts by name, would print it.
  mutating func set(_ name: String, _ value: JSON) {
    var members = (members ?? []).filter { $0.key.string != name }
    let place = members.firstIndex { ($0.key.string ?? "") > name } ?? members.count
    members.insert(.init(name, value), at: place)
    self = .object(members)
  }
}
