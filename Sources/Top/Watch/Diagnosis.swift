// Why a group lags: one line with its evidence. A pure function of a snapshot; what belongs to one client,
// one queue or one broker is known only of the group whose detail is open.

import Wire

/// The answer for one group.
package struct Diagnosis: Equatable, Sendable {
  /// What keeps a group behind.
  package enum Cause: Equatable, Sendable {
    case noClients, paused, rebalanceLoop, retryStorm, skewedQueues, slowClient, coldReads
    /// It consumes less than comes in, and nothing above explains that.
    case slowerThanProducers
    /// It has clients that consume nothing.
    case stuck
    /// It lags and gets nearer.
    case catchingUp
  }
  package let cause: Cause
  /// One line.
  package let text: String
  /// The cell that shows it; of the detail when that is open, else of the groups' or brokers' own table.
  package let evidence: Evidence?

  /// Asks why the group in a row of the groups' table lags; nil when it does not lag, or that is not known.
  ///
  /// - Parameter isRebalancing: Whether its clients or owners changed often of late; one snapshot does not
  ///   tell.
  package static func of(group row: Int, in snapshot: Snapshot, isRebalancing: Bool = false) -> Diagnosis? {
    let table = snapshot[.groups]
    guard let lag = table.number(row, "lag").number, lag >= Limits.whyLagMin else { return nil }
    let subject = Subject(row: row, table: table, snapshot: snapshot, lag: lag, isRebalancing: isRebalancing)
    return subject.noClients ?? subject.paused ?? subject.rebalanceLoop ?? subject.retryStorm
      ?? subject.unevenLag ?? subject.coldReads ?? subject.pace
  }
}

/// A group that lags, and everything known about it.
private struct Subject {
  let row: Int
  let table: TableData
  let snapshot: Snapshot
  let lag: Double
  let isRebalancing: Bool

  /// A share of something from which on it is the cause.
  static let mostOf = 0.5
  static let retryShare = 0.3
  static let retryMin = 100.0
  /// A client is slow when a message takes it so many times as long as the others, and at least so long.
  static let slowerTimes = 3.0
  static let slowMsMin = 5.0
  /// A queue stands out when it has so many times the mean of all.
  static let skewTimes = 3.0
  static let coldRatioMin = 0.2

  var name: String { table.names[row] }
  /// The tables of its detail are there.
  var isOpen: Bool { snapshot.detail?.target == .group(name) }

  func number(_ key: String) -> Double? { table.number(row, key).number }
  func shown(_ key: String) -> String { WatchText.number(table, row, key) }
  func share(_ part: Double, _ whole: Double) -> String { NumberText.percent(whole > 0 ? part / whole : 0) }

  func answer(_ cause: Diagnosis.Cause, _ text: String, _ evidence: Evidence) -> Diagnosis {
    Diagnosis(cause: cause, text: text, evidence: evidence)
  }
  func own(_ key: String) -> Evidence { Evidence(.groups, name, key) }

  var noClients: Diagnosis? {
    number("clients") == 0 ? answer(.noClients, "no clients", own("clients")) : nil
  }

  var paused: Diagnosis? {
    guard let column = table.kind.column("state"), table.text(row, column) == "paused" else { return nil }
    return answer(.paused, "paused: the group may not consume", own("state"))
  }

  var rebalanceLoop: Diagnosis? {
    isRebalancing
      ? answer(.rebalanceLoop, "rebalance loop: its clients or owners keep changing", own("clients")) : nil
  }

  var retryStorm: Diagnosis? {
    if let retry = number("retry"), retry >= Self.retryMin, retry >= Self.retryShare * lag {
      return answer(.retryStorm, "retry storm: \(shown("retry")) wait for another attempt", own("retry"))
    }
    guard isOpen else { return nil }
    let clients = snapshot[.groupClients]
    guard let worst = Self.largest(clients, "failed"), let failed = clients.number(worst, "failed").number,
      failed >= 1, failed >= Self.retryShare * (clients.number(worst, "out").number ?? 0)
    else { return nil }
    return answer(
      .retryStorm,
      "retry storm: \(clients.names[worst]) fails on \(WatchText.number(clients, worst, "failed"))",
      Evidence(.groupClients, clients.names[worst], "failed"))
  }

  /// One queue or one client has most of the lag.
  var unevenLag: Diagnosis? {
    guard isOpen else { return nil }
    let queues = snapshot[.groupQueues]
    let clients = snapshot[.groupClients]
    let skew = skewedQueue(queues)
    guard let slow = slowClient(clients) else { return skew }
    // A client behind on one queue of several is not slow: that queue gets too much.
    if let skew, case let row = skew.evidence?.row, let queue = queues.names.firstIndex(where: { $0 == row }),
      queues.text(queue, "owner") == slow.evidence?.row,
      queues.names.indices.filter({ queues.text($0, "owner") == slow.evidence?.row }).count > 1
    {
      return skew
    }
    return slow
  }

