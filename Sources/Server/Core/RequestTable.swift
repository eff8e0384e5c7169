// Request codes as rows. A family file lists its rows beside its functions; this file collects them.

import Wire

/// Answers one request. Appends its answer to `session.out` (see Answer.swift) unless the request is one-way.
///
/// `fields` are the header's bytes (ranges of `header` point into them), `body` the frame's body; both are
/// borrowed from the read buffer and valid only during the call. Loop thread only.
typealias Handler = @Sendable (Node, Session, borrowing RemotingHeader, RawSpan, RawSpan) -> Void

/// How much work a request may cause: what a reader of the table may expect of the handler.
enum Cost: Sendable {
  case constant
  /// Proportional to what it returns.
  case linear
  /// Walks tables of the whole broker.
  case scan
}

/// One request code: number, Apache's name, the doors it is served at, cost, function.
struct RequestRow: Sendable {
  let code: RequestCode
  let name: StaticString
  let doors: Doors
  let cost: Cost
  let handler: Handler

  struct Doors: OptionSet, Sendable {
    let rawValue: UInt8
    static let nameServer = Doors(rawValue: 1)
    static let broker = Doors(rawValue: 2)
    static let fast = Doors(rawValue: 4)
    /// Both ports of the broker.
    static let brokers: Doors = [.broker, .fast]
  }

  init(_ code: RequestCode, _ name: StaticString, _ doors: Doors, _ cost: Cost, _ handler: @escaping Handler)
  {
    self.code = code
    self.name = name
    self.doors = doors
    self.cost = cost
    self.handler = handler
  }
}

/// Code → row, one array per door. Built once at start.
struct RequestTable {
  /// Rows by code below this are found by index; the few above (901, 904 …) by search.
  static let directCodes = 512
  /// By door, then code; one array, because it is asked for every request.
  private var direct: [RequestRow?]
  private var others: [[RequestRow]]

  init(_ families: [[RequestRow]]) {
    direct = Array(repeating: nil, count: 3 * Self.directCodes)
    others = Array(repeating: [], count: 3)
    for row in families.joined() {
      for (door, bit) in [RequestRow.Doors.nameServer, .broker, .fast].enumerated()
      where row.doors.contains(bit) {
        let code = Int(row.code.rawValue)
        if code < Self.directCodes {
          let place = door * Self.directCodes + code
          precondition(direct[place] == nil, "two rows for one request code")
          direct[place] = row
        } else {
          others[door].append(row)
        }
      }
    }
  }

  /// The handler of `code` at that door, nil when it is not served there.
  func handler(_ code: Int32, at role: Role) -> Handler? {
    let door = Int(role.rawValue)
    if code >= 0 && code < Int32(Self.directCodes) {
      return direct[door * Self.directCodes + Int(code)]?.handler
    }
    return others[door].first { $0.code.rawValue == code }?.handler
  }
}
