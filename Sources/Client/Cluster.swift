// The connections of a command to one cluster: opened on demand, kept, and asked all at once.
//
// Blocking, one thread. Every call has one absolute deadline; nothing waits longer, whoever hangs.

import Linux
package import Wire

/// What came while `Cluster.arrivals` waited.
package struct Arrivals: Sendable {
  /// Answers to begun calls, by ticket, or why there is none.
  package var answers: [(ticket: Int32, result: Result<Response, ClientError>)] = []
  /// Accepted requests, in the order of coming.
  package var requests: [ServerRequest] = []
  /// Whether the interrupter was readable once.
  package var isInterrupted = false
  /// Nothing came.
  package var isEmpty: Bool { answers.isEmpty && requests.isEmpty && !isInterrupted }
}

/// Connections to one cluster, opened on demand and kept. Not Sendable: one thread.
package final class Cluster {
  /// "host:port" each.
  package let nameServers: [String]
  /// Time for one call, or for all calls after `shareDeadline`, in ms.
  package let timeoutMs: Int64

  private var connections: [String: Connection] = [:]
  private var poller: Poller?
  private var nextOpaque: Int32 = 1
  private var tokens: [UInt64: Connection] = [:]
  private var sharedDeadlineMs: Int64?
  /// Who did not answer since the deadline was set, and how long that was waited for, in ms.
  private var hung: [String: Int64] = [:]
  private var liveNameServer = 0
  private var accepted: Set<Int32> = []
  private var answering: ((ServerRequest) -> [UInt8]?)?
  /// Calls begun and not yet finished, by correlation id.
  private var begun: [Int32: (address: String, request: RequestCode, deadlineMs: Int64)] = [:]
  private var finished: [(ticket: Int32, result: Result<Response, ClientError>)] = []
  private var interrupter: CInt?
  private var isWatchingInterrupter = false
  private var isInterrupted = false
  private var trace: ((String) -> Void)?
  /// Signs every request; nil signs none.
  package var credentials: Credentials?
  /// Addresses that a name server gave for brokers.
  private var advertised: Set<String> = []

  /// Connects to nothing yet. `nameServers`: "host:port" each.
  package init(nameServers: [String], timeoutMs: Int64) {
    precondition(timeoutMs > 0)
    self.nameServers = nameServers
    self.timeoutMs = timeoutMs
  }

  /// From now on all calls together may take `timeoutMs`, as one command that must end in time. Call it again
  /// to start afresh. Without it each call has `timeoutMs` of its own.
  ///
  /// A peer that all others wait for gets half of what is left, and is not asked again: the others have the
  /// rest for the questions that follow.
  package func shareDeadline() {
    sharedDeadlineMs = Clock.monotonicMs() + timeoutMs
    hung.removeAll()
  }

  /// Tells `body` of every request: "202 getTopicStatsInfo to 127.0.0.1:10911, topic=Orders".
  package func traceRequests(_ body: @escaping (String) -> Void) { trace = body }

  /// Bodies are left out: some hold passwords, others are long.
  private func tell(_ request: Request, to address: String) {
    guard let trace else { return }
    let fields = request.fields.map { ", \($0.name)=\($0.value)" }.joined()
    trace("\(request.code.rawValue) \(request.code) to \(address)\(fields)")
  }

  /// Remembers that a name server gave this address: when nobody answers there, that is the likely reason.
  func noteAdvertised(_ address: String) { advertised.insert(address) }

  // MARK: Calls

  /// Sends one request and waits for its answer, whatever its code.
  ///
  /// - Parameter waitMs: How long the peer may hold the request (a long poll); added to the deadline.
  package func call(_ address: String, _ request: Request, waitMs: Int64 = 0) throws(ClientError) -> Response
  {
    try callAll([(address, request)], waitMs: waitMs)[0].get()
  }

  /// Sends many at once and waits until all are answered or the deadline is over. Results in the order of the
  /// calls; those to one address share its connection and are pipelined.
  package func callAll(
    _ calls: [(address: String, request: Request)], waitMs: Int64 = 0
  ) -> [Result<Response, ClientError>] {
    callAll(calls, deadlineMs: deadline(waitMs: waitMs))
  }

  private func callAll(
    _ calls: [(address: String, request: Request)], deadlineMs: Int64
  ) -> [Result<Response, ClientError>] {
    precondition(calls.count <= Limits.callsMax)
    var results = [Result<Response, ClientError>?](repeating: nil, count: calls.count)
    var open: [Int32: Int] = [:]
    let startMs = Clock.monotonicMs()
    for (index, call) in calls.enumerated() {
      if hung[call.address] != nil {
        results[index] = .failure(timedOut(call.address, call.request.code))
        continue
      }
      tell(call.request, to: call.address)
      do throws(ClientError) {
        let connection = try connection(to: call.address)
        let opaque = nextOpaque
        nextOpaque &+= 1
        connection.enqueue(call.request.signed(by: credentials), opaque: opaque)
        open[opaque] = index
      } catch {
        results[index] = .failure(error.about(call.address, call.request.code))
      }
    }
    let addresses = Set(calls.map(\.address))
    for address in addresses { connections[address]?.send() }
    while !open.isEmpty {
      collect(&open, &results)
      failDead(&open, &results, calls)
      if open.isEmpty { break }
      let endMs = othersWait(addresses) ? (startMs + deadlineMs) / 2 : deadlineMs
      let leftMs = endMs - Clock.monotonicMs()
      if leftMs <= 0 { break }
      wait(leftMs)
    }
    if sharedDeadlineMs != nil {
      for index in open.values { hung[calls[index].address] = Clock.monotonicMs() - startMs }
    }
    for (opaque, index) in open {
      results[index] = .failure(timedOut(calls[index].address, calls[index].request.code))
      open[opaque] = nil
    }
    dropDead()
    return zip(calls, results).map { call, result in
      result!.map { known($0, call.address, call.request.code) }
    }
  }

  /// Whether under a shared deadline some of these have answered all and others have not.
  private func othersWait(_ addresses: Set<String>) -> Bool {
    sharedDeadlineMs != nil && addresses.contains { connections[$0].map { $0.pending == 0 } ?? true }
  }

  /// The answer with what it answers.
  private func known(_ response: Response, _ address: String, _ request: RequestCode) -> Response {
    var response = response
    response.origin = Origin(
      request: request, user: credentials?.accessKey, isNameServer: nameServers.contains(address))
    return response
  }

  /// Sends without waiting for an answer. Delivery is not certain.
  package func tell(_ address: String, _ request: Request) throws(ClientError) {
    let deadlineMs = deadline(waitMs: 0)
    let connection = try connection(to: address)
    connection.enqueue(request.signed(by: credentials), opaque: nextOpaque, oneWay: true)
    nextOpaque &+= 1
    connection.send()
    while !connection.isDead && connection.interest != .readable {
      let leftMs = deadlineMs - Clock.monotonicMs()
      if leftMs <= 0 { throw timedOut(address, request.code) }
      wait(leftMs)
    }
    if case .dead(let why) = connection.state {
      dropDead()
      throw lost(address, why, request.code)
    }
  }

  // MARK: Calls that others may overtake

  /// Keeps requests of these codes for `arrivals`; without this every request of a broker is refused.
  package func accept(_ codes: Set<Int32>) {
    accepted = codes
    for connection in connections.values { connection.accepted = codes }
  }

  /// Answers requests of brokers that are not accepted with the body that `body` gives; nil refuses. Called
  /// in the midst of calls: it must not call itself.
  package func answer(_ body: @escaping (ServerRequest) -> [UInt8]?) {
    answering = body
    for connection in connections.values { connection.answering = body }
  }

  /// From now on `arrivals` returns as soon as this descriptor is readable, once.
  package func interrupt(on raw: CInt) { interrupter = raw }

  /// Sends a request whose answer `arrivals` brings, under the returned ticket.
  package func begin(
    _ address: String, _ request: Request, waitMs: Int64 = 0
  ) throws(ClientError) -> Int32 {
    tell(request, to: address)
    let connection = try connection(to: address)
    let opaque = nextOpaque
    nextOpaque &+= 1
    connection.enqueue(request.signed(by: credentials), opaque: opaque)
    connection.send()
    begun[opaque] = (address, request.code, deadline(waitMs: waitMs))
    return opaque
  }

  /// As `begin` of each, with one write per connection; tickets in the order of the calls.
  package func beginAll(
    _ calls: [(address: String, request: Request)]
  ) -> [Result<Int32, ClientError>] {
    let tickets = calls.map { call -> Result<Int32, ClientError> in
      tell(call.request, to: call.address)
      do throws(ClientError) {
        let opaque = nextOpaque
        try connection(to: call.address).enqueue(call.request.signed(by: credentials), opaque: opaque)
        nextOpaque &+= 1
        begun[opaque] = (call.address, call.request.code, deadline(waitMs: 0))
        return .success(opaque)
      } catch {
        return .failure(error.about(call.address, call.request.code))
      }
    }
    for address in Set(calls.map(\.address)) { connections[address]?.send() }
    return tickets
  }

  /// Gives begun calls more time, after the caller was busy with something else for so long: what came
  /// meanwhile is no late answer.
  package func postpone(byMs ms: Int64) {
    for ticket in begun.keys { begun[ticket]!.deadlineMs += ms }
  }

  /// Waits until an answer to a begun call is there, or an accepted request, or the interruption; at most
  /// `waitMs`: with 0 it takes what is there. A connection that ends fails its begun calls.
  package func arrivals(waitMs: Int64) -> Arrivals {
    let endMs = Clock.monotonicMs() + waitMs
    // Who is never idle must hear of an interruption too.
    wait(0)
    while true {
      var none: [Int32: Int] = [:]
      var noResults: [Result<Response, ClientError>?] = []
      collect(&none, &noResults)
      let nowMs = Clock.monotonicMs()
      for (ticket, call) in begun where nowMs >= call.deadlineMs {
        finished.append((ticket, .failure(timedOut(call.address, call.request))))
        begun[ticket] = nil
      }
      dropDead()
      var arrivals = Arrivals(answers: finished)
      finished.removeAll()
      for connection in connections.values { arrivals.requests += connection.takeAsked() }
      arrivals.isInterrupted = isInterrupted
      isInterrupted = false
      if !arrivals.isEmpty || nowMs >= endMs { return arrivals }
      wait(min(endMs, begun.values.map(\.deadlineMs).min() ?? endMs) - nowMs)
    }
  }

  /// As `call` on any live name server: they are tried in turn, beginning with the one that answered last.
  package func nameServer(_ request: Request) throws(ClientError) -> Response {
    var failure = ClientError(.usage, "no name server is known", hint: "give one with -n host:port")
    for step in nameServers.indices {
      let index = (liveNameServer + step) % nameServers.count
      do throws(ClientError) {
        // One that hangs leaves time for the others.
        let nowMs = Clock.monotonicMs()
        let shareMs = (deadline(waitMs: 0) - nowMs) / Int64(nameServers.count - step)
        let response = try callAll([(nameServers[index], request)], deadlineMs: nowMs + shareMs)[0].get()
        liveNameServer = index
        return response
      } catch {
        if step == 0 || error.kind != .unreachable { failure = error }
      }
    }
    if nameServers.count > 1 {
      throw ClientError(
        failure.kind, "none of \(nameServers.count) name servers answered; \(failure.message)",
        hint: failure.hint)
    }
    throw failure
  }

  /// The address of the name server that answered last, for messages.
  package var nameServerAddress: String { nameServers.isEmpty ? "" : nameServers[liveNameServer] }

  // MARK: The loop of one call

  private func deadline(waitMs: Int64) -> Int64 {
    let own = Clock.monotonicMs() + (waitMs > 0 ? waitMs + Limits.longPollSlackMs : timeoutMs)
    return min(own, sharedDeadlineMs ?? own)
  }

  private func connection(to address: String) throws(ClientError) -> Connection {
    if let kept = connections[address] {
      if kept.state == .open && kept.hasAnswered { kept.receive() }
      if !kept.isDead { return kept }
      dropDead()
    }
    guard let (host, port) = Address.split(address) else {
      throw ClientError(.usage, "\(address) is no address", hint: "write host:port")
    }
    do throws(Errno) {
      let connection = try Connection(address: address, host: host, port: port)
      connection.accepted = accepted
      connection.answering = answering
      connections[address] = connection
      return connection
    } catch {
      if error == Self.unknownHost {
        throw ClientError(.unreachable, "\(host) is no known host", hint: unknownHostHint(address))
      }
      throw lost(address, error == .connectionRefused ? Connection.refused : "cannot be reached: \(error)")
    }
  }

  /// Token of the interrupter; those of connections are descriptors.
  private static let interruption = UInt64.max

  /// What resolving a name that does not exist fails with (ENXIO).
  private static let unknownHost = Errno(rawValue: 6)

  private func wait(_ leftMs: Int64) {
    do throws(Errno) {
      if poller == nil { poller = try Poller() }
      let poller = poller!
      for connection in connections.values
      where !connection.isDead && connection.registered != connection.interest {
        let token = UInt64(connection.raw)
        if connection.registered == nil {
          try poller.add(connection.raw, token: token, connection.interest)
          tokens[token] = connection
        } else {
          try poller.modify(connection.raw, token: token, connection.interest)
        }
        connection.registered = connection.interest
      }
      if let interrupter, !isWatchingInterrupter {
        try poller.add(interrupter, token: Self.interruption, .readable)
        isWatchingInterrupter = true
      }
      let count = poller.wait(timeoutMs: Int32(max(0, min(leftMs, 1_000_000))))
      for index in 0..<count {
        let event = poller.event(index)
        if event.token == Self.interruption, let interrupter {
          // It stays readable; watching on would spin.
          poller.remove(interrupter)
          isInterrupted = true
        }
        tokens[event.token]?.advance(event.readiness)
      }
    } catch {
      preconditionFailure("the kernel refused an event queue: \(error)")
    }
  }

  private func collect(_ open: inout [Int32: Int], _ results: inout [Result<Response, ClientError>?]) {
    for connection in connections.values {
      for (opaque, response) in connection.takeArrived() {
        if let index = open.removeValue(forKey: opaque) {
          results[index] = .success(response)
        } else if let call = begun.removeValue(forKey: opaque) {
          finished.append((opaque, .success(known(response, call.address, call.request))))
        }
      }
    }
  }

  private func failDead(
    _ open: inout [Int32: Int], _ results: inout [Result<Response, ClientError>?],
    _ calls: [(address: String, request: Request)]
  ) {
    guard connections.values.contains(where: \.isDead) else { return }
    for (opaque, index) in open {
      let address = calls[index].address
      if case .dead(let why)? = connections[address]?.state {
        results[index] = .failure(lost(address, why, calls[index].request.code))
        open[opaque] = nil
      }
    }
  }

  private func dropDead() {
    for (address, connection) in connections where connection.isDead {
      if connection.registered != nil {
        poller?.remove(connection.raw)
        tokens[UInt64(connection.raw)] = nil
      }
      if case .dead(let why) = connection.state {
        for (ticket, call) in begun where call.address == address {
          finished.append((ticket, .failure(lost(address, why, call.request))))
          begun[ticket] = nil
        }
      }
      connections[address] = nil
    }
  }

  private func lost(_ address: String, _ why: String, _ request: RequestCode? = nil) -> ClientError {
    if why.hasPrefix("answered") {
      let hint = "is that the port of a name server or broker?"
      return ClientError(.malformedAnswer, "\(address) \(why)", hint: hint).about(address, request)
    }
    var hint = ""
    if isAdvertised(address) {
      hint = advertisedHint(address)
    } else if why == Connection.refused {
      let server = nameServers.contains(address) ? "a name server" : "a broker"
      hint = "is mq serve or \(server) running there?"
    }
    return ClientError(.unreachable, "\(address) \(why)", hint: hint).about(address, request)
  }

  private func timedOut(_ address: String, _ request: RequestCode) -> ClientError {
    let isOpen = connections[address]?.state == .open
    let what = isOpen ? "did not answer" : "did not accept the connection"
    let hint = isOpen || !isAdvertised(address) ? "--timeout gives it more time" : advertisedHint(address)
    let waitedMs = hung[address] ?? timeoutMs
    return ClientError(.timeout, "\(address) \(what) within \(waitedMs) ms", hint: hint)
      .about(address, request)
  }

  /// Whether only a name server says that somebody is there.
  private func isAdvertised(_ address: String) -> Bool {
    advertised.contains(address) && !nameServers.contains(address)
  }

  /// A broker in a container or behind a gateway registers an address that others cannot use.
  private func advertisedHint(_ address: String) -> String {
    "\(nameServerAddress) gives this address: if the broker runs, set the one that clients reach as "
      + "brokerIP1 in its configuration, or with mq serve --advertise"
  }

  private func unknownHostHint(_ address: String) -> String {
    isAdvertised(address) ? advertisedHint(address) : "check the name, or use an address"
  }
}

/// "host:port" and "[v6]:port".
package enum Address {
  /// nil when it has no port.
  package static func split(_ text: String) -> (host: String, port: UInt16)? {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return host.isEmpty ? nil : (String(host), port)
  }
}