  private func skewedQueue(_ queues: TableData) -> Diagnosis? {
    guard queues.count >= 2, let top = Self.largest(queues, "lag"),
      let most = queues.number(top, "lag").number
    else { return nil }
    let sum = Self.sum(queues, "lag")
    let mean = sum / Double(queues.count)
    guard most >= Limits.whyLagMin, most >= Self.mostOf * sum,
      most >= min(Self.skewTimes, Double(queues.count) - 0.5) * mean
    else { return nil }
    return answer(
      .skewedQueues, "skewed queues: \(queues.names[top]) has \(share(most, sum)) of the lag",
      Evidence(.groupQueues, queues.names[top], "lag"))
  }

  private func slowClient(_ clients: TableData) -> Diagnosis? {
    guard clients.count >= 2 else { return nil }
    let sum = Self.sum(clients, "lag")
    if let worst = Self.largest(clients, "time"), let time = clients.number(worst, "time").number {
      let others = clients.names.indices.filter { $0 != worst }.compactMap {
        clients.number($0, "time").number
      }
      let usual = others.arranged(by: <).dropFirst(others.count / 2).first
      let itsLag = clients.number(worst, "lag").number
      let isBehind = itsLag.map { $0 >= sum / Double(clients.count) } ?? true
      if let usual, isBehind, time >= Self.slowMsMin, time >= Self.slowerTimes * usual {
        let part = itsLag.map { ", has \(share($0, sum)) of the lag" } ?? ""
        return answer(
          .slowClient,
          "slow client: \(clients.names[worst]) takes \(NumberText.milliseconds(time)) a message, others "
            + NumberText.milliseconds(usual) + part,
          Evidence(.groupClients, clients.names[worst], "time"))
      }
    }
    guard let worst = Self.largest(clients, "lag"), let most = clients.number(worst, "lag").number,
      most >= Limits.whyLagMin, most >= Self.mostOf * sum
    else { return nil }
    // Its share of the lag must be out of proportion to its share of the queues.
    let queues = Self.sum(clients, "queues")
    let its = clients.number(worst, "queues").number ?? queues / Double(clients.count)
    let fair = queues > 0 ? its / queues : 1 / Double(clients.count)
    guard most / sum >= 1.5 * fair else { return nil }
    return answer(
      .slowClient, "slow client: \(clients.names[worst]) has \(share(most, sum)) of the lag",
      Evidence(.groupClients, clients.names[worst], "lag"))
  }

  /// The broker with most of the lag reads from disk; without a detail, any broker that does.
  var coldReads: Diagnosis? {
    let brokers = snapshot[.brokers]
    func cold(_ row: Int) -> Double { brokers.number(row, "cold").number ?? 0 }
    guard let coldest = brokers.names.indices.max(by: { cold($0) < cold($1) }) else { return nil }
    guard isOpen else {
      if cold(coldest) < Self.coldRatioMin { return nil }
      return answer(
        .coldReads, "cold reads: \(brokers.names[coldest]) reads \(share(cold(coldest), 1)) from disk",
        Evidence(.brokers, brokers.names[coldest], "cold"))
    }
    let queues = snapshot[.groupQueues]
    guard let top = Self.largest(queues, "lag") else { return nil }
    let broker = queues.text(top, "broker")
    // "broker-a/0" is a process of "broker-a".
    guard
      let row = brokers.names.indices.first(where: {
        brokers.names[$0] == broker || brokers.names[$0].hasPrefix(broker + "/")
      }), !broker.isEmpty, cold(row) >= Self.coldRatioMin
    else { return nil }
    return answer(
      .coldReads, "cold reads: \(broker) reads \(share(cold(row), 1)) from disk",
      Evidence(.groupQueues, queues.names[top], "broker"))
  }

  /// Nothing is wrong with it but its pace.
  var pace: Diagnosis? {
    let out = number("out")
    guard let slope = number("slope") else {
      return out == 0 ? stuck : nil
    }
    if out == 0, slope >= 0 { return stuck }
    if slope > 0.5 {
      let pace = out == nil ? "" : "\(shown("out")) out, "
      return answer(
        .slowerThanProducers, "slower than its producers: \(pace)lag \(shown("slope"))", own("slope"))
    }
    if slope < -0.5 {
      let leftMs = Int64(min(lag / -slope, 1e9) * 1_000)
      return answer(.catchingUp, "catching up: done in about \(WatchText.span(leftMs))", own("slope"))
    }
    return answer(.slowerThanProducers, "as fast as its producers, so the lag stays", own("slope"))
  }
  private var stuck: Diagnosis? {
    guard let clients = number("clients"), clients > 0 else { return nil }
    let who = clients == 1 ? "its client consumes" : "\(shown("clients")) clients consume"
    return answer(.stuck, "stuck: \(who) nothing", own("out"))
  }

  private static func sum(_ table: TableData, _ key: String) -> Double {
    table.names.indices.reduce(0) { $0 + (table.number($1, key).number ?? 0) }
  }
  /// The row with the largest number in a column, nil when none has one.
  private static func largest(_ table: TableData, _ key: String) -> Int? {
    let known = table.names.indices.filter { table.number($0, key).number != nil }
    return known.max { (table.number($0, key).number ?? 0) < (table.number($1, key).number ?? 0) }
  }
}
