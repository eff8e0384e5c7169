// Which queues `mq consume` reads and from where: all of them without a group; with one, this member's share.

import Client
import Linux
import Wire

extension ConsumeLoop {
  typealias Place = (queue: MessageQueue, address: String)

  // MARK: Without a group

  /// Opens every queue that the plan names.
  func openQueues() throws(Failure) {
    let route = try attempt { () throws(ClientError) in try cluster.route(plan.topic) }
    var places = places(route, plan.topic)
    if let name = plan.broker { places.removeAll { $0.queue.broker != name && $0.address != name } }
    if let id = plan.queueId { places.removeAll { $0.queue.queueId != id } }
    if places.isEmpty {
      throw Failure(
        .notFound, "topic \(plan.topic) has no such queue that can be read",
        hint: "mq topic describe \(plan.topic) shows its queues")
    }
    try open(places) { _ in self.plan.start }
  }

  private func places(_ route: TopicRoute, _ topic: String) -> [Place] {
    route.readQueues(of: topic).compactMap { queue in
      route.address(ofBroker: queue.broker).map { (queue: queue, address: $0) }
    }
  }

  /// Adds feeds at their start positions. An empty queue of a plan that does not follow is done from the
  /// start.
  private func open(_ places: [Place], _ start: (Place) -> StartPosition) throws(Failure) {
    var calls: [(address: String, request: Request)] = []
    for place in places {
      calls.append((place.address, Cluster.minOffsetRequest(place.queue)))
      calls.append((place.address, Cluster.maxOffsetRequest(place.queue)))
      if case .time(let timeMs) = start(place) {
        calls.append((place.address, Cluster.searchOffsetRequest(place.queue, storedMs: timeMs)))
      }
      if let untilMs = plan.untilMs {
        calls.append((place.address, Cluster.searchOffsetRequest(place.queue, storedMs: untilMs + 1)))
      }
    }
    let answers = cluster.callAll(calls)
    var next = 0
    func offset() throws(Failure) -> Int64 {
      defer { next += 1 }
      let (address, result) = (calls[next].address, answers[next])
      return try attempt { () throws(ClientError) in try Cluster.offset(try result.get(), from: address) }
    }
    for place in places {
      let first = try offset()
      var end = try offset()
      let from: Int64
      switch start(place) {
      case .earliest: from = first
      case .latest: from = end
      case .time: from = try offset()
      case .offset(let offset): from = offset
      case .last(let count): from = end - count
      }
      // The offset found may be that of the last message that is wanted.
      if plan.untilMs != nil { end = min(end, try offset() + 1) }
      let start = max(first, min(from, end))
      feeds[place.queue] = QueueFeed(
        place.queue, at: place.address, from: start, to: plan.follows ? nil : end, awaitsBacklog: start < end)
    }
  }

  // MARK: With a group

  /// Heartbeats, divisions of the queues and commits, when they are due.
  func doChores() throws(Failure) {
    guard let member else { return }
    let nowMs = Clock.monotonicMs()
    if nowMs >= nextHeartbeatMs {
      nextHeartbeatMs = nowMs + Limits.heartbeatMs
      try beat(member)
    }
    if nowMs >= nextRebalanceMs {
      nextRebalanceMs = nowMs + Limits.rebalanceMs
      try keepingOn { () throws(Failure) in try rebalance(member) }
      if nextCommitMs == .max { nextCommitMs = nowMs + Limits.commitMs }
    }
    if nowMs >= nextLockMs {
      nextLockMs = nowMs + Limits.lockMs
      try keepingOn { () throws(Failure) in try renewLocks(member) }
    }
    if nowMs >= nextCommitMs {
      nextCommitMs = nowMs + Limits.commitMs
      commit(Array(feeds.values))
    }
  }

  /// When following, a failed chore is told and tried again at its next turn.
  private func keepingOn(_ chore: () throws(Failure) -> Void) throws(Failure) {
    do throws(Failure) { try chore() } catch {
      if !plan.follows || !hasQueues { throw error }
      warnOnce(error.message + "; trying again")
    }
  }

  /// Heartbeats travel on the connections of the pulls, for there the broker tells of changes in the group.
  private func beat(_ member: GroupMember) throws(Failure) {
    try keepingOn { () throws(Failure) in
      let route = try attempt { () throws(ClientError) in try cluster.route(plan.topic) }
      for address in Set(route.brokers.compactMap(\.master)) {
        if let link = try link(address) { send(member.heartbeat, on: link, .heartbeat) }
      }
    }
  }

