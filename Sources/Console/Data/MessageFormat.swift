// The little language of `mq consume --format`: text with %-escapes, compiled once and applied to each
// message.

import Client
import Linux
import Wire

/// A compiled format. Control characters of the message itself are shown as escapes when `isForTerminal`.
struct MessageFormat: Equatable, Sendable {
  private enum Piece: Equatable, Sendable {
    case literal(String)
    case field(Field)
    case property(String)
  }

  /// What a %-escape stands for.
  private enum Field: Character, CaseIterable, Sendable {
    case topic = "t"
    case broker = "B"
    case queue = "q"
    case offset = "o"
    case keys = "k"
    case tag = "g"
    case body = "b"
    case bodyBytes = "s"
    case storeTime = "T"
    case storeTimeMs = "m"
    case bornTime = "C"
    case id = "i"
    case properties = "p"
    case reconsumeTimes = "r"

    var meaning: String {
      switch self {
      case .topic: "topic"
      case .broker: "broker"
      case .queue: "queue"
      case .offset: "offset in the queue"
      case .keys: "keys"
      case .tag: "tag"
      case .body: "body"
      case .bodyBytes: "bytes of the body"
      case .storeTime: "time of storing"
      case .storeTimeMs: "the same in ms since 1970"
      case .bornTime: "time of sending"
      case .id: "message id"
      case .properties: "all properties, name=value,name=value"
      case .reconsumeTimes: "how often it was consumed in vain"
      }
    }
  }

  private var pieces: [Piece] = []

  /// Words for the help of commands that take a format.
  static var help: String {
    Field.allCases.map { "%\($0.rawValue) \($0.meaning)" }.joined(separator: "; ")
      + "; %{NAME} that property; %% a percent sign; \\n, \\t, \\0, \\\\. "
      + "A line break ends each message unless the format ends with \\n, \\0 or \\c (nothing)."
  }

  /// - Throws: `.usage`, naming the escape that is unknown or cut.
  init(_ text: String) throws(Failure) {
    var rest = Substring(text)
    var literal = ""
    var endsItself = false
    while let character = rest.popFirst() {
      endsItself = false
      switch character {
      case "\\":
        guard let letter = rest.popFirst() else { throw Self.unknown("\\", text) }
        endsItself = letter == "n" || letter == "0" || letter == "c"
        literal += try Self.escaped(letter, text)
      case "%":
        guard let letter = rest.popFirst() else { throw Self.unknown("%", text) }
        if letter == "%" {
          literal += "%"
          continue
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        literal = ""
        pieces.append(try Self.piece(letter, &rest, text))
      default: literal.append(character)
      }
    }
    if !endsItself { literal += "\n" }
    if !literal.isEmpty { pieces.append(.literal(literal)) }
  }

  private static func escaped(_ letter: Character, _ text: String) throws(Failure) -> String {
    switch letter {
    case "n": "\n"
    case "t": "\t"
    case "r": "\r"
    case "0": "\0"
    case "c": ""
    case "\\": "\\"
    default: throw unknown("\\\(letter)", text)
    }
  }

  private static func piece(_ letter: Character, _ rest: inout Substring, _ text: String) throws(Failure)
    -> Piece
  {
    if letter == "{" {
      guard let end = rest.firstIndex(of: "}"), end > rest.startIndex else { throw unknown("%{", text) }
      defer { rest = rest[rest.index(after: end)...] }
      return .property(String(rest[..<end]))
    }
    guard let field = Field(rawValue: letter) else { throw unknown("%\(letter)", text) }
    return .field(field)
  }

  private static func unknown(_ escape: String, _ text: String) -> Failure {
    Failure(
      .usage, "\(escape) in --format '\(text)' is not known", hint: "mq consume --help lists the escapes")
  }

  /// Appends one message to `out`.
  func write(_ message: Message, isForTerminal: Bool, to out: inout [UInt8]) {
    for piece in pieces {
      switch piece {
      case .literal(let text): out += text.utf8
      case .property(let name): Self.append(message.properties[name] ?? "", isForTerminal, to: &out)
      case .field(.body):
        if isForTerminal {
          Self.append(String(decoding: message.body, as: UTF8.self), true, to: &out)
        } else {
          out += message.body
        }
      case .field(let field): Self.append(Self.text(field, of: message), isForTerminal, to: &out)
      }
    }
  }

  private static func append(_ text: String, _ isForTerminal: Bool, to out: inout [UInt8]) {
    out += (isForTerminal ? Escape.terminal(text, keepLines: true) : text).utf8
  }

  private static func text(_ field: Field, of message: Message) -> String {
    switch field {
    case .topic: message.topic
    case .broker: message.broker
    case .queue: "\(message.queueId)"
    case .offset: "\(message.queueOffset)"
    case .keys: message.keys ?? ""
    case .tag: message.tags ?? ""
    case .body: String(decoding: message.body, as: UTF8.self)
    case .bodyBytes: "\(message.body.count)"
    case .storeTime: Clock.rfc3339(message.storeTimestampMs)
    case .storeTimeMs: "\(message.storeTimestampMs)"
    case .bornTime: Clock.rfc3339(message.bornTimestampMs)
    case .id: message.messageId
    case .properties: message.properties.entries.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    case .reconsumeTimes: "\(message.reconsumeTimes)"
    }
  }
}
