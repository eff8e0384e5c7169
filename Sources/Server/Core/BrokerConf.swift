// An Apache broker.conf: Java properties text, read into this server's options
// and printed from them (code 26).
//
// Each setting that has a meaning here is a row. Settings that Apache knows and this server does not follow,
// and unknown ones, become warnings; a value that cannot be followed is an error with its line.

import Linux
import Store
import Wire

/// Why a broker.conf was refused.
package struct BrokerConfError: Error, Equatable, CustomStringConvertible {
  /// 1 is the first line; 0 when the file could not be read.
  package let line: Int
  package let message: String
  package var description: String { line == 0 ? message : "line \(line): \(message)" }
}

/// Settings of a broker.conf, taken over in their order: a later one wins.
package enum BrokerConf {
  /// Reads a file into `options`; returns warnings, one line each. Nothing is changed on an error.
  package static func read(
    _ path: String, into options: inout ServerOptions
  ) throws(BrokerConfError) -> [String] {
    let bytes: [UInt8]
    do {
      bytes = try FileSystem.readWhole(path, bytesMax: ServerLimits.brokerConfBytesMax)
    } catch {
      throw BrokerConfError(line: 0, message: "\(path): \(error)")
    }
    return try apply(String(decoding: bytes, as: UTF8.self), to: &options)
  }

  /// As `read`, of the text itself.
  package static func apply(
    _ text: String, to options: inout ServerOptions
  ) throws(BrokerConfError) -> [String] {
    var result = options
    var warnings: [String] = []
    let known = ignored
    let entries = PropertiesText.entries(text)
    for entry in entries where entry.key != logPathKey {
      if let row = rows.first(where: { $0.key == entry.key }) {
        if let complaint = row.set(&result, entry.value) {
          throw BrokerConfError(line: entry.line, message: "\(entry.key)=\(entry.value): \(complaint)")
        }
        if let note = row.note?(entry.value) { warnings.append("line \(entry.line): \(note)") }
      } else if known.contains(entry.key) {
        warnings.append("line \(entry.line): \(entry.key) has no effect on this server")
      } else {
        warnings.append("line \(entry.line): \(entry.key) is not known")
      }
    }
    // A log elsewhere would not be found, and the server would start with an empty one.
    if let entry = entries.last(where: { $0.key == logPathKey }),
      entry.value != result.store.root + "/commitlog"
    {
      throw BrokerConfError(
        line: entry.line, message: "\(logPathKey) must be \(result.store.root)/commitlog")
    }
    options = result
    return warnings
  }

  private static let logPathKey = "storePathCommitLog"

  /// What code 26 prints, sorted by key.
  static func lines(of options: ServerOptions, address: String) -> [(key: String, value: String)] {
    let host = address.lastIndex(of: ":").map { String(address[..<$0]) } ?? address
    var lines = rows.map { (key: $0.key, value: $0.get(options)) }
    lines += [
      ("brokerIP1", host), ("brokerIP2", host),
      ("haListenPort", "\(Int(options.brokerPort) + 1)"),
      ("namesrvAddr", "\(host):\(options.nameServerPort)"),
      ("notifyConsumerIdsChangedEnable", "true"), (logPathKey, options.store.root + "/commitlog"),
      // What tools ask for, and is so here.
      ("slaveReadEnable", "false"), ("useTLS", "false"),
    ]
    var seen: Set<String> = []
    // A later line is the effective value, an earlier one only what was asked for.
    return lines.reversed().filter { seen.insert($0.key).inserted }.arranged { $0.key < $1.key }
  }

  /// The value that a setting has without a file, for the manual; empty when there is none.
  static func defaultText(_ key: String, _ options: ServerOptions) -> String {
    rows.first { $0.key == key }?.get(options) ?? ""
  }

  /// Every setting that is followed.
  static var followedKeys: [String] { rows.map(\.key) + [logPathKey] }

  // MARK: rows

  /// One setting.
  struct Row {
    let key: String
    let get: (ServerOptions) -> String
    /// Sets the value, or says why not.
    let set: (inout ServerOptions, String) -> String?
    /// A warning that a good value deserves.
    var note: ((String) -> String?)?
  }

  private static func text(_ key: String, _ path: WritableKeyPath<ServerOptions, String>) -> Row {
    Row(key: key, get: { $0[keyPath: path] }) { options, value in
      if value.isEmpty { return "must not be empty" }
      options[keyPath: path] = value
      return nil
    }
  }

  private static func name(_ key: String, _ path: WritableKeyPath<ServerOptions, String>) -> Row {
    Row(key: key, get: { $0[keyPath: path] }) { options, value in
      if let complaint = TopicName.complaint(topic: value) { return complaint }
      options[keyPath: path] = value
      return nil
    }
  }

  private static func flag(_ key: String, _ path: WritableKeyPath<ServerOptions, Bool>) -> Row {
    Row(key: key, get: { "\($0[keyPath: path])" }) { options, value in
      switch value.lowercased() {
      case "true": options[keyPath: path] = true
      case "false": options[keyPath: path] = false
      default: return "must be true or false"
      }
      return nil
    }
  }

  private static func number<T: FixedWidthInteger>(
    _ key: String, _ path: WritableKeyPath<ServerOptions, T>, _ range: ClosedRange<T>
  ) -> Row {
    Row(key: key, get: { "\($0[keyPath: path])" }) { options, value in
      guard let number = T(value), range.contains(number) else {
        return "must be a number from \(range.lowerBound) to \(range.upperBound)"
      }
      options[keyPath: path] = number
      return nil
    }
  }

  private static func percent(_ key: String, _ path: WritableKeyPath<ServerOptions, Double>) -> Row {
    Row(key: key, get: { "\(Int(($0[keyPath: path] * 100).rounded()))" }) { options, value in
      guard let percent = Int(value), (1...100).contains(percent) else {
        return "must be a percentage from 1 to 100"
      }
      options[keyPath: path] = Double(percent) / 100
      return nil
    }
  }

  static var rows: [Row] { startRows + liveRows + nameServerRows }

  /// Settings that are read at the start only.
  private static var startRows: [Row] {
    [
      name("brokerClusterName", \.clusterName), name("brokerName", \.brokerName),
      Row(key: "brokerId", get: { "\($0.brokerId)" }) { _, value in
        if Int64(value) == nil { return "must be a number" }
        return value == "0" ? nil : "only a master (0) can run: replication is not in this version"
      },
      role,
      number("listenPort", \.brokerPort, 3...65_535), text("bindAddress", \.listen),
      Row(key: "brokerIP1", get: { $0.advertise ?? "" }) { options, value in
        if value.isEmpty { return "must not be empty" }
        options.advertise = value
        return nil
      },
      text("storePathRootDir", \.store.root), flushMode,
      number("flushIntervalCommitLog", \.store.flushIntervalMs, 1...600_000),
      number("mappedFileSizeCommitLog", \.store.segmentBytes, 65_536...Int(Int32.max)),
      flag("traceTopicEnable", \.traceTopic), name("msgTraceTopicName", \.traceTopicName),
      flag("enableCompaction", \.compaction),
      flag("enableLmq", \.store.lightQueues), flag("enableMultiDispatch", \.store.lightDispatch),
      number("maxLmqConsumeQueueNum", \.store.lightQueuesMax, 1...1_000_000),
      delayLevels, flag("timerWheelEnable", \.timerWheelEnable),
      number("timerPrecisionMs", \.store.timers.precisionMs, 1...60_000),
      number("timerRollWindowSlot", \.store.timers.rollWindowSlots, 2...604_740),
      number("timerCongestNumEachSlot", \.timersPerSlotMax, 0...2_147_483_647),
    ]
  }

  /// Settings of the broker that also change while it runs (code 25).
  static var liveRows: [Row] {
    [
      hours,
      number("fileReservedTime", \.store.fileReservedHours, 1...1_000_000),
      number("maxMessageSize", \.store.messageBytesMax, 1024...(16 << 20)),
      percent("diskMaxUsedSpaceRatio", \.store.diskMaxUsedRatio),
      percent("diskSpaceCleanForciblyRatio", \.store.diskCleanForciblyRatio),
      percent("diskSpaceWarningLevelRatio", \.store.diskWarningRatio),
      flag("autoCreateTopicEnable", \.autoCreateTopic),
      flag("autoCreateSubscriptionGroup", \.autoCreateGroup),
      number("defaultTopicQueueNums", \.defaultTopicQueues, 1...ServerLimits.queuesPerTopicMax),
      number("brokerPermission", \.brokerPermission, 0...7), flag("longPollingEnable", \.longPolling),
      flag("enablePropertyFilter", \.propertyFilter),
      flag("coldDataFlowControlEnable", \.coldFlowControl),
      number("cgColdReadThreshold", \.coldGroupBytes, 1...Int64(1 << 40)),
      number("globalColdReadThreshold", \.coldGlobalBytes, 1...Int64(1 << 40)),
      flag("enableRetryTopicV2", \.popRetryTopicV2),
      number("popFromRetryProbability", \.popFromRetryPercent, 0...100),
      text("regionId", \.region), flag("traceOn", \.traceOn),
      number("timerMaxDelaySec", \.timerMaxDelaySeconds, 1...315_360_000),
      flag("recallMessageEnable", \.recallEnable),
      flag("allowRecallWhenBrokerNotWriteable", \.recallWhenNotWriteable),
      number("transactionTimeOut", \.transactionTimeoutMs, 0...86_400_000),
      number("transactionCheckInterval", \.transactionCheckIntervalMs, 1...86_400_000),
      number("transactionCheckMax", \.transactionCheckMax, 1...1_000_000),
      flag("rejectTransactionMessage", \.rejectTransactions),
      flag("storeReplyMessageEnable", \.storeReplies),
      flag("useServerSideResetOffset", \.serverSideReset),
      number("priorityHoldMillis", \.priorityHoldMs, 0...ServerLimits.priorityHoldMsMax),
    ]
  }

  /// Settings of the name server, which change while it runs (code 318).
  static var nameServerRows: [Row] {
    [
      flag("orderMessageEnable", \.orderMessages),
      flag("returnOrderTopicConfigToBroker", \.orderTopicsToBrokers),
    ]
  }

  private static var role: Row {
    Row(
      key: "brokerRole", get: { _ in "ASYNC_MASTER" },
      set: { _, value in
        switch value {
        case "ASYNC_MASTER", "SYNC_MASTER": nil
        case "SLAVE": "replication is not in this version; only a master can run"
        default: "must be ASYNC_MASTER or SYNC_MASTER"
        }
      },
      note: { $0 == "SYNC_MASTER" ? "brokerRole=SYNC_MASTER acts as ASYNC_MASTER: there are no slaves" : nil }
    )
  }

  private static var flushMode: Row {
    Row(key: "flushDiskType", get: { $0.store.flushSync ? "SYNC_FLUSH" : "ASYNC_FLUSH" }) { options, value in
      switch value {
      case "SYNC_FLUSH": options.store.flushSync = true
      case "ASYNC_FLUSH": options.store.flushSync = false
      default: return "must be ASYNC_FLUSH or SYNC_FLUSH"
      }
      return nil
    }
  }

  /// "04;16": hours of the day at which old segments are deleted.
  private static var hours: Row {
    Row(
      key: "deleteWhen",
      get: { $0.store.deleteWhen.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ";") },
      set: { options, value in
        let hours = value.split(separator: ";").map { Int($0) ?? -1 }
        if hours.isEmpty || hours.contains(where: { !(0...23).contains($0) }) {
          return "must be hours from 00 to 23, separated by semicolons"
        }
        options.store.deleteWhen = hours
        return nil
      })
  }

  private static var delayLevels: Row {
    Row(key: "messageDelayLevel", get: { $0.delayLevels }) { options, value in
      let levels = value.split(separator: " ")
      let isGood = levels.allSatisfy { level in
        guard let unit = level.last, "smhd".contains(unit), let count = Int64(level.dropLast()) else {
          return false
        }
        return (1...1_000_000).contains(count)
      }
      if levels.isEmpty || levels.count > ServerLimits.delayLevelsMax || !isGood {
        return "must be up to \(ServerLimits.delayLevelsMax) times like 1s, 5m, 2h or 1d, separated by blanks"
      }
      options.delayLevels = value
      return nil
    }
  }
}