  private func rebalance(_ member: GroupMember) throws(Failure) {
    var mine: [MessageQueue: String] = [:]
    for topic in member.topics {
      let route: TopicRoute
      do throws(ClientError) { route = try cluster.route(topic) } catch {
        // The retry topic comes into being with the group, if the broker makes it at all.
        if topic != plan.topic && error.kind == .notFound { continue }
        throw Failure(error)
      }
      let places = places(route, topic)
      guard let address = places.first?.address else { continue }
      var share = Set(places.map(\.queue))
      if !member.isBroadcast {
        let ids = try attempt { () throws(ClientError) in
          try cluster.consumerIds(member.group, at: address)
        }
        share = Set(GroupMember.share(of: member.clientId, in: ids, places.map(\.queue)))
      }
      for place in places where share.contains(place.queue) { mine[place.queue] = place.address }
    }
    let lost = feeds.values.filter { mine[$0.queue] == nil }
    commit(lost)
    for feed in lost { feeds[feed.queue] = nil }
    if plan.isOrdered { unlock(lost, member) }
    var new: [Place] = mine.filter { feeds[$0.key] == nil }.map { (queue: $0.key, address: $0.value) }
    let wanted = new.count
    if plan.isOrdered { new = try lock(new, member) }
    try openShared(new, member)
    // A queue that another member still holds is asked for again soon.
    if new.count < wanted {
      warnOnce("another member holds \(wanted - new.count) of the queues; waiting for it")
      nextRebalanceMs = Clock.monotonicMs() + Limits.retryMs
    }
    hasQueues = hasQueues || new.count == wanted
    if plan.isOrdered && nextLockMs == .max { nextLockMs = Clock.monotonicMs() + Limits.lockMs }
  }

  // MARK: Locks of an ordered member

  /// The places whose locks were granted.
  private func lock(_ places: [Place], _ member: GroupMember) throws(Failure) -> [Place] {
    var granted: [Place] = []
    for address in Set(places.map(\.address)).sorted() {
      let own = places.filter { $0.address == address }
      let locked = try attempt { () throws(ClientError) in
        try cluster.lock(own.map(\.queue), group: member.group, clientId: member.clientId, at: address)
      }
      granted += own.filter { locked.contains($0.queue) }
    }
    return granted
  }

  /// Renews the locks; a queue whose lock went to another member is no longer read.
  private func renewLocks(_ member: GroupMember) throws(Failure) {
    let held = feeds.values.map { (queue: $0.queue, address: $0.address) }
    let granted = Set(try lock(held, member).map(\.queue))
    for place in held where !granted.contains(place.queue) {
      warnOnce("lost the lock of \(place.queue.topic) \(place.queue.broker)/\(place.queue.queueId)")
      feeds[place.queue] = nil
      nextRebalanceMs = Clock.monotonicMs() + Limits.retryMs
    }
  }

  private func unlock(_ feeds: [QueueFeed], _ member: GroupMember) {
    for address in Set(feeds.map(\.address)).sorted() {
      let queues = feeds.filter { $0.address == address }.map(\.queue)
      do throws(ClientError) {
        try cluster.unlock(queues, group: member.group, clientId: member.clientId, at: address)
      } catch { warnOnce("a lock was not given back: \(error.message)") }
    }
  }

  /// Opens queues where the group stopped; those it never read, where the plan says.
  private func openShared(_ places: [Place], _ member: GroupMember) throws(Failure) {
    if let localOffsets {
      try open(places) { place in localOffsets[place.queue].map { .offset($0) } ?? self.plan.start }
      return
    }
    let calls = places.map { place in
      var request = Cluster.committedOffsetRequest(member.group, place.queue)
      // Else a broker answers 0 for a short queue that the group never read, and --from would not count.
      request.fields.append(("setZeroIfNotFound", "false"))
      return (address: place.address, request: request)
    }
    var committed: [MessageQueue: Int64] = [:]
    for (place, result) in zip(places, cluster.callAll(calls)) {
      let response = try attempt { () throws(ClientError) in try result.get() }
      if response.code == ResponseCode.queryNotFound.rawValue { continue }
      committed[place.queue] = try attempt { () throws(ClientError) in
        try Cluster.offset(response, from: place.address)
      }
    }
    try open(places) { place in
      if let offset = committed[place.queue] { return .offset(offset) }
      return place.queue.topic == self.plan.topic ? self.plan.start : .earliest
    }
    // What the broker does not know yet is committed even when nothing was printed.
    for place in places where committed[place.queue] == nil { feeds[place.queue]?.committedOffset = -1 }
  }

  /// Stores how far the queues were printed.
  private func commit(_ feeds: [QueueFeed]) {
    guard let member, plan.commits else { return }
    let changed = feeds.filter { $0.printedOffset != $0.committedOffset }
    if changed.isEmpty { return }
    flushOutput()
    if localOffsets != nil {
      for feed in changed { localOffsets![feed.queue] = feed.printedOffset }
      do throws(Failure) { try localOffsets!.save() } catch { return warnOnce(error.message) }
      for feed in changed { feed.committedOffset = feed.printedOffset }
      return
    }
    let calls = changed.map { feed in
      (address: feed.address, request: Cluster.commitRequest(member.group, feed.queue, feed.printedOffset))
    }
    for (feed, result) in zip(changed, cluster.callAll(calls)) {
      switch result {
      case .success(let response) where response.isSuccess: feed.committedOffset = feed.printedOffset
      case .success(let response): warnOnce("\(feed.address) refused an offset: \(response.remark ?? "")")
      case .failure(let error): warnOnce("an offset was not stored: \(error.message)")
      }
    }
  }

  /// Commits and says farewell, so that others take over at once.
  func leaveGroup() {
    guard let member else { return }
    commit(Array(feeds.values))
    if plan.isOrdered { unlock(Array(feeds.values), member) }
    for address in addresses {
      do throws(ClientError) {
        try cluster.unregister(clientId: member.clientId, group: member.group, at: address)
      } catch { warnOnce("could not leave the group: \(error.message)") }
    }
  }
}
