// YAML and JSON files as values that know their lines, so that every complaint can name the place.
//
// JSON is read as the YAML that it is. References (`&a`, `*a`) are refused: nobody needs them here, and they
// can make a small file huge. Unsafe code: libyaml gets pointers that live as long as the parser, which one
// function makes and frees; texts are copied out of an event before it is freed.

import CYaml
import Linux
import Wire

/// A value of a file.
struct FileNode {
  struct Member {
    var key: String
    var line: Int
    var value: FileNode
  }
  enum Content {
    /// `isQuoted` tells "null" in quotes from null.
    case scalar(String, isQuoted: Bool)
    case list([FileNode])
    case map([Member])
  }
  var content: Content
  /// From 1.
  var line: Int

  /// Nothing: an empty value, `~` or `null`.
  var isNull: Bool {
    if case .scalar(let text, false) = content { return text.isEmpty || text == "~" || text == "null" }
    return false
  }
  /// The text of a scalar.
  var text: String? {
    if case .scalar(let text, _) = content { return text }
    return nil
  }
  /// The members of a map; none for nothing.
  var members: [Member]? {
    if case .map(let members) = content { return members }
    return isNull ? [] : nil
  }
  /// The items of a list.
  var items: [FileNode]? {
    if case .list(let items) = content { return items }
    return nil
  }

  /// As JSON: plain scalars by how they look, quoted ones as text.
  var json: JSON {
    switch content {
    case .list(let items): return .array(items.map(\.json))
    case .map(let members): return .object(members.map { JSON.Member($0.key, $0.value.json) })
    case .scalar(let text, let isQuoted):
      if isQuoted { return .string(text) }
      if isNull { return .null }
      if text == "true" || text == "false" { return .bool(text == "true") }
      return Int64(text).map { .int($0) } ?? Double(text).map { .double($0) } ?? .string(text)
    }
  }

  /// Reads a file, or standard input for "-".
  ///
  /// - Returns: One value for each document of the file.
  static func read(_ path: String) throws(Failure) -> [FileNode] {
    let name = path == "-" ? "standard input" : path
    let bytes: [UInt8]
    if path == "-" {
      bytes = try standardInput()
    } else {
      do throws(Errno) {
        bytes = try FileSystem.readWhole(path, bytesMax: Limits.applyFileBytesMax)
      } catch { throw LineReader.failure(path, error) }
    }
    return try parse(bytes, name: name)
  }

  private static func standardInput() throws(Failure) -> [UInt8] {
    var lines = LineReader()
    var bytes: [UInt8] = []
    while let line = try lines.next() {
      bytes += line + [0x0A]
      if bytes.count > Limits.applyFileBytesMax {
        throw Failure(
          .failed, "standard input is longer than \(Limits.applyFileBytesMax) bytes",
          hint: "apply it in parts")
      }
    }
    return bytes
  }

  /// The documents of a text. `name` stands before the line in errors.
  static func parse(_ bytes: [UInt8], name: String) throws(Failure) -> [FileNode] {
    var reader = Reader(name: name)
    var failure: Failure?
    unsafe bytes.withUnsafeBufferPointer { buffer in
      // The parser remembers its own address and that of the input: both stay until it is deleted.
      let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
      defer { unsafe parser.deallocate() }
      guard unsafe yaml_parser_initialize(parser) == 1 else { return }
      defer { unsafe yaml_parser_delete(parser) }
      unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
      unsafe yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
      do throws(Failure) { try unsafe reader.documents(parser) } catch { failure = error }
    }
    if let failure { throw failure }
    return reader.documents
  }
}

/// What one event of the parser says, copied out of it.
private enum Event {
  case scalar(FileNode)
  case listStart(line: Int), listEnd
  case mapStart(line: Int), mapEnd
  case reference(line: Int)
  case other
  case end
}

/// Builds values out of the parser's events.
private struct Reader {
  let name: String
  var documents: [FileNode] = []
  private var nodes = 0

  init(name: String) { self.name = name }

  mutating func documents(_ parser: UnsafeMutablePointer<yaml_parser_t>) throws(Failure) {
    while true {
      let event = try unsafe next(parser)
      if case .end = event { return }
      if case .other = event { continue }
      documents.append(try unsafe node(event, parser, depth: 0))
    }
  }

  private mutating func node(
    _ event: Event, _ parser: UnsafeMutablePointer<yaml_parser_t>, depth: Int
  ) throws(Failure) -> FileNode {
    nodes += 1
    switch event {
    case .scalar(let node): return node
    case .listStart(let line):
      try check(depth, line)
      var items: [FileNode] = []
      while true {
        let event = try unsafe next(parser)
        if case .listEnd = event { return FileNode(content: .list(items), line: line) }
        items.append(try unsafe node(event, parser, depth: depth + 1))
      }
    case .mapStart(let line):
      try check(depth, line)
      return FileNode(content: .map(try unsafe members(parser, depth: depth + 1)), line: line)
    case .reference(let line):
      throw Failure(.usage, "\(name):\(line): references are not supported", hint: "write the value itself")
    case .listEnd, .mapEnd, .other, .end:
      preconditionFailure("the parser closed what it had not opened")
    }
  }

  private mutating func members(
    _ parser: UnsafeMutablePointer<yaml_parser_t>, depth: Int
  ) throws(Failure) -> [FileNode.Member] {
    var members: [FileNode.Member] = []
    var lines: [String: Int] = [:]
    while true {
      let event = try unsafe next(parser)
      if case .mapEnd = event { return members }
      let key = try unsafe node(event, parser, depth: depth)
      guard let text = key.text else {
        throw Failure(.usage, "\(name):\(key.line): a key is no text", hint: "put it in quotes")
      }
      if let former = lines.updateValue(key.line, forKey: text) {
        throw Failure(.usage, "\(name):\(key.line): \(text) comes twice, first in line \(former)")
      }
      let value = try unsafe node(try unsafe next(parser), parser, depth: depth)
      members.append(FileNode.Member(key: text, line: key.line, value: value))
    }
  }

  private func check(_ depth: Int, _ line: Int) throws(Failure) {
    if depth > Limits.applyDepthMax || nodes > Limits.applyNodesMax {
      throw Failure(.usage, "\(name):\(line): the file is too deep or has too many values")
    }
  }

  private func next(_ parser: UnsafeMutablePointer<yaml_parser_t>) throws(Failure) -> Event {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw unsafe complaint(parser) }
    defer { unsafe yaml_event_delete(&event) }
    let line = Int(unsafe event.start_mark.line) + 1
    switch unsafe event.type {
    case YAML_STREAM_END_EVENT: return .end
    case YAML_ALIAS_EVENT: return .reference(line: line)
    case YAML_SEQUENCE_START_EVENT: return .listStart(line: line)
    case YAML_SEQUENCE_END_EVENT: return .listEnd
    case YAML_MAPPING_START_EVENT: return .mapStart(line: line)
    case YAML_MAPPING_END_EVENT: return .mapEnd
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      let text = unsafe String(decoding: bytes, as: UTF8.self)
      let isQuoted = unsafe scalar.style != YAML_PLAIN_SCALAR_STYLE
      return .scalar(FileNode(content: .scalar(text, isQuoted: isQuoted), line: line))
    default: return .other
    }
  }

  private func complaint(_ parser: UnsafeMutablePointer<yaml_parser_t>) -> Failure {
    let line = Int(unsafe parser.pointee.problem_mark.line) + 1
    let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "it is no YAML"
    return Failure(
      .usage, "\(name):\(line): \(problem)", hint: "mq help apply shows the form of the file")
  }
}
