// Messages as JSON, one object a line: what `mq consume -o json` prints and `mq produce --json` reads.
//
// What was printed can be read again and gives the same message: body, keys, tag and properties. What only
// a broker or a client's library may set (ids, offsets, times, regions) is printed, and ignored when read.

import Client
import Linux
import Wire

enum MessageLine {
  /// Properties that belong to the system: never taken from a user. The message's id is among them, for a
  /// copy is another message.
  static let systemProperties: Set<String> = [
    PropertyName.uniqueKey, PropertyName.region, PropertyName.traceOn, PropertyName.cluster,
    PropertyName.waitStoreOK, PropertyName.realTopic, PropertyName.realQueueId, PropertyName.retryTopic,
    PropertyName.producerGroup, PropertyName.originMessageId, PropertyName.maxReconsumeTimes,
    "MIN_OFFSET", "MAX_OFFSET", "TRAN_MSG", "__transactionId__", "POP_CK", "1ST_POP_TIME", "RECONSUME_TIME",
    "CONSUME_START_TIME", "TRANSACTION_CHECK_TIMES", "INNER_NUM", "INNER_BASE",
    // A copy of a message that was delivered late, asked for an answer, or was a dead letter is none again.
    PropertyName.delayLevel, PropertyName.timerDelayMs, PropertyName.timerDelaySeconds,
    PropertyName.timerDeliverMs, "TIMER_OUT_MS", "TIMER_ENQUEUE_MS", "TIMER_DEQUEUE_MS", "TIMER_ROLL_TIMES",
    "TIMER_DEL_UNIQKEY", PropertyName.correlationId, PropertyName.replyToClient, PropertyName.timeToLive,
    PropertyName.messageType, "PUSH_REPLY_TIME", "ARRIVE_TIME", PropertyName.deadLetterOriginTopic,
    PropertyName.deadLetterOriginMessageId,
  ]

  /// The members, in a fixed order. `keys` and `tags` are null where there are none.
  static func json(_ message: Message) -> JSON {
    let own: Set<String> = [PropertyName.keys, PropertyName.tags]
    let properties = message.properties.entries.filter { !own.contains($0.name) }
    var members: [JSON.Member] = [
      .init("topic", .string(message.topic)), .init("broker", .string(message.broker)),
      .init("queueId", .int(Int64(message.queueId))), .init("queueOffset", .int(message.queueOffset)),
      .init("messageId", .string(message.messageId)),
      .init("offsetMessageId", .string(message.offsetMessageId)),
      .init("keys", message.keys.map { .string($0) } ?? .null),
      .init("tags", message.tags.map { .string($0) } ?? .null),
      .init("properties", .object(properties.map { .init($0.name, .string($0.value)) })),
      .init("bornTime", .string(Clock.rfc3339(message.bornTimestampMs))),
      .init("bornTimeMs", .int(message.bornTimestampMs)),
      .init("storeTime", .string(Clock.rfc3339(message.storeTimestampMs))),
      .init("storeTimeMs", .int(message.storeTimestampMs)),
      .init("reconsumeTimes", .int(Int64(message.reconsumeTimes))),
      .init("flag", .int(Int64(message.flag))),
    ]
    members.append(body(message.body))
    return .object(members)
  }

  /// `body` when the bytes are UTF-8, else `bodyBase64`.
  static func body(_ bytes: [UInt8]) -> JSON.Member {
    if let text = String(validating: bytes, as: UTF8.self) { return .init("body", .string(text)) }
    return .init("bodyBase64", .string(Base64.text(bytes)))
  }

  /// Reads one line.
  ///
  /// - Parameter place: Where it stands, for messages: "line 3".
  /// - Throws: `.usage` when it is no object, has no body, or a member has the wrong shape.
  static func message(_ line: [UInt8], place: String) throws(Failure) -> OutgoingMessage {
    try message(try parsed(line, place: place), place: place)
  }