/// Java's properties text: comments, `key=value`, continued lines, escapes.
enum PropertiesText {
  struct Entry: Equatable {
    let line: Int
    let key: String
    let value: String
  }

  static func entries(_ text: String) -> [Entry] {
    var entries: [Entry] = []
    var pending = ""
    var start = 0
    for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
    {
      let line = raw.drop { $0 == " " || $0 == "\t" || $0 == "\u{C}" }
      if pending.isEmpty {
        if line.isEmpty || line.hasPrefix("#") || line.hasPrefix("!") { continue }
        start = index + 1
      }
      pending += line
      // An odd number of backslashes at the end continues the line.
      let slashes = pending.reversed().prefix { $0 == "\\" }.count
      if slashes % 2 == 1 {
        pending.removeLast()
        continue
      }
      entries.append(entry(pending, line: start))
      pending = ""
    }
    if !pending.isEmpty { entries.append(entry(pending, line: start)) }
    return entries
  }

  /// The key ends at the first `=`, `:` or blank that is not escaped.
  private static func entry(_ line: String, line number: Int) -> Entry {
    var key = ""
    var rest = Substring(line)
    while let next = rest.first, next != "=", next != ":", next != " ", next != "\t" {
      key.append(rest.removeFirst())
      if next == "\\", let escaped = rest.first {
        key.append(escaped)
        rest.removeFirst()
      }
    }
    rest = rest.drop { $0 == " " || $0 == "\t" }
    if rest.first == "=" || rest.first == ":" { rest.removeFirst() }
    rest = rest.drop { $0 == " " || $0 == "\t" }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return Entry(line: number, key: unescape(key), value: unescape(String(rest)))
  }

  private static func unescape(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let next = rest.popFirst() {
      guard next == "\\", let escaped = rest.popFirst() else {
        result.append(next)
        continue
      }
      switch escaped {
      case "n": result.append("\n")
      case "t": result.append("\t")
      case "r": result.append("\r")
      case "u":
        let digits = rest.prefix(4)
        if digits.count == 4, let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) {
          result.unicodeScalars.append(scalar)
          rest = rest.dropFirst(4)
        } else {
          result.append("u")
        }
      default: result.append(escaped)
      }
    }
    return result
  }
}
