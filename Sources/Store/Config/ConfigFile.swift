// The JSON files of `config/`: which there are, and how they are read (Apache ConfigManager: when the main
// file is missing, empty or unreadable, its .bak counts).

import Linux
import Wire

enum ConfigFile: String, CaseIterable, Sendable {
  case topics, subscriptionGroup, consumerOffset, delayOffset, consumerOrderInfo, messageRequestMode
  case topicQueueMapping
  /// Apache's names have no ending for these two; the second holds binary numbers.
  case timermetrics, timercheck

  /// What must be readable when a store is opened.
  static let json: [ConfigFile] = [
    .topics, .subscriptionGroup, .consumerOffset, .delayOffset, .consumerOrderInfo, .messageRequestMode,
    .topicQueueMapping,
  ]

  /// Whether the file says how far messages were consumed: it must not reach the disk before they do.
  var isProgress: Bool {
    switch self {
    case .topics, .subscriptionGroup, .messageRequestMode, .timermetrics, .topicQueueMapping: false
    case .consumerOffset, .consumerOrderInfo, .delayOffset, .timercheck: true
    }
  }

  /// Whether answers to changes wait until the file is on disk.
  var isPromised: Bool {
    switch self {
    case .topics, .subscriptionGroup, .messageRequestMode, .topicQueueMapping: true
    case .consumerOffset, .consumerOrderInfo, .delayOffset, .timermetrics, .timercheck: false
    }
  }

  func path(_ paths: StorePaths) -> String {
    "\(paths.config)/\(rawValue)\(Self.json.contains(self) ? ".json" : "")"
  }

  /// Members of the file; empty when neither it nor its backup has content.
  func load(_ paths: StorePaths, notices: inout [String]) throws(StoreOpenError) -> ConfigDocument {
    let path = path(paths)
    var isDamaged = false
    for candidate in [path, "\(path).bak"] {
      guard FileSystem.exists(candidate) else { continue }
      let bytes: [UInt8]
      do throws(Errno) {
        bytes = try FileSystem.readWhole(candidate, bytesMax: Limits.configBytesMax)
      } catch {
        throw .io(error, "read", candidate)
      }
      if bytes.isEmpty { continue }
      if let members = (try? JSON.parse(bytes))?.members {
        if candidate != path { notices.append("\(path) cannot be used; its backup \(candidate) was read") }
        return ConfigDocument(members: members)
      }
      isDamaged = true
    }
    if isDamaged {
      throw StoreOpenError(
        reason: .badConfigFile, message: "\(path) and its backup hold no JSON object",
        hint: "restore the file from a copy, or remove both files to start without them")
    }
    return ConfigDocument(members: [])
  }
}

/// The top level of a config file: members that we do not know stay where they are.
struct ConfigDocument {
  private(set) var members: [JSON.Member]

  subscript(_ name: String) -> JSON? {
    get { members.first { $0.key == .string(name) }?.value }
    set {
      guard let newValue else { return }
      if let index = members.firstIndex(where: { $0.key == .string(name) }) {
        members[index].value = newValue
      } else {
        members.append(JSON.Member(name, newValue))
      }
    }
  }

  var json: JSON { .object(members) }
}