  /// The object of a line.
  static func parsed(_ line: [UInt8], place: String) throws(Failure) -> JSON {
    let json: JSON
    do throws(WireError) { json = try JSON.parse(line) } catch {
      throw Failure(.usage, "\(place) is no JSON: \(error)", hint: Self.example)
    }
    guard json.members != nil else { throw Failure(.usage, "\(place) is no JSON object", hint: Self.example) }
    return json
  }

  /// As `message` of a line, from its object.
  static func message(_ json: JSON, place: String) throws(Failure) -> OutgoingMessage {
    var message = OutgoingMessage(body: try body(of: json, place))
    try addProperties(of: json, to: &message, place)
    if let keys = try keys(of: json, place), !keys.isEmpty { message.properties[PropertyName.keys] = keys }
    if let tag = json["tag"]?.string ?? json["tags"]?.string, !tag.isEmpty {
      message.properties[PropertyName.tags] = tag
    }
    if let flag = json["flag"] {
      guard let number = flag.int32 else {
        throw Failure(.usage, "flag in \(place) is no number of 32 bits", hint: Self.example)
      }
      message.flag = number
    }
    if let level = json["delayLevel"] {
      guard let number = level.int, (0...Int64(Limits.delayLevelMax)).contains(number) else {
        throw Failure(.usage, "delayLevel in \(place) is no level", hint: "0 to \(Limits.delayLevelMax)")
      }
      if number > 0 { message.properties[PropertyName.delayLevel] = "\(number)" }
    }
    // Room for the id that it gets.
    let bytes = message.properties.entries.reduce(64) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 }
    if bytes > Wire.Limits.propertiesBytesMax {
      throw Failure(
        .usage, "the properties in \(place) are too large to be stored",
        hint: "brokers take \(Wire.Limits.propertiesBytesMax) bytes of them")
    }
    return message
  }

  static let example = #"one object a line, like {"body":"hello","keys":"order-1","tag":"new"}"#

  private static func body(of json: JSON, _ place: String) throws(Failure) -> [UInt8] {
    if let text = json["bodyBase64"]?.string {
      guard let bytes = Base64.bytes(text) else {
        throw Failure(.usage, "bodyBase64 in \(place) is no base 64", hint: Self.example)
      }
      return bytes
    }
    switch json["body"] {
    case .string(let text)?: return Array(text.utf8)
    case .some(let other): return other.bytes(.standard)
    case nil: throw Failure(.usage, "\(place) has no body", hint: Self.example)
    }
  }

  private static func keys(of json: JSON, _ place: String) throws(Failure) -> String? {
    guard let keys = json["keys"] ?? json["key"] else { return nil }
    if let list = keys.array { return list.compactMap(\.string).joined(separator: " ") }
    guard let text = keys.string else {
      throw Failure(.usage, "keys in \(place) are no text", hint: Self.example)
    }
    return text
  }

  private static func addProperties(
    of json: JSON, to message: inout OutgoingMessage, _ place: String
  ) throws(Failure) {
    guard let properties = json["properties"] else { return }
    guard let members = properties.members else {
      throw Failure(.usage, "properties in \(place) are no object", hint: Self.example)
    }
    for member in members {
      guard case .string(let name) = member.key, let value = member.value.string else {
        throw Failure(
          .usage, "a property in \(place) is no text", hint: #"write "properties":{"name":"value"}"#)
      }
      if systemProperties.contains(name) || value.isEmpty { continue }
      try check(property: name, value, place)
      message.properties[name] = value
    }
  }

  /// A name or value that would tear the stored form apart is refused.
  static func check(property name: String, _ value: String, _ place: String) throws(Failure) {
    let isTorn = (name + value).utf8.contains { $0 == 1 || $0 == 2 }
    if name.isEmpty || isTorn {
      throw Failure(
        .usage, "property \(name.isEmpty ? "without a name" : name) in \(place) cannot be stored",
        hint: "names and values may not hold the bytes 1 and 2")
    }
  }
}
