// `mq namesrv kv`: the key-value settings of name servers, which hold the same in each (codes 100, 101,
// 102, 219).

import Client
import Wire

enum NameServerValues {
  static let rows = [list, get, set, delete]

  private static let namespace = Argument("NAMESPACE", "for example ORDER_TOPIC_CONFIG")
  private static let key = Argument("KEY", "name of the value; a topic in ORDER_TOPIC_CONFIG")

  private static let list = Command(
    ["namesrv", "kv", "list"], summary: "List the values of a namespace",
    details: """
      Every name server is asked. A value that not all of them have is shown with those that have it.
      """,
    arguments: [namespace], shared: .query,
    examples: [
      Example("mq namesrv kv list ORDER_TOPIC_CONFIG", "ordered topics with their brokers"),
      Example("mq namesrv kv list ORDER_TOPIC_CONFIG -o json", "for a script"),
    ]
  ) { invocation throws(Failure) in
    let namespace = invocation.required("NAMESPACE")
    try print(
      Request(.getKVListByNamespace, [("namespace", namespace)]), &invocation,
      missing: "namespace \(namespace)"
    ) { response throws(ClientError) in
      KVTable(try response.json(from: ""))?.entries ?? []
    }
  }

  private static let get = Command(
    ["namesrv", "kv", "get"], summary: "Show one value", details: "Every name server is asked.",
    arguments: [namespace, key], shared: .query,
    examples: [
      Example("mq namesrv kv get ORDER_TOPIC_CONFIG Orders", "where an ordered topic's queues are"),
      Example("mq namesrv kv get ORDER_TOPIC_CONFIG Orders -o csv --no-headers", "for a script"),
    ]
  ) { invocation throws(Failure) in
    let key = invocation.required("KEY")
    let fields: [(name: String, value: String)] = [
      ("namespace", invocation.required("NAMESPACE")), ("key", key),
    ]
    try print(Request(.getKVConfig, fields), &invocation, missing: "key \(key)") { response in
      response["value"].map { [(key, $0)] } ?? []
    }
  }

  private static let set = Command(
    ["namesrv", "kv", "set"], summary: "Set a value in every name server",
    impact: .writes,
    arguments: [namespace, key, Argument("VALUE", "the new value")], shared: .change,
    examples: [
      Example("mq namesrv kv set ORDER_TOPIC_CONFIG Orders 'broker-a:4;broker-b:4'", "order of a topic"),
      Example("mq namesrv kv set MY_NAMESPACE color blue --dry-run", "what would be sent to whom"),
    ],
    replaces: ["updateKvConfig"]
  ) { invocation throws(Failure) in
    try change(&invocation, code: .putKVConfig, value: invocation.required("VALUE"))
  }

  private static let delete = Command(
    ["namesrv", "kv", "delete"], summary: "Delete a value in every name server",
    impact: .destroys, arguments: [namespace, key], shared: [.change, .confirmation],
    examples: [
      Example("mq namesrv kv delete MY_NAMESPACE color", "after asking"),
      Example("mq namesrv kv delete MY_NAMESPACE color --yes", "for scripts"),
    ],
    replaces: ["deleteKvConfig"]
  ) { invocation throws(Failure) in
    try change(&invocation, code: .deleteKVConfig, value: nil)
  }

  // MARK: asking

  /// Asks every name server and prints who has what.
  private static func print(
    _ request: Request, _ invocation: inout Invocation, missing: String,
    _ decode: (Response) throws(ClientError) -> [(key: String, value: String)]
  ) throws(Failure) {
    let cluster = try invocation.admin()
    let servers = try invocation.nameServerTargets()
    let results = cluster.callAll(servers.map { ($0.address, request) })
    var problems = Problems()
    var found: [(key: String, value: String, servers: [String])] = []
    for (server, result) in zip(servers, results) {
      let entries = problems.take(server) { () throws(ClientError) -> [(key: String, value: String)] in
        let response = try result.get()
        if response.code == ResponseCode.queryNotFound.rawValue { return [] }
        return try decode(try response.success(from: server.address))
      }
      for entry in entries ?? [] {
        if let index = found.firstIndex(where: { $0.key == entry.key && $0.value == entry.value }) {
          found[index].servers.append(server.address)
        } else {
          found.append((entry.key, entry.value, [server.address]))
        }
      }
    }
    let asked = servers.count - problems.count
    if found.isEmpty && asked > 0 {
      throw Failure(
        .notFound, "no name server has \(missing)", hint: "name servers forget what was never set")
    }
    let differs = found.contains { $0.servers.count < asked }
    var table = Table([
      Column("KEY", key: "key"), Column("VALUE", key: "value"),
      Column("NAME SERVERS", key: "nameServers", wide: !differs),
    ])
    for entry in found.arranged(by: { ($0.key, $0.value) < ($1.key, $1.value) }) {
      table.add(.text(entry.key), .text(entry.value), .list(entry.servers))
    }
    if differs { invocation.warn("the name servers do not hold the same") }
    if asked > 0 { invocation.print(table) }
    try problems.finish(of: servers.count, "name servers")
  }

  // MARK: changing

  /// Shows what each has, and sets or (without a value) deletes it.
  private static func change(
    _ invocation: inout Invocation, code: RequestCode, value: String?
  ) throws(Failure) {
    let name = (invocation.required("NAMESPACE"), invocation.required("KEY"))
    let fields: [(name: String, value: String)] = [("namespace", name.0), ("key", name.1)]
    let cluster = try invocation.admin()
    let servers = try invocation.nameServerTargets()
    let results = cluster.callAll(servers.map { ($0.address, Request(.getKVConfig, fields)) })
    var diff = Table([
      Column("NAME SERVER", key: "nameServer"), Column("BEFORE", key: "before"),
      Column("AFTER", key: "after"),
    ])
    diff.emptyText = "nothing changes"
    var plan = Plan()
    for (server, result) in zip(servers, results) {
      let response = try attempt { () throws(ClientError) in try result.get() }
      let isMissing = response.code == ResponseCode.queryNotFound.rawValue
      if !isMissing {
        _ = try attempt { () throws(ClientError) in try response.success(from: server.address) }
      }
      let before = isMissing ? nil : response["value"]
      if before == value { continue }
      diff.add(.text(server.address), .text(before), .text(value))
      plan.add(
        server, Request(code, fields + (value.map { [(name: "value", value: $0)] } ?? [])),
        result: value == nil ? "deleted" : "set")
    }
    if plan.steps.isEmpty && value == nil {
      throw Failure(
        .notFound, "no name server has \(name.1) in \(name.0)",
        hint: "mq namesrv kv list \(name.0) shows what there is")
    }
    let isForPeople = invocation.output.isForPeople
    if plan.steps.isEmpty || isForPeople { invocation.print(diff) }
    if plan.steps.isEmpty { return }
    invocation.say("")
    if value == nil && !invocation.isDryRun {
      try invocation.confirm(
        "\(name.1) of \(name.0) will be deleted in \(plan.steps.count) name server(s).")
      cluster.shareDeadline()
    }
    try plan.run(&invocation)
  }
}
