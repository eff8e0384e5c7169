// The name server's KV configuration: namespace → key → value, kept in a file (Apache KVConfigManager).

import Linux
import Store
import Wire

/// KV configuration; `config/kvConfig.json` under the store's root has Apache's form
/// `{"configTable":{"<namespace>":{"<key>":"<value>"}}}`.
/// Read at first use, written on each change, which is rare. Loop thread only.
final class KeyValues {
  /// Namespace of ordered topics: brokers and routes carry it.
  static let orderNamespace = "ORDER_TOPIC_CONFIG"

  private var table: [String: [String: String]] = [:]
  private var isLoaded = false

  func value(_ node: Node, _ namespace: String, _ key: String) -> String? {
    load(node)
    return table[namespace]?[key]
  }

  /// Entries of a namespace, sorted by key; nil when there is none.
  func entries(_ node: Node, _ namespace: String) -> [(key: String, value: String)]? {
    load(node)
    return table[namespace]?.arranged { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Sets a value; false when the table is full or a name too long.
  func put(_ node: Node, _ namespace: String, _ key: String, _ value: String) -> Bool {
    load(node)
    let count = table.values.reduce(0) { $0 + $1.count }
    let isNew = table[namespace]?[key] == nil
    if isNew && count >= ServerLimits.keyValuesMax { return false }
    if max(namespace.utf8.count, key.utf8.count) > ServerLimits.nameBytesMax { return false }
    table[namespace, default: [:]][key] = value
    save(node)
    return true
  }

  func delete(_ node: Node, _ namespace: String, _ key: String) {
    load(node)
    if table[namespace]?.removeValue(forKey: key) == nil { return }
    save(node)
  }

  // MARK: file

  private func path(_ node: Node) -> String { node.store.options.root + "/config/kvConfig.json" }

  private func load(_ node: Node) {
    if isLoaded { return }
    isLoaded = true
    let path = path(node)
    guard FileSystem.exists(path) else { return }
    do {
      let json = try JSON.parse(try FileSystem.readWhole(path, bytesMax: ServerLimits.keyValueFileBytesMax))
      for namespace in json["configTable"]?.members ?? [] {
        guard let name = namespace.key.string else { continue }
        var entries: [String: String] = [:]
        for member in namespace.value.members ?? [] {
          if let key = member.key.string, let value = member.value.string { entries[key] = value }
        }
        table[name] = entries
      }
    } catch {
      // The next change writes a new file and keeps this one as kvConfig.json.bak.
      node.log.error("\(path) cannot be read: \(error)")
    }
  }

  private func save(_ node: Node) {
    let namespaces = table.arranged { $0.key < $1.key }.map { namespace in
      JSON.Member(
        namespace.key,
        .object(namespace.value.arranged { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }))
    }
    let json = JSON.object([.init("configTable", .object(namespaces))])
    do {
      try FileSystem.makeDirectories(node.store.options.root + "/config")
      try FileSystem.replace(path(node), with: json.bytes(.compact), backup: true)
    } catch {
      node.log.error("\(path(node)) cannot be written: \(error)")
    }
  }
}
